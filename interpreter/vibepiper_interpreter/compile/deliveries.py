"""Where a query that sees only new rows of an input gives something else than what these rows add to its result."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Set
from typing import Any, Literal

from vibepiper_interpreter.compile.build_settings import Append, BuildSettings, Merge, settings_to_json
from vibepiper_interpreter.compile.chosen_rows import (
    Key,
    distinct_by_key,
    is_aggregate,
    key_inside,
    ranks_rows_of_key,
    takes_last_of_key,
)
from vibepiper_interpreter.compile.compilation import Workshop
from vibepiper_interpreter.compile.memo import problems_from_json, problems_to_json
from vibepiper_interpreter.compile.memo_key import memo_key
from vibepiper_interpreter.engines.duckdb.errors import SqlProblem, listed
from vibepiper_interpreter.engines.duckdb.syntax import CONTAINERS, Node, Syntax, outside_tables, walk
from vibepiper_spec.address import Address

_CACHE_KIND = "delivered_query"
_ELSEWHERE = "Take the rows one by one here, and do this in an asset that reads this one and is made at once."


def delivery_problems(
    syntax: Syntax, pipeline: str, growing: Set[Address], settings: Append | Merge
) -> tuple[SqlProblem, ...]:
    """VP318 for whatever in the query does not work row by row on `growing`, the inputs of which it sees new rows.

    Told is only what gives another result where the same rows come in two deliveries instead of one; what is told once
    is not told again of what is made of it. Samples are left to VP313.
    """
    search = _Search(syntax, pipeline, growing, isinstance(settings, Append))
    key = frozenset(name.casefold() for name in settings.key) if isinstance(settings, Merge) else None
    search.query(syntax.node, {}, key)
    return tuple(sorted(search.problems, key=lambda problem: (problem.start, problem.end)))


# Of a part of a query: it is of inputs that are seen whole · its rows are those that the new rows add · something was
# told of it, so that nothing more is said of what is made of it.
_Seen = Literal["whole", "grows", "told"]


class _Search:
    """Each method tells how the rows of a part of the query come. `key` is what it is merged by, as it is called
    there."""

    def __init__(self, syntax: Syntax, pipeline: str, growing: Set[Address], appends: bool) -> None:
        self.problems: list[SqlProblem] = []
        self._syntax, self._pipeline, self._growing = syntax, pipeline, growing
        self._appends = appends

    def query(self, node: Node, ctes: Mapping[str, _Seen], key: Key) -> _Seen:
        inside = key_inside(node, key) if node["type"] == "SELECT_NODE" else key
        for entry in (node.get("cte_map") or {}).get("map", ()):
            ctes = {**ctes, entry["key"].casefold(): self.query(entry["value"]["query_node"], ctes, inside)}
        match node["type"]:
            case "SELECT_NODE":
                seen = self._select(node, ctes, key)
            case "SET_OPERATION_NODE":
                seen = self._set_operation(node, ctes, key)
            case "RECURSIVE_CTE_NODE":
                seen = self._recursion(node, ctes, key)
            case _:
                seen = (
                    "grows" if any(self._grows(table) for table in outside_tables(node, frozenset(ctes))) else "whole"
                )
        return self._modifiers(node, key) if seen == "grows" else seen

    def _select(self, node: Node, ctes: Mapping[str, _Seen], key: Key) -> _Seen:
        seen = self._table(node["from_table"], ctes, key_inside(node, key))
        if seen != "told":
            seen = self._subqueries(node, ctes, seen)
        if seen == "grows":
            seen = self._windows(node, key)
        return self._groups(node, key) if seen == "grows" else seen

    def _table(self, table: Node, ctes: Mapping[str, _Seen], key: Key) -> _Seen:
        seen: _Seen
        match table["type"]:
            case "BASE_TABLE":
                path = table["qualified_name"]["path"]
                if len(path) == 1 and path[0].casefold() in ctes:
                    seen = ctes[path[0].casefold()]
                else:
                    seen = "grows" if self._grows(table) else "whole"
            case "SUBQUERY":
                seen = self.query(table["subquery"]["node"], ctes, key)
            case "JOIN":
                seen = self._join(table, ctes, key)
            case "PIVOT":
                seen = self._table(table["source"], ctes, key)
                if seen == "grows" and table.get("aggregates"):
                    return self._tell(table, "PIVOT takes rows together", _PARTLY)
            case _:
                return "whole"
        return seen

    def _join(self, join: Node, ctes: Mapping[str, _Seen], key: Key) -> _Seen:
        both = self._table(join["left"], ctes, key), self._table(join["right"], ctes, key)
        if "told" in both:
            return "told"
        left, right = (seen == "grows" for seen in both)
        if not (left or right):
            return "whole"
        if left and right:
            return self._tell(join["right"], "Inputs that grow are joined with each other", _MEETS)
        kind, how = join["join_type"], join["ref_type"]
        if how == "POSITIONAL" or (right and (how == "ASOF" or join["nearest_count"] != 1)):
            return self._tell(join["right"], "The join looks for a row by its place among all of them", _PARTLY)
        if kind == "FULL" or (right and kind in ("LEFT", "ANTI")) or (left and kind == "RIGHT"):
            return self._tell(join["right"], "The join keeps rows that meet none of the input that grows", _UNMET)
        if right and kind == "SEMI" and self._appends:
            return self._tell(join["right"], "A SEMI join gives a row once, however many it meets", _ONCE)
        return "grows"

    def _set_operation(self, node: Node, ctes: Mapping[str, _Seen], key: Key) -> _Seen:
        all_seen = [self.query(child, ctes, key) for child in node["children"]]
        if "told" in all_seen:
            return "told"
        grow = [seen == "grows" for seen in all_seen]
        if not any(grow):
            return "whole"
        kind, children = node["setop_type"], node["children"]
        if kind == "EXCEPT" and any(grow[1:]):
            return self._tell(children[1 + grow[1:].index(True)], "EXCEPT takes away what is there", _UNMET)
        if kind == "INTERSECT" and sum(grow) > 1:
            return self._tell(children[1], "INTERSECT looks for each row on both sides", _MEETS)
        if kind == "UNION" and not all(grow) and self._appends:
            return self._tell(children[grow.index(False)], "UNION adds rows of an input that is seen whole", _AGAIN)
        if not (kind == "UNION" and node["setop_all"]) and self._appends:
            return self._tell(children[1], f"{kind} compares rows with each other", _ONCE)
        return "grows"

    def _recursion(self, node: Node, ctes: Mapping[str, _Seen], key: Key) -> _Seen:
        first = self.query(node["left"], ctes, key)
        rest = self.query(node["right"], {**ctes, node["cte_name"].casefold(): first}, key)
        if "told" in (first, rest):
            return "told"
        if first == "whole" and rest == "grows":
            return self._tell(node["right"], "A recursive query meets an input again and again", _MEETS)
        if first == "grows" and not node["union_all"] and self._appends:
            return self._tell(node["right"], "UNION compares rows with each other", _ONCE)
        return first

    def _subqueries(self, node: Node, ctes: Mapping[str, _Seen], seen: _Seen) -> _Seen:
        """The same, with the subqueries among the expressions of a SELECT."""
        result = seen
        for subquery in _own_subqueries(node):
            inside = self.query(subquery["subquery"]["node"], ctes, None)
            if inside == "grows" and seen == "grows":
                inside = self._tell(subquery, "Rows that are new are compared with rows that are new", _MEETS)
            elif inside == "grows" and self._appends:
                inside = self._tell(subquery, "Rows of an input that is seen whole are taken again", _AGAIN)
            elif inside == "grows" and not any(subquery is each for each in _conditions(node.get("where_clause"))):
                inside = self._tell(subquery, "A subquery asks all rows for its answer", _PARTLY)
            if inside != "whole" and result != "told":
                result = inside
        return result

    def _windows(self, node: Node, key: Key) -> _Seen:
        for window in _own([node["select_list"], node.get("qualify"), node.get("modifiers")], "WINDOW"):
            if ranks_rows_of_key(node, window, key):
                continue  # one row of each key is chosen, as merging does
            name = str(window.get("function_name") or "a window").lower()
            return self._tell(window, f"`{name}() OVER (…)` looks at other rows", _PARTLY)
        return "grows"

    def _groups(self, node: Node, key: Key) -> _Seen:
        calls = _own([node["select_list"], node.get("having"), node.get("modifiers")], "FUNCTION")
        aggregates = [call for call in calls if is_aggregate(call)]
        groups = node["group_expressions"]
        if not aggregates and not groups and node["aggregate_handling"] == "STANDARD_HANDLING":
            return "grows"
        if takes_last_of_key(node, aggregates, key):
            return "grows"
        if aggregates:
            name = str(aggregates[0]["function_name"]).removesuffix("_star")
            return self._tell(aggregates[0], f"`{name}` takes rows together", _PARTLY)
        return self._tell(groups[0], "GROUP BY gives each group once", _ONCE) if self._appends and groups else "grows"

    def _modifiers(self, node: Node, key: Key) -> _Seen:
        for modifier in node.get("modifiers") or ():
            if modifier["type"] in ("LIMIT_MODIFIER", "LIMIT_PERCENT_MODIFIER"):
                limit = modifier["limit"] or modifier["offset"]
                text = (limit.get("literal") or {}).get("text") if limit["class"] == "CONSTANT" else None
                if text not in ("", "0"):  # LIMIT ALL, and a query for the columns alone
                    return self._tell(limit, "LIMIT and OFFSET count rows", _PARTLY)
            elif modifier["type"] == "DISTINCT_MODIFIER":
                targets = modifier["distinct_on_targets"]
                if self._appends or (targets and not distinct_by_key(node, targets, key)):
                    what = "DISTINCT ON keeps one row of each group" if targets else "DISTINCT gives each row once"
                    return self._tell(targets[0] if targets else node, what, _ONCE, word="distinct")
        return "grows"

    def _grows(self, table: Node) -> bool:
        path = table["qualified_name"]["path"]
        return Address(path[0].lower() if len(path) == 2 else self._pipeline, path[-1].lower()) in self._growing

    def _tell(self, node: Node, what: str, why: str, word: str = "") -> _Seen:
        seen = listed(sorted(map(str, self._growing)))
        start, end = self._span(node, word)
        message = f"{what}, and of {seen} the query sees only the rows that are new since the last apply: {why}."
        self.problems.append(SqlProblem("VP318", message, start, end, fix=_ELSEWHERE))
        return "told"

    def _span(self, node: Node, word: str) -> tuple[int, int]:
        """Where `node` stands; else the word before, else where the first thing in it does."""
        own = self._syntax.span(node)
        if own is not None and own[0] < own[1] and not word:
            return own
        inside = [span for each in walk(node) if (span := self._syntax.span(each)) is not None]
        first = min(inside, default=(0, len(self._syntax.query)))
        if word:
            found = [match.span() for match in re.finditer(rf"\b{word}\b", self._syntax.query, re.IGNORECASE)]
            return max((span for span in found if span[0] <= first[0]), default=first)
        return first


_PARTLY = "what it finds among those is not what it would find among all"
_MEETS = "a new row never meets one that came earlier"
_ONCE = "a row that came earlier and comes again stands in the table twice"
_AGAIN = "they are added again with each delivery"
_UNMET = "a row that was met earlier counts as one that was not"


def delivery_warnings(
    workshop: Workshop,
    pipeline: str,
    query: str,
    reads: Mapping[Address, BuildSettings | None],
    settings: BuildSettings | None,
) -> tuple[SqlProblem, ...]:
    """VP318 of a query that was bound; `reads` are the settings of what it reads."""
    growing = sorted(str(read) for read, how in reads.items() if isinstance(how, Append))
    if not growing or not isinstance(settings, Append | Merge):
        return ()
    key = memo_key(pipeline, query, growing, settings_to_json(settings))
    known = workshop.cache.get(_CACHE_KIND, key)
    if known is None:
        syntax = workshop.take_syntax(query)
        found = delivery_problems(syntax, pipeline, {Address.parse(read) for read in growing}, settings)
        known = json.dumps(problems_to_json(found)).encode()
        workshop.cache.put(_CACHE_KIND, key, known)
    return problems_from_json(json.loads(known))


def _own(tree: Any, kind: str) -> Iterator[Node]:
    """The expressions of a class that belong to this SELECT, and to no subquery in it."""
    stack = [tree]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            if item.get("class") == kind:
                yield item
            if item.get("class") != "SUBQUERY" and (kind == "WINDOW" or item.get("class") != "WINDOW"):
                stack += [value for value in reversed(item.values()) if value and type(value) in CONTAINERS]
        elif isinstance(item, list):
            stack += reversed(item)


def _own_subqueries(node: Node) -> list[Node]:
    parts = [value for key, value in node.items() if key not in ("cte_map", "from_table")]
    return [*_own(parts, "SUBQUERY"), *_own(_join_conditions(node["from_table"]), "SUBQUERY")]


def _join_conditions(table: Node) -> list[Any]:
    if table["type"] != "JOIN":
        return []
    return [table.get("condition"), *_join_conditions(table["left"]), *_join_conditions(table["right"])]


def _conditions(where: Node | None) -> Iterator[Node]:
    """The subqueries of a WHERE clause of which a row has to meet some row: none that is in them is ever a loss."""
    if where is None:
        return
    if where["type"] == "CONJUNCTION_AND":
        for child in where["children"]:
            yield from _conditions(child)
    elif where["class"] == "SUBQUERY" and where["subquery_type"] in ("EXISTS", "ANY"):
        yield where
