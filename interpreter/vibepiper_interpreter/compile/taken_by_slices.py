"""Whether a table holds what an interval query gives over all time: then each interval can be taken from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import duckdb

from vibepiper_interpreter.compile.binding import typed_values
from vibepiper_interpreter.compile.build_settings import Intervals
from vibepiper_interpreter.compile.compiled import Column, CompiledAsset, SqlDefinition
from vibepiper_interpreter.compile.fingerprint_code import meaning_in
from vibepiper_interpreter.compile.fingerprints import meaning_of_query
from vibepiper_interpreter.compile.lineage import analyse_query
from vibepiper_interpreter.compile.separable import bounded_once, is_separable, lies_in
from vibepiper_interpreter.compile.slice_bounds import bounds, conjuncts
from vibepiper_interpreter.engines.duckdb.syntax import Node, Syntax, parse_queries, walk
from vibepiper_spec.address import Address

_INSTANT = "TIMESTAMP WITH TIME ZONE"


def holds_all_slices(
    table: CompiledAsset,
    asset: CompiledAsset,
    schemas: Mapping[Address, tuple[Column, ...]],
    connection: duckdb.DuckDBPyConnection,
) -> bool:
    """Whether each interval of `asset` holds just the rows of `table`, made from the same inputs, that lie in it.

    Proof: without its bounds the query is that of the table; with them it gives interval by interval what it gives for
    all of them; and a row lies where the expression that is bounded does.
    """
    settings, definition = asset.settings, asset.definition
    if not isinstance(settings, Intervals) or not isinstance(definition, SqlDefinition):
        return False
    if [(each.name, each.type) for each in table.columns] != [(each.name, each.type) for each in asset.columns]:
        return False
    (syntax,) = parse_queries(connection, [definition.query])
    if not isinstance(syntax, Syntax) or not is_separable(syntax.node, settings):
        return False
    names = [column.name.casefold() for column in asset.columns]
    position = names.index(settings.column.casefold())
    if asset.columns[position].type == _INSTANT and settings.time_zone != "UTC":
        return False  # it is read as another wall time than the bounds are compared with
    if not all(_lies(select, position, len(names), settings) for select in _selects(syntax.node)):
        return False
    node = _unbounded(syntax.node, settings)
    whole = Syntax(definition.query, node, tuple(walk(node)))
    analysis = analyse_query(whole, asset.address.pipeline, schemas, asset.columns, typed_values(definition))
    return meaning_of_query(analysis, asset.order_by).fingerprint == meaning_in(table.fingerprint)


def _selects(query: Node) -> Iterator[Node]:
    """The SELECTs whose rows are added up, of a separable query."""
    if query["type"] == "SET_OPERATION_NODE":
        for child in query["children"]:
            yield from _selects(child)
    else:
        yield query


def _lies(select: Node, position: int, columns: int, settings: Intervals) -> bool:
    items: Sequence[Node] = select["select_list"]
    time = bounded_once(select, settings)
    if time is None or len(items) != columns or any(item["class"] == "STAR" for item in items):
        return False
    return lies_in(items[position], time, settings, select)


def _unbounded(query: Node, settings: Intervals) -> dict[str, Any]:
    """The query without the conjuncts that bound it by `$start` and `$end`."""
    if query["type"] == "SET_OPERATION_NODE":
        return {**query, "children": [_unbounded(child, settings) for child in query["children"]]}
    where = query["where_clause"]
    rest = [each for each in conjuncts(where) if not any(bounds(each, settings))]
    if len(rest) > 1:
        return {**query, "where_clause": {**where, "children": rest}}
    return {**query, "where_clause": rest[0] if rest else None}
