"""What a query uses and what reaches what: columns, influence, and fingerprints of its meaning."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from vibepiper_interpreter.compile.compiled import Column
from vibepiper_interpreter.compile.determinism import is_deterministic, order_dependence
from vibepiper_interpreter.compile.renames import NO_RENAMES, Renames
from vibepiper_interpreter.compile.sql_meaning import (
    Meaning,
    Origin,
    Relation,
    Scope,
    Unanalysable,
    digest,
    literal_digest,
)
from vibepiper_interpreter.compile.sql_queries import Queries
from vibepiper_interpreter.engines.duckdb.errors import SqlProblem
from vibepiper_interpreter.engines.duckdb.syntax import Syntax
from vibepiper_spec.address import Address


@dataclass(frozen=True, slots=True)
class ColumnLineage:
    """Where one output column comes from.

    `projection`: the columns its value is made of. `influence`: the columns that decide which value it is (the
    conditions of a CASE, the partition and order of a window, the filter of a subquery inside it).
    """

    column: str
    projection: tuple[Origin, ...] = ()
    influence: tuple[Origin, ...] = ()


@dataclass(frozen=True, slots=True)
class QueryAnalysis:
    """What is known about a query beyond its columns.

    `used`: for each input the columns that can reach the result, in the input's spelling, sorted. `()` means that
    only its rows count (`count(*)`, `exists`); None that it cannot be told, so all of them.
    `influence`: the columns that decide which rows there are, by filter, join, grouping, order.
    `shape` and `column_fingerprints`: two queries of equal shape differ at most in the columns whose fingerprints
    differ; both are empty where that cannot be told. `fingerprint`: equal for queries of the same meaning whatever
    their formatting, comments and aliases.
    """

    used: Mapping[Address, tuple[str, ...] | None]
    lineage: tuple[ColumnLineage, ...]
    influence: tuple[Origin, ...]
    shape: str
    column_fingerprints: tuple[tuple[str, str], ...]
    fingerprint: str
    deterministic: bool
    # VP313, a warning, where the result depends on the order of rows and nothing fixes it.
    order_dependent: SqlProblem | None


def analyse_query(
    syntax: Syntax,
    pipeline: str,
    schemas: Mapping[Address, tuple[Column, ...]],
    output: tuple[Column, ...],
    parameters: Mapping[str, object] | None = None,
    renames: Renames = NO_RENAMES,
    own_names: Mapping[str, str] | None = None,
) -> QueryAnalysis:
    """Analyse a query that was bound: `schemas` holds the assets it reads, `output` the columns it was found to have.

    `output` is empty where only a run can tell, as it is with an input: the query then means no more than its text.

    `parameters` are the values of its parameters as far as they are part of its meaning; one that is not given may
    have any value. Never fails: what it does not understand reaches everything.

    With `renames` and `own_names` (of its output, by folded name) the hashes are those that the query would have if
    these assets and columns had their new names; everything else speaks of the names that stand in it. A query
    that cannot be analysed has only its text, and is another one under other names.
    """
    inputs = _inputs(syntax, pipeline)
    known = {name.casefold(): repr(value) for name, value in (parameters or {}).items()}
    if not output:
        return _unanalysed(syntax, inputs, schemas, output, known)
    queries = Queries(pipeline, schemas, known, renames)
    try:
        result = queries.query(syntax.node, Scope())
    except (Unanalysable, KeyError):  # KeyError: the tree of some DuckDB to come lacks what we look for
        return _unanalysed(syntax, inputs, schemas, output, known)
    deterministic = is_deterministic(syntax, known) and not queries.expressions.adds_floats
    deterministic = deterministic and not _reads_intervals(inputs, schemas)
    meanings = _per_output_column(result, output)
    if meanings is None or _parameters(syntax) - queries.expressions.met:
        # Or a parameter stands where no expression was looked for: its value is not in any meaning.
        return _unanalysed(syntax, inputs, schemas, output, known)
    called = {column.name: (own_names or {}).get(column.name.casefold(), column.name) for column in output}
    origins = result.influence.union(*(meaning.origins for meaning in meanings))
    listed = bool(result.columns)
    return QueryAnalysis(
        used={address: _columns_of(address, origins) for address in inputs},
        lineage=tuple(
            ColumnLineage(
                column.name, tuple(sorted(meaning.projection)), tuple(sorted(meaning.influence - meaning.projection))
            )
            for column, meaning in zip(output, meanings, strict=True)
        ),
        influence=tuple(sorted(result.influence)),
        shape=result.rows if listed else "",
        column_fingerprints=tuple(
            (called[column.name], digest(column.type, meaning.digest))
            for column, meaning in zip(output, meanings, strict=True)
        )
        if listed
        else (),
        fingerprint=digest(
            "meaning",
            result.rows,
            *(
                digest(called[column.name], column.type, meaning.digest)
                for column, meaning in zip(output, meanings, strict=True)
            ),
        ),
        deterministic=deterministic,
        order_dependent=order_dependence(syntax),
    )


def _per_output_column(result: Relation, output: tuple[Column, ...]) -> list[Meaning] | None:
    """The meaning of each output column; None where our columns are not the binder's."""
    if len(result.columns) == len(output) and all(
        column.name is None or column.name.casefold() == bound.name.casefold()
        for column, bound in zip(result.columns, output, strict=True)
    ):
        return [column.meaning for column in result.columns]
    return None if result.unlisted is None else [result.unlisted] * len(output)


def _parameters(syntax: Syntax) -> set[int]:
    return {id(node) for node in syntax.nodes if node.get("class") == "PARAMETER"}


def _inputs(syntax: Syntax, pipeline: str) -> tuple[Address, ...]:
    paths = (table["qualified_name"]["path"] for table in syntax.outside_tables())
    found = {Address((path[-2] if len(path) > 1 else pipeline).lower(), path[-1].lower()) for path in paths}
    return tuple(sorted(found))


def _columns_of(address: Address, origins: Iterable[Origin]) -> tuple[str, ...]:
    return tuple(sorted(column for source, column in origins if source == address))


def _reads_intervals(inputs: Iterable[Address], schemas: Mapping[Address, tuple[Column, ...]]) -> bool:
    """A month and thirty days are equal intervals, so which of them stands for a group depends on the order."""
    return any("INTERVAL" in column.type for address in inputs for column in schemas.get(address, ()))


def _unanalysed(
    syntax: Syntax,
    inputs: tuple[Address, ...],
    schemas: Mapping[Address, tuple[Column, ...]],
    output: tuple[Column, ...],
    parameters: Mapping[str, str],
) -> QueryAnalysis:
    everything = tuple((address, column.name) for address in inputs for column in schemas.get(address, ()))
    return QueryAnalysis(
        used=dict.fromkeys(inputs),
        lineage=tuple(ColumnLineage(column.name) for column in output),
        influence=everything,
        shape="",
        column_fingerprints=(),
        fingerprint=digest(
            "written",
            literal_digest(syntax.node),
            *sorted(parameters.items()),
            *(digest(column.name, column.type) for column in output),
        ),
        deterministic=False,
        order_dependent=order_dependence(syntax),
    )
