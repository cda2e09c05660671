"""Whether a query over several intervals at once is proven to give what it gives for each of them, together."""

from __future__ import annotations

from typing import Any

from vibepiper_interpreter.compile.build_settings import Intervals
from vibepiper_interpreter.compile.slice_bounds import bounds, conjuncts, names_slice
from vibepiper_interpreter.compile.sql_functions import AGGREGATES, BARE_FUNCTIONS, PURE_FUNCTIONS
from vibepiper_interpreter.engines.duckdb.syntax import Node, walk
from vibepiper_interpreter.grains import divides

_PLACES = frozenset({"query_location", "query_location_length", "alias"})
_WINDOWS = "WINDOW"


def is_separable(query: Node, settings: Intervals) -> bool:
    """True only where nothing speaks against it: what is not known to be harmless counts as harmful."""
    if query.get("cte_map", {}).get("map"):
        return False
    if query["type"] == "SET_OPERATION_NODE":
        whole = query["setop_type"] == "UNION" and query["setop_all"] and not query["modifiers"]
        return whole and all(is_separable(child, settings) for child in query["children"])
    return query["type"] == "SELECT_NODE" and _select_is_separable(query, settings)


def _select_is_separable(node: Node, settings: Intervals) -> bool:
    time = bounded_once(node, settings)
    if time is None or not _is_plain(time):
        return False
    if node.get("sample") or node.get("qualify") or any(each.get("class") == _WINDOWS for each in walk(node)):
        return False
    modifiers = [modifier["type"] for modifier in node["modifiers"]]
    if not set(modifiers) <= {"ORDER_MODIFIER", "DISTINCT_MODIFIER"}:
        return False
    groups = (
        bool(node["group_expressions"])
        or node["aggregate_handling"] != "STANDARD_HANDLING"
        or bool(node.get("having"))
        or any(str(each.get("function_name", "")).lower() in AGGREGATES for each in walk(node["select_list"]))
    )
    if not groups and "DISTINCT_MODIFIER" not in modifiers:
        return True
    if any(modifier.get("distinct_on_targets") for modifier in node["modifiers"]):
        return False
    sets = node.get("group_sets") or []
    if len(sets) > 1 or (sets and len(sets[0]) != len(node["group_expressions"])):
        return False
    # What is selected and is no aggregate hangs on the keys alone: if it tells the interval, so do the keys. Rows of
    # two intervals then never meet in one group.
    return any(_tells(item, time, settings, node) for item in node["select_list"])


def lies_in(item: Node, time: Node, settings: Intervals, node: Node) -> bool:
    """Whether the value of `item` lies in the interval of `time`: it is the time, or the begin of a part of it that
    interval boundaries do not cut. Where the time is NULL, so is the value."""
    if is_same(item, time, node):
        return True
    if item["class"] == "CAST" and not item.get("try_cast"):
        kind = item["type_expr"].get("type_name", "").upper()
        if kind == "DATE":
            return divides("day", settings.grain) and lies_in(item["child"], time, settings, node)
        return kind in ("TIMESTAMP", "DATETIME") and lies_in(item["child"], time, settings, node)
    if item.get("function_name") in ("date_trunc", "datetrunc") and len(item["arguments"]) == 2:
        unit, value = (argument["expression"] for argument in item["arguments"])
        if unit["class"] != "CONSTANT":
            return False
        text = str(unit["literal"].get("text", "")).casefold()
        return divides(text, settings.grain) and lies_in(value, time, settings, node)
    return False


def bounded_once(node: Node, settings: Intervals) -> Node | None:
    """The one expression that is bounded by `$start` and `$end`, which stand nowhere else."""
    where = node.get("where_clause")
    found = list(bounds(where, settings))
    if sorted(bound.by for bound in found) != ["end", "start"] or any(bound.looks_back for bound in found):
        return None
    if sum(names_slice(conjunct) for conjunct in conjuncts(where)) != 2:
        return None
    if names_slice([value for key, value in node.items() if key != "where_clause"]):
        return None
    one, other = (bound.expression for bound in found)
    return one if is_same(one, other, node) else None


def _is_plain(expression: Node) -> bool:
    """Whether it is the same each time it is computed."""
    if any(each.get("class") in ("SUBQUERY", "WINDOW", "PARAMETER", "LAMBDA") for each in walk(expression)):
        return False
    for each in walk(expression):
        if each.get("class") == "FUNCTION" and each["function_name"].lower() not in PURE_FUNCTIONS:
            return False
        if each.get("class") == "COLUMN_REF" and each["column_names"][-1].casefold() in BARE_FUNCTIONS:
            return False
    return True


def _tells(item: Node, time: Node, settings: Intervals, node: Node) -> bool:
    """Whether equal values of `item` come from rows of one interval: it is the time itself, or a part of it that
    interval boundaries do not cut."""
    if is_same(item, time, node):
        return True
    if item["class"] == "CAST" and not item.get("try_cast"):
        kind = item["type_expr"].get("type_name", "").upper()
        if kind == "DATE":
            return divides("day", settings.grain) and _tells(item["child"], time, settings, node)
        return kind in ("TIMESTAMP", "DATETIME") and _tells(item["child"], time, settings, node)
    if item.get("function_name") in ("date_trunc", "datetrunc") and len(item["arguments"]) == 2:
        unit, value = (argument["expression"] for argument in item["arguments"])
        if unit["class"] != "CONSTANT":
            return False
        text = str(unit["literal"].get("text", "")).casefold()
        return divides(text, settings.grain) and _tells(value, time, settings, node)
    if time["class"] == "CAST" and not time.get("try_cast"):
        # Where days are bounded, the moment tells the day.
        kind = time["type_expr"].get("type_name", "").upper()
        return kind in ("DATE", "TIMESTAMP") and _tells(item, time["child"], settings, node)
    return False


def is_same(one: Any, other: Any, node: Node) -> bool:
    """Whether two expressions of one SELECT mean the same: columns may or may not be qualified."""
    if isinstance(one, dict) and isinstance(other, dict):
        if one.get("class") == "COLUMN_REF" and other.get("class") == "COLUMN_REF":
            return _same_column(one["column_names"], other["column_names"], node)
        keys = (one.keys() | other.keys()) - _PLACES
        return all(is_same(one.get(key), other.get(key), node) for key in keys)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(
            is_same(left, right, node) for left, right in zip(one, other, strict=True)
        )
    return bool(one == other)


def _same_column(one: list[str], other: list[str], node: Node) -> bool:
    left, right = [name.casefold() for name in one], [name.casefold() for name in other]
    if left == right:
        return True
    # A bare name that binds is the column of one table; merged ones of USING are of both sides.
    bare = 1 in (len(left), len(right)) and left[-1] == right[-1]
    return bare and not any(_merges(each) for each in walk(node["from_table"]))


def _merges(table: Node) -> bool:
    return table.get("type") == "JOIN" and (bool(table["using_columns"]) or table["ref_type"] != "REGULAR")
