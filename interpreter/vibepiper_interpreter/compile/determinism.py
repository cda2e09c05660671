"""Whether the same inputs always give the same rows, and where a result depends on the order of rows by mistake."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from vibepiper_interpreter.compile.sql_functions import (
    AGGREGATES,
    BARE_FUNCTIONS,
    EXACT_SUMS,
    ORDERED_AGGREGATES,
    ORDERLESS_AGGREGATES,
    PURE_FUNCTIONS,
)
from vibepiper_interpreter.engines.duckdb.errors import SqlProblem
from vibepiper_interpreter.engines.duckdb.syntax import NO_PLACE, Node, Syntax

_PURE_CALLS = PURE_FUNCTIONS | ORDERLESS_AGGREGATES | EXACT_SUMS
# Windows whose value is the same for rows that tie in their order.
_TIELESS_WINDOWS = frozenset({"WINDOW_RANK", "WINDOW_RANK_DENSE", "WINDOW_PERCENT_RANK", "WINDOW_CUME_DIST"})
_ORDER_TYPES = frozenset({"LIMIT_MODIFIER", "DISTINCT_MODIFIER", "WINDOW_ROW_NUMBER"})
_ORDER_FREE_FRAMES = frozenset({"UNBOUNDED_PRECEDING", "UNBOUNDED_FOLLOWING", "CURRENT_ROW_RANGE"})


def is_deterministic(syntax: Syntax, parameters: Collection[str] = ()) -> bool:
    """True only if nothing in the query is known to vary, or unknown: a list of what is safe, not of what is not.

    `parameters` are those, folded, whose values are part of the query's meaning. What depends on types (sums of
    floats) is found by the analysis of the columns.
    """
    return not any(
        _varies(node) or (node.get("class") == "PARAMETER" and node["identifier"].casefold() not in parameters)
        for node in syntax.nodes
    )


def _varies(node: Node) -> bool:
    kind = node.get("type")
    if kind in ("LIMIT_MODIFIER", "EXPRESSION_LIST_SAMPLE", "COLLATE") or node.get("sample") or node.get("sample_size"):
        return True
    if kind == "DISTINCT_MODIFIER":
        return bool(node["distinct_on_targets"])
    if kind == "JOIN":
        return node["ref_type"] in ("ASOF", "POSITIONAL") or node["nearest_count"] != 1
    if node.get("class") == "WINDOW":
        return _window_varies(node)
    if node.get("class") == "FUNCTION":
        return node["function_name"].lower() not in _PURE_CALLS
    # A column may have this name too: then a query is called volatile that is not, which only costs time.
    return node.get("class") == "COLUMN_REF" and node["column_names"][-1].casefold() in BARE_FUNCTIONS


def _window_varies(node: Node) -> bool:
    """Whether ties in the window's order show: without order every row sees the same frame."""
    if node["type"] in _TIELESS_WINDOWS:
        return False
    if node["type"] != "WINDOW_AGGREGATE" or node["function_name"].lower() not in _PURE_CALLS:
        return True
    return not (node["start"] in _ORDER_FREE_FRAMES and node["end"] in _ORDER_FREE_FRAMES) or bool(node["orders"])


def order_dependence(syntax: Syntax) -> SqlProblem | None:
    """VP313 for the first thing whose result depends on the order of rows, where nothing fixes that order."""
    if not any(map(_may_depend_on_order, syntax.nodes)):
        return None
    found = next(_order_dependences(syntax.node, ordered=False), None)
    if found is None:
        return None
    node, message, fix = found
    start, end = syntax.span(node) or _word(syntax, "sample" if node.get("sample") else "array")
    message = f"{message} A table has no order of its own, so the result may vary."
    return SqlProblem("VP313", message, start, end, fix=fix)


def _may_depend_on_order(node: Node) -> bool:
    """Whether `_order_dependences` would look at `node` at all; in most queries there is none."""
    return (
        node.get("type") in _ORDER_TYPES
        or bool(node.get("sample"))
        or str(node.get("function_name") or "").lower() in ORDERED_AGGREGATES
    )


def _order_dependences(node: object, *, ordered: bool) -> Iterator[tuple[Node, str, str]]:
    """`ordered`: the rows come from a subquery with an ORDER BY, which DuckDB keeps."""
    if isinstance(node, list):
        for part in node:
            yield from _order_dependences(part, ordered=ordered)
        return
    if not isinstance(node, dict):
        return
    if "modifiers" in node:
        yield from _limit_without_order(node, ordered=ordered)
        yield from _distinct_on_without_order(node)
        ordered = ordered or _from_ordered(node.get("from_table"))
    if node.get("sample"):
        yield node, "USING SAMPLE and TABLESAMPLE choose rows by chance.", "Choose them by value: `hash(id) % 100 = 0`."
    function = str(node.get("function_name") or "").lower()
    if node.get("class") == "FUNCTION" and function in ORDERED_AGGREGATES and not ordered:
        written = node["query_location"] != NO_PLACE
        if not written:
            yield node, "ARRAY lists the rows of its subquery as they come.", "Add an ORDER BY to the subquery."
        elif not node["order_bys"]["orders"] and not _is_constant_choice(node):
            yield node, f"`{function}` depends on the order of the rows.", f"Write `{function}(… ORDER BY …)`."
    elif node.get("type") == "WINDOW_ROW_NUMBER" and not node["orders"] and not ordered:
        yield node, "`row_number()` numbers the rows as they come.", "Write `OVER (… ORDER BY …)`."
    for key, value in node.items():
        if isinstance(value, dict | list):
            inside = ordered and key not in ("from_table", "cte_map", "subquery")
            yield from _order_dependences(value, ordered=inside)


def _limit_without_order(node: Node, *, ordered: bool) -> Iterator[tuple[Node, str, str]]:
    kinds = [modifier["type"] for modifier in node["modifiers"]]
    for modifier in node["modifiers"]:
        if modifier["type"] != "LIMIT_MODIFIER" or "ORDER_MODIFIER" in kinds or _from_ordered(node.get("from_table")):
            continue
        limit = modifier["limit"] or modifier["offset"]
        if limit["class"] == "CONSTANT" and limit["literal"]["text"] in ("", "0"):  # none: LIMIT ALL
            continue
        if _one_row(node):
            continue
        yield limit, "LIMIT and OFFSET choose rows by their order, and there is no ORDER BY.", "Add an ORDER BY."


def _distinct_on_without_order(node: Node) -> Iterator[tuple[Node, str, str]]:
    kinds = [modifier["type"] for modifier in node["modifiers"]]
    for modifier in node["modifiers"]:
        if (
            modifier["type"] == "DISTINCT_MODIFIER"
            and modifier["distinct_on_targets"]
            and "ORDER_MODIFIER" not in kinds
        ):
            message = "DISTINCT ON keeps the first row of each group, and there is no ORDER BY."
            yield modifier["distinct_on_targets"][0], message, "Add an ORDER BY that begins with the same columns."


def _from_ordered(table: object) -> bool:
    if not isinstance(table, dict) or table.get("type") != "SUBQUERY":
        return False
    modifiers = table["subquery"]["node"].get("modifiers") or []
    return any(modifier["type"] == "ORDER_MODIFIER" for modifier in modifiers)


def _one_row(node: Node) -> bool:
    """A SELECT without a table, or of aggregates without groups."""
    if node["type"] != "SELECT_NODE":
        return False
    whole = all(str(item.get("function_name")).lower() in AGGREGATES for item in node["select_list"])
    return node["from_table"]["type"] == "EMPTY" or (whole and not node["group_expressions"])


def _is_constant_choice(node: Node) -> bool:
    """DISTINCT lists of one value, or a constant: there is nothing to choose from."""
    return all(argument["expression"]["class"] == "CONSTANT" for argument in node["arguments"])


def _word(syntax: Syntax, word: str) -> tuple[int, int]:
    place = syntax.query.lower().find(word)
    return (place, place + len(word)) if place >= 0 else (0, len(syntax.query))
