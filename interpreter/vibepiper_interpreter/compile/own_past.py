"""How far back an interval looks at the rows of its own asset: a change further back cannot reach it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta

from vibepiper_interpreter.compile.build_settings import Intervals
from vibepiper_interpreter.compile.compiled import Column
from vibepiper_interpreter.compile.slice_bounds import conjuncts, length, names_slice
from vibepiper_interpreter.compile.slice_columns import address_of, column_of, is_of, leaves_of
from vibepiper_interpreter.engines.duckdb.syntax import Node, outside_tables, walk
from vibepiper_interpreter.grains import fits
from vibepiper_spec.address import Address

# Comparisons that say that the left side is no earlier than the right one; and the same seen from the other side.
_NO_EARLIER = frozenset({"COMPARE_GREATERTHANOREQUALTO", "COMPARE_GREATERTHAN", "COMPARE_EQUAL"})
_TURNED = frozenset({"COMPARE_LESSTHANOREQUALTO", "COMPARE_LESSTHAN", "COMPARE_EQUAL"})
_FURTHEST = 1_000_000  # intervals
_DAY = timedelta(days=1)
_WITHIN_A_DAY = ("minute", "five_minutes", "quarter_hour", "half_hour", "hour")


def own_reach(
    query: Node, pipeline: str, own: Address, schemas: Mapping[Address, tuple[Column, ...]], settings: Intervals
) -> int | None:
    """How many intervals before `$start` the rows of `own` that can reach the result may lie; None where it may be any.

    Proof, in each place where the query reads `own`: in the very SELECT that has it in its FROM clause, its time is
    bounded from below by `$start`, or by a constant length of time before it.
    """
    tables = {id(table): address_of(table, pipeline) for table in outside_tables(query)}
    found: dict[int, int] = {}
    for node in walk(query):
        if node.get("type") != "SELECT_NODE":
            continue
        every = list(leaves_of(node["from_table"]))
        leaves = [leaf for leaf in every if leaf is not None]
        if len(leaves) < len(every):
            continue  # a join whose matches hang on which rows there are
        for leaf in leaves:
            if tables.get(id(leaf)) != own or leaf.get("column_name_alias") or leaf.get("sample"):
                continue
            others = [other for other in leaves if other is not leaf]
            reaches = list(_reaches(node.get("where_clause"), leaf, others, schemas, tables, settings))
            if reaches:
                found[id(leaf)] = min(reaches)
    places = [place for place, address in tables.items() if address == own]
    return max(found.values()) if places and all(place in found for place in places) else None


def _reaches(
    where: Node | None,
    leaf: Node,
    others: Iterable[Node],
    schemas: Mapping[Address, tuple[Column, ...]],
    tables: Mapping[int, Address],
    settings: Intervals,
) -> Iterator[int]:
    """How many intervals back each of the conditions lets the rows of `leaf` lie."""
    columns = {column.name.casefold(): column for column in schemas[tables[id(leaf)]]}
    for conjunct in conjuncts(where):
        if conjunct["class"] != "COMPARISON":
            continue
        time, bound, kinds = conjunct["left"], conjunct["right"], _NO_EARLIER
        if names_slice(time):
            time, bound, kinds = bound, time, _TURNED
        if conjunct["type"] not in kinds or names_slice(time):
            continue
        names = column_of(time, columns, settings)
        if names is None or names[-1].casefold() != settings.column.casefold():
            continue
        back = _before_start(bound, settings)
        if back is not None and is_of(names, leaf, others, schemas, tables):
            intervals = _intervals(*back, settings)
            if intervals is not None:
                yield intervals


def _before_start(bound: Node, settings: Intervals) -> tuple[int, timedelta] | None:
    """How long before `$start` a moment is, in months and the rest."""
    if bound["class"] == "PARAMETER":
        return (0, timedelta(0)) if bound["identifier"].casefold() == "start" else None
    if bound["class"] == "CAST" and not bound.get("try_cast"):
        kind = bound["type_expr"].get("type_name", "").upper()
        inside = _before_start(bound["child"], settings)
        if inside is None or kind == "TIMESTAMP":
            return inside
        if kind != "DATE" or settings.grain in _WITHIN_A_DAY:
            return None
        months, rest = inside  # the day begins earlier than any moment in it
        return months, -(-rest // _DAY) * _DAY
    if bound.get("function_name") == "-" and len(bound["arguments"]) == 2:
        left, right = (argument["expression"] for argument in bound["arguments"])
        inside = _before_start(left, settings)
        taken = length(right)
        if right["class"] == "CONSTANT" and str(right["literal"].get("text", "")).isdigit():
            taken = 0, int(right["literal"]["text"]) * _DAY  # what is taken off a date is days
        if inside is not None and taken is not None:
            return inside[0] + taken[0], inside[1] + taken[1]
    return None


def _intervals(months: int, rest: timedelta, settings: Intervals) -> int | None:
    """The fewest intervals that are never shorter."""
    if not fits(months, rest, settings.grain, _FURTHEST):
        return None
    return bisect_left(range(_FURTHEST), True, key=lambda number: fits(months, rest, settings.grain, number))
