"""Whether each row of an interval query lies in the interval that it was asked for, by its own column.

Several intervals are made at once only where that is proven. If a row lay in another one, it would be taken away, or
stay, when that other one is made anew: nobody would notice, because in the batch both were asked for.
"""

from __future__ import annotations

from collections.abc import Sequence

from vibepiper_interpreter.compile.build_settings import Intervals
from vibepiper_interpreter.compile.compiled import Column
from vibepiper_interpreter.compile.separable import is_same, lies_in, selects_in_slices
from vibepiper_interpreter.engines.duckdb.syntax import Node
from vibepiper_interpreter.grains import divides

_INSTANT = "TIMESTAMP WITH TIME ZONE"


def lie_where_bounded(query: Node, columns: Sequence[Column], settings: Intervals) -> bool:
    """True only where the column is proven to lie where the expression does that `$start` and `$end` bound.

    `columns` are those of the query, which is separable.
    """
    names = [column.name.casefold() for column in columns]
    if settings.column.casefold() not in names:
        return False
    position = names.index(settings.column.casefold())
    selects = list(selects_in_slices(query, settings))
    for select, times in selects:
        item = _item(select, position, columns, alone=len(selects) == 1)
        if item is None or not any(_lies(item, time, columns[position], settings, select) for time in times):
            return False
    return True


def _item(select: Node, position: int, columns: Sequence[Column], *, alone: bool) -> Node | None:
    """The expression that gives the column; None where that cannot be told."""
    items: Sequence[Node] = select["select_list"]
    if len(items) == len(columns) and not any(item["class"] == "STAR" for item in items):
        return items[position]
    # Behind a star nobody counts; the names are those of the one SELECT.
    name = columns[position].name.casefold()
    if not alone:
        return None
    for item in items:
        given = item.get("alias") or (item["column_names"][-1] if item["class"] == "COLUMN_REF" else "")
        if given.casefold() == name:
            return item
    stars = [item for item in items if item["class"] == "STAR"]
    if len(stars) != 1 or len(stars) + len([item for item in items if item.get("alias")]) < len(items):
        return None
    [star] = stars
    if star["columns"] or star["expr"] is not None or star["replace_list"] or star["rename_list"]:
        return None
    table = star["relation_name"]
    if not table and select["from_table"]["type"] == "JOIN":
        return None
    return {"class": "COLUMN_REF", "column_names": [table, name] if table else [name]}


def _lies(item: Node, time: Node, column: Column, settings: Intervals, select: Node) -> bool:
    if column.type == _INSTANT and settings.time_zone != "UTC":
        # It is read as the wall time there, so that is what has to be bounded.
        if time.get("function_name") != "timezone" or len(time["arguments"]) != 2:
            return False
        zone, instant = (argument["expression"] for argument in time["arguments"])
        named = zone["class"] == "CONSTANT" and str(zone["literal"].get("text", "")) == settings.time_zone
        return named and is_same(item, instant, select)
    if lies_in(item, time, settings, select):
        return True
    if time["class"] == "CAST" and not time.get("try_cast"):
        # Where days are bounded, the moment lies in the interval of its day.
        kind = time["type_expr"].get("type_name", "").upper()
        if kind == "TIMESTAMP" or (kind == "DATE" and divides("day", settings.grain)):
            return _lies(item, time["child"], column, settings, select)
    return False
