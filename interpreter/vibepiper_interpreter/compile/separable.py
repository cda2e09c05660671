"""Whether a query over several intervals at once is proven to give what it gives for each of them, together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from vibepiper_interpreter.compile.build_settings import Intervals
from vibepiper_interpreter.compile.slice_bounds import bounds, conjuncts, names_slice
from vibepiper_interpreter.compile.sql_functions import AGGREGATES, BARE_FUNCTIONS, PURE_FUNCTIONS
from vibepiper_interpreter.engines.duckdb.syntax import Node, walk
from vibepiper_interpreter.grains import divides

_PLACES = frozenset({"query_location", "query_location_length", "alias"})
_WINDOWS = "WINDOW"


# Of a query that is separable, the columns of its result, folded, whose values lie in the interval of their row.
_Tellers = frozenset[str]


def is_separable(query: Node, settings: Intervals) -> bool:
    """True only where nothing speaks against it: what is not known to be harmless counts as harmful."""
    return _separable(query, settings, {}) is not None


def _separable(query: Node, settings: Intervals, ctes: Mapping[str, _Tellers]) -> _Tellers | None:
    """`ctes` are those in sight that are separable; others in sight name no interval, and are the same for each."""
    own = _with_ctes(query, settings, ctes)
    if own is None:
        return None
    query = _without_ctes(query)
    if query["type"] == "SET_OPERATION_NODE":
        whole = query["setop_type"] == "UNION" and query["setop_all"] and not query["modifiers"]
        apart = whole and all(_separable(child, settings, own) is not None for child in query["children"])
        return frozenset() if apart else None
    return _separable_select(query, settings, own) if query["type"] == "SELECT_NODE" else None


def selects_in_slices(
    query: Node, settings: Intervals, ctes: Mapping[str, _Tellers] = MappingProxyType({})
) -> Iterator[tuple[Node, list[Node]]]:
    """The SELECTs whose rows are added up, of a separable query, and of each the expressions of which every one lies in
    the interval of its row, or is what `$start` and `$end` bound."""
    ctes = _with_ctes(query, settings, ctes) or {}
    query = _without_ctes(query)
    if query["type"] == "SET_OPERATION_NODE":
        for child in query["children"]:
            yield from selects_in_slices(child, settings, ctes)
    else:
        yield query, _read_in_slices(query, settings, ctes) or []


def _with_ctes(query: Node, settings: Intervals, ctes: Mapping[str, _Tellers]) -> Mapping[str, _Tellers] | None:
    """`ctes`, with those of the query; None where one of these is neither separable nor the same for each interval."""
    for entry in (query.get("cte_map") or {}).get("map", ()):
        name, inside = entry["key"].casefold(), entry["value"]["query_node"]
        tellers = _separable(inside, settings, ctes)
        if tellers is None and (names_slice(inside) or _named(inside, ctes)):
            return None
        ctes = {known: of for known, of in ctes.items() if known != name}
        if tellers is not None:
            ctes[name] = tellers
    return ctes


def _without_ctes(query: Node) -> Node:
    return {key: value for key, value in query.items() if key != "cte_map"}


def _separable_select(node: Node, settings: Intervals, ctes: Mapping[str, _Tellers]) -> _Tellers | None:
    if node.get("sample") or node.get("qualify") or any(each.get("class") == _WINDOWS for each in walk(node)):
        return None
    modifiers = [modifier["type"] for modifier in node["modifiers"]]
    if not set(modifiers) <= {"ORDER_MODIFIER", "DISTINCT_MODIFIER"}:
        return None
    times = _read_in_slices(node, settings, ctes)
    if times is None:
        return None
    telling = [item for item in node["select_list"] if any(_tells(item, time, settings, node) for time in times)]
    lying = [item for item in node["select_list"] if any(lies_in(item, time, settings, node) for time in times)]
    tellers = _names_of(node, lying, times)
    groups = (
        bool(node["group_expressions"])
        or node["aggregate_handling"] != "STANDARD_HANDLING"
        or bool(node.get("having"))
        or any(str(each.get("function_name", "")).lower() in AGGREGATES for each in walk(node["select_list"]))
    )
    if not groups and "DISTINCT_MODIFIER" not in modifiers:
        return tellers
    if any(modifier.get("distinct_on_targets") for modifier in node["modifiers"]):
        return None
    sets = node.get("group_sets") or []
    if len(sets) > 1 or (sets and len(sets[0]) != len(node["group_expressions"])):
        return None
    # What is selected and is no aggregate hangs on the keys alone: if it tells the interval, so do the keys. Rows of
    # two intervals then never meet in one group.
    return tellers if telling else None


def _read_in_slices(node: Node, settings: Intervals, ctes: Mapping[str, _Tellers]) -> list[Node] | None:
    """The expressions that tell a row's interval, where all that is read is of one interval at a time.

    Either the WHERE clause sees to that, or one table in FROM is separable itself, and each row has one of its rows.
    """
    time = bounded_once(node, settings)
    if time is not None:
        return [time] if _is_plain(time) and not _named(node, ctes) else None
    found = []
    for leaf, always in _leaves(node["from_table"], always=True):
        tellers = _of_leaf(leaf, settings, ctes)
        if tellers is not None:
            found.append((leaf, always, tellers))
    if len(found) != 1:
        return None
    [(leaf, always, tellers)] = found
    rest = _without(node, leaf)
    if not always or names_slice(rest) or _named(rest, ctes) or leaf.get("sample") or leaf.get("column_name_alias"):
        return None
    name = leaf.get("alias") or leaf.get("table_name") or ""
    return [{"class": "COLUMN_REF", "column_names": [name, teller]} for teller in sorted(tellers)]


def _of_leaf(leaf: Node, settings: Intervals, ctes: Mapping[str, _Tellers]) -> _Tellers | None:
    if leaf["type"] == "SUBQUERY":
        return _separable(leaf["subquery"]["node"], settings, ctes)
    if leaf["type"] != "BASE_TABLE":
        return None
    path = leaf["qualified_name"]["path"]
    return ctes.get(path[0].casefold()) if len(path) == 1 else None


def _leaves(table: Node, *, always: bool) -> Iterator[tuple[Node, bool]]:
    """What is joined, and whether each row of the result has exactly one of its rows, and hangs on no other of them."""
    if table["type"] != "JOIN":
        yield table, always
        return
    plain = table["ref_type"] in ("REGULAR", "NATURAL", "CROSS") and table["nearest_count"] == 1
    kind = table["join_type"]
    yield from _leaves(table["left"], always=always and plain and kind in ("INNER", "LEFT", "SEMI", "ANTI"))
    yield from _leaves(table["right"], always=always and plain and kind in ("INNER", "RIGHT"))


def _named(tree: Any, ctes: Mapping[str, _Tellers]) -> bool:
    """Whether one of them is read anywhere in it, as far as names tell."""
    return bool(ctes) and any(
        each.get("type") == "BASE_TABLE" and each["qualified_name"]["path"][-1].casefold() in ctes
        for each in walk(tree)
    )


def _without(tree: Any, leaf: Node) -> Any:
    if tree is leaf:
        return None
    if isinstance(tree, dict):
        return {key: _without(value, leaf) for key, value in tree.items()}
    return [_without(each, leaf) for each in tree] if isinstance(tree, list) else tree


def _names_of(node: Node, lying: Sequence[Node], times: Sequence[Node]) -> _Tellers:
    """The columns of the result that `lying`, or `*`, makes of `times`: those whose names can mean no other."""
    items, table = node["select_list"], node["from_table"]
    if len(items) == 1 and items[0]["class"] == "STAR":
        said = {key for key, value in items[0].items() if value and key not in (*_PLACES, "class", "type")}
        if said or table["type"] not in ("BASE_TABLE", "SUBQUERY"):
            return frozenset()
        known = str(table.get("alias") or table.get("table_name") or "").casefold()
        paths = [[name.casefold() for name in time["column_names"]] for time in times if time["class"] == "COLUMN_REF"]
        # A longer path may lead into a column.
        return frozenset(path[-1] for path in paths if path in ([path[-1]], [known, path[-1]]))
    names = [_name_of(item) for item in items]
    if None in names or any(_unfolds(item) for item in items):
        return frozenset()
    return frozenset(
        name for item, name in zip(items, names, strict=True) if name and item in lying and names.count(name) == 1
    )


def _unfolds(item: Node) -> bool:
    """Whether it may become several columns, or give itself another name."""
    return any(
        each.get("class") == "STAR" or str(each.get("function_name", "")).lower() == "unnest" for each in walk(item)
    )


def _name_of(item: Node) -> str | None:
    """The name that a selected expression has in the result, where it is a column or is given one."""
    name = item.get("alias") or (item["column_names"][-1] if item["class"] == "COLUMN_REF" else None)
    return None if name is None else str(name).casefold()


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
