"""The graph of assets and tasks, and of single columns, around one of them: what it comes from, and what it reaches.

Computed on demand: planning needs only which columns an asset uses, and that every compiled asset carries already.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from vibepiper_interpreter.compile.compiled import CompiledAsset, CompiledProject, Input, SqlDefinition
from vibepiper_interpreter.compile.lineage import analyse_query
from vibepiper_interpreter.engines.duckdb.session import SessionSettings, connect, quote
from vibepiper_interpreter.engines.duckdb.syntax import Syntax, parse_queries
from vibepiper_spec.address import Address


@dataclass(frozen=True, slots=True, order=True)
class Node:
    """An asset or a task, or one column of an asset."""

    address: Address
    column: str | None = None

    def __str__(self) -> str:
        if self.column is None:
            return str(self.address)
        plain = "." not in self.column and '"' not in self.column
        return f"{self.address}.{self.column if plain else quote(self.column)}"


@dataclass(frozen=True, slots=True)
class Edge:
    """Data goes from `source` to `target`.

    reads: between assets, or an asset's rows into a task. values: outputs of a task into another one. after: no data
    that we know of, but `target` waits for `source`, which is a task, or is one. projection: the value itself flows.
    influence: it decides which rows there are, or how they are grouped or ordered. unknown: it may do either, because
    the code that reads it cannot be analysed.
    """

    source: Node
    target: Node
    kind: Literal["reads", "values", "after", "projection", "influence", "unknown"]
    # For `reads`: the columns that are used; None: all. For `values`: the outputs.
    columns: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Lineage:
    """All edges that lead to a node, and all that leave from it, each once, nearest first."""

    node: Node
    upstream: tuple[Edge, ...]
    downstream: tuple[Edge, ...]


def asset_lineage(project: CompiledProject, address: Address) -> Lineage:
    """The lineage of an asset or a task as a whole."""
    node = Node(address)
    around = _Around(project)

    def into(target: Node) -> Iterator[Edge]:
        return around.into(target.address)

    def out_of(source: Node) -> Iterator[Edge]:
        for reader in around.readers_of(source.address):
            yield from (edge for edge in into(Node(reader)) if edge.source == source)

    return Lineage(node, _reach(node, into, "source"), _reach(node, out_of, "target"))


class _Around:
    """The edges between assets and tasks. (What a hook or a teardown watches is no edge: nothing comes of it.)"""

    def __init__(self, project: CompiledProject) -> None:
        self._project = project
        self._readers = project.readers()
        self._before: dict[Address, list[Address]] = {}  # of assets, the tasks that they wait for
        self._after: dict[Address, list[Address]] = {}  # of assets and tasks, the tasks that come after them
        for operator in project.operators.values():
            if operator.tests is not None:
                continue  # no rows come from it
            for asset in operator.before:
                self._before.setdefault(asset, []).append(operator.address)
            for other in operator.after:
                self._after.setdefault(other, []).append(operator.address)

    def into(self, address: Address) -> Iterator[Edge]:
        target, operator = Node(address), self._project.operators.get(address)
        if operator is None:
            for read in _reads(self._project.assets[address]):
                yield Edge(Node(read.address), target, "reads", read.columns)
            for task in self._before.get(address, ()):
                yield Edge(Node(task), target, "after")
            return
        items = operator.for_each
        rows: dict[Address, tuple[str, ...] | None] = dict.fromkeys(operator.reads())
        if items is not None and items.asset is not None:
            rows.setdefault(items.asset, items.columns)
        for asset, columns in rows.items():
            yield Edge(Node(asset), target, "reads", columns)
        given: dict[Address, list[str]] = {}
        for value in operator.inputs:
            given.setdefault(value.address, []).append(value.output)
        for task, outputs in given.items():
            yield Edge(Node(task), target, "values", tuple(outputs))
        for other in operator.after:
            if other not in rows and other not in given:
                yield Edge(Node(other), target, "after")

    def readers_of(self, address: Address) -> tuple[Address, ...]:
        """All that an edge leads to from `address`."""
        operator = self._project.operators.get(address)
        first = _readers(self._project, self._readers, address) if operator is None else operator.before
        return (*first, *self._after.get(address, ()))


def column_lineage(project: CompiledProject, address: Address, column: str) -> Lineage:
    """The lineage of one column, through every query on the way."""
    node = Node(address, column)
    readers = project.readers()
    edges = ColumnEdges(project)

    def into(target: Node) -> Iterator[Edge]:
        yield from (edge for edge in edges.of(target.address) if edge.target == target)

    def out_of(source: Node) -> Iterator[Edge]:
        for reader in _readers(project, readers, source.address):
            yield from (edge for edge in edges.of(reader) if edge.source == source)

    return Lineage(node, _reach(node, into, "source"), _reach(node, out_of, "target"))


def _reads(asset: CompiledAsset) -> tuple[Input, ...]:
    """All that it reads: what it is made from, and its own past."""
    return asset.inputs if asset.own is None else (*asset.inputs, asset.own)


def _readers(
    project: CompiledProject, readers: Mapping[Address, tuple[Address, ...]], address: Address
) -> tuple[Address, ...]:
    """All that read an asset, itself among them where it does."""
    found = readers[address]
    return found if project.assets[address].own is None else (*found, address)


def _reach(start: Node, step: Callable[[Node], Iterator[Edge]], end: Literal["source", "target"]) -> tuple[Edge, ...]:
    """Every edge met on a walk from `start`, breadth first, each node left once."""
    found: dict[Edge, None] = {}
    seen = {start}
    waiting = [start]
    for node in waiting:
        for edge in step(node):
            found[edge] = None
            following = edge.source if end == "source" else edge.target
            if following not in seen:
                seen.add(following)
                waiting.append(following)
    return tuple(found)


class ColumnEdges:
    """The column edges into each asset, analysed when first asked for."""

    def __init__(self, project: CompiledProject) -> None:
        self._project = project
        self._schemas = {address: asset.columns for address, asset in project.assets.items()}
        self._connection = connect(SessionSettings(threads=1))
        self._edges: dict[Address, tuple[Edge, ...]] = {}

    def of(self, address: Address) -> tuple[Edge, ...]:
        if address not in self._edges:
            asset = self._project.assets[address]
            definition = asset.definition
            self._edges[address] = tuple(
                self._of_query(asset, definition) if isinstance(definition, SqlDefinition) else self._of_code(asset)
            )
        return self._edges[address]

    def _of_query(self, asset: CompiledAsset, definition: SqlDefinition) -> Iterator[Edge]:
        (syntax,) = parse_queries(self._connection, [definition.query])
        if not isinstance(syntax, Syntax):
            raise ValueError(f"{asset.address} was compiled, but its query does not parse")
        analysis = analyse_query(syntax, asset.address.pipeline, self._schemas, asset.given_columns)
        for lineage in analysis.lineage:
            target = Node(asset.address, lineage.column)
            projected = dict.fromkeys(lineage.projection)
            influences = dict.fromkeys((*lineage.influence, *analysis.influence))
            for source in projected:
                yield Edge(Node(*source), target, "projection")
            # A column can be both: `select a from t where a > 0`.
            for source in influences:
                yield Edge(Node(*source), target, "influence")

    def _of_code(self, asset: CompiledAsset) -> Iterator[Edge]:
        """A function may do anything with what it gets: every column it sees may reach every column it returns."""
        for read in _reads(asset):
            seen = read.columns or tuple(column.name for column in self._schemas[read.address])
            for column in asset.columns:
                for source in seen:
                    yield Edge(Node(read.address, source), Node(asset.address, column.name), "unknown")
