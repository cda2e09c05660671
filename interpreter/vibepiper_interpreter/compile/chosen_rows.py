"""Whether a SELECT does no more to rows than to choose the last one of each key, which is what merging does."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from vibepiper_interpreter.compile.sql_functions import AGGREGATES
from vibepiper_interpreter.engines.duckdb.syntax import Node, walk

# They choose a row of a group by its order: merged by the group's key, the choice of the last delivery stays.
_CHOOSE_BY = frozenset({"arg_max", "arg_max_null", "arg_max_nulls_last", "argmax", "max_by"})
_CHOOSE_ANY = frozenset({"any_value", "arbitrary"})
_CHOOSING_WINDOWS = frozenset({"WINDOW_ROW_NUMBER", "WINDOW_RANK", "WINDOW_RANK_DENSE"})
_PLACES = frozenset({"query_location", "query_location_length", "alias"})

# The folded names of the columns of a key; None where a part of a query does not have them.
Key = frozenset[str] | None


def key_inside(node: Node, key: Key) -> Key:
    """What the columns of `key`, which a SELECT gives, are called in what it selects from."""
    if key is None:
        return None
    items = _items(node)
    names = [_plain_name(items[name]) if name in items else name for name in key]
    return None if None in names else frozenset(name for name in names if name is not None)


def ranks_rows_of_key(node: Node, window: Node, key: Key) -> bool:
    """Whether a window of the SELECT `node` counts the rows of each key, so that the first one can be taken."""
    return window["type"] in _CHOOSING_WINDOWS and _is_key(node, window["partitions"], key)


def distinct_by_key(node: Node, targets: Sequence[Node], key: Key) -> bool:
    """Whether DISTINCT ON these keeps one row of each key."""
    return _is_key(node, _resolved(node, targets), key)


def takes_last_of_key(node: Node, aggregates: Sequence[Node], key: Key) -> bool:
    """Whether the SELECT groups by the key, and asks each group for nothing but its last row."""
    if node.get("having") or not _choose(aggregates):
        return False
    groups = node["group_expressions"]
    if not groups:  # GROUP BY ALL
        groups = [item for item in node["select_list"] if not any(is_aggregate(each) for each in walk(item))]
    return _is_key(node, _resolved(node, groups), key)


def is_aggregate(node: Node) -> bool:
    return node.get("class") == "FUNCTION" and str(node["function_name"]).lower() in AGGREGATES


def _choose(aggregates: Sequence[Node]) -> bool:
    """Whether all that is done to a group is to choose its last row, or to say by what."""
    by = {
        _text(call["arguments"][1])
        for call in aggregates
        if call["function_name"].lower() in _CHOOSE_BY and len(call["arguments"]) > 1
    }
    for call in aggregates:
        name = call["function_name"].lower()
        if name in ("first", "last"):
            orders = (call.get("order_bys") or {}).get("orders") or ()
            if orders and (orders[0]["type"] == "DESCENDING") != (name == "first"):
                return False  # the earliest of a delivery is not the earliest of all
        elif name == "max":
            if _text(call["arguments"][0]) not in by | _orders(aggregates):
                return False
        elif name not in _CHOOSE_BY | _CHOOSE_ANY:
            return False
    return True


def _orders(aggregates: Sequence[Node]) -> set[str]:
    """By what `first` and `last` choose: `max` of that belongs to the row that they choose."""
    orders = ((call.get("order_bys") or {}).get("orders") or () for call in aggregates)
    return {_text({"name": "", "expression": each[0]["expression"]}) for each in orders if each}


def _is_key(node: Node, expressions: Iterable[Node], key: Key) -> bool:
    """Whether these are what the columns of `key` are made of: there is a row of each in what is taken together."""
    if key is None:
        return False
    items, single = _items(node), node["from_table"]["type"] != "JOIN"
    wanted = {_text(items[name], single) if name in items else _column_text(name) for name in key}
    return {_text(each, single) for each in expressions} == wanted


def _resolved(node: Node, expressions: Sequence[Node]) -> list[Node]:
    """The same, where one is the place of a column of the SELECT, or another name that it is given there."""
    items = _items(node)
    found = []
    for each in expressions:
        if each["class"] == "CONSTANT":
            text = str((each.get("literal") or {}).get("text", ""))
            if text.isdigit() and 0 < int(text) <= len(node["select_list"]):
                each = node["select_list"][int(text) - 1]
        elif (name := _plain_name(each)) is not None and name in items:
            named = items[name]
            # A name that the expression itself reads is a column of what is selected from.
            if not any(_plain_name(inside) == name for inside in walk(named)):
                each = named
        found.append(each)
    return found


def _items(node: Node) -> dict[str, Node]:
    """What the SELECT gives, by folded name."""
    named = ((item.get("alias") or _plain_name(item), item) for item in node["select_list"])
    return {name.casefold(): item for name, item in named if name}


def _plain_name(node: Node) -> str | None:
    return str(node["column_names"][-1]).casefold() if node.get("class") == "COLUMN_REF" else None


def _column_text(name: str) -> str:
    return _text({"class": "COLUMN_REF", "type": "COLUMN_REF", "column_names": [name]})


def _text(node: Any, single: bool = True) -> str:
    """The same for expressions that are written the same, wherever they stand. `single`: there is one table only, so
    that its name before a column says nothing."""

    def plain(item: Any) -> Any:
        if isinstance(item, dict):
            found = {key: plain(value) for key, value in item.items() if key not in _PLACES}
            if item.get("class") == "COLUMN_REF":
                names = item["column_names"][-1:] if single else item["column_names"]
                found["column_names"] = [str(name).casefold() for name in names]
            return found
        return [plain(each) for each in item] if isinstance(item, list) else item

    return json.dumps(plain(node), sort_keys=True)
