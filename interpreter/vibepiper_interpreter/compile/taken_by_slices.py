"""Whether a table holds what an interval query gives over all time: then each interval can be taken from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import duckdb

from vibepiper_interpreter.compile.binding import typed_values
from vibepiper_interpreter.compile.build_settings import Intervals
from vibepiper_interpreter.compile.compiled import Column, CompiledAsset, SqlDefinition
from vibepiper_interpreter.compile.fingerprint_code import meaning_in
from vibepiper_interpreter.compile.fingerprints import meaning_of_query
from vibepiper_interpreter.compile.lineage import analyse_query
from vibepiper_interpreter.compile.placed_rows import lie_where_bounded
from vibepiper_interpreter.compile.separable import is_separable
from vibepiper_interpreter.compile.slice_bounds import bounds, conjuncts
from vibepiper_interpreter.engines.duckdb.syntax import Node, Syntax, parse_queries, walk
from vibepiper_spec.address import Address


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
    if not lie_where_bounded(syntax.node, asset.columns, settings):
        return False
    node = _unbounded(syntax.node, settings)
    whole = Syntax(definition.query, node, tuple(walk(node)))
    analysis = analyse_query(whole, asset.address.pipeline, schemas, asset.columns, typed_values(definition))
    return meaning_of_query(analysis, asset.order_by).fingerprint == meaning_in(table.fingerprint)


def _unbounded(query: Node, settings: Intervals) -> dict[str, Any]:
    """The query without the conjuncts that bound it by `$start` and `$end`."""
    if query["type"] == "SET_OPERATION_NODE":
        return {**query, "children": [_unbounded(child, settings) for child in query["children"]]}
    where = query["where_clause"]
    rest = [each for each in conjuncts(where) if not any(bounds(each, settings))]
    if len(rest) > 1:
        return {**query, "where_clause": {**where, "children": rest}}
    return {**query, "where_clause": rest[0] if rest else None}
