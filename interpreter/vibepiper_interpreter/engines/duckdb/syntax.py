"""DuckDB's own parser: query text in, its syntax tree with exact places out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb

from vibepiper_interpreter.engines.duckdb.errors import SqlProblem
from vibepiper_interpreter.engines.duckdb.syntax_errors import syntax_problem

# A node of DuckDB's tree as `json_serialize_sql` writes it: never changed, never kept after the query was analysed.
Node = Mapping[str, Any]

# What DuckDB writes where a node has no place of its own (the `*` that `FROM t` stands for).
NO_PLACE = 2**64 - 1
# What JSON gives of things that hold others.
CONTAINERS = frozenset({dict, list})
_FIRST_WORD = re.compile(r"(?:\s|--[^\n]*(?:\n|$)|/\*.*?\*/|\()*([A-Za-z]+)", re.DOTALL)
_PIVOT = re.compile(r"\bpivot(?:_wider)?\b", re.IGNORECASE)
_READ_VERBS = {"select", "with", "from", "values", "table", "pivot", "pivot_wider", "unpivot", "pivot_longer"}


@dataclass(frozen=True, slots=True)
class Syntax:
    """The tree of one SELECT. Places in it are UTF-8 bytes; `span` turns them into code points of `query`."""

    query: str
    node: Node = field(repr=False)
    # Every node of the tree, as `walk` finds them: many look for something in it, and one walk serves them all.
    nodes: tuple[Node, ...] = field(repr=False, compare=False)
    # The query as bytes where bytes and code points differ, else None.
    _encoded: bytes | None = field(default=None, repr=False, compare=False)

    def outside_tables(self) -> Iterator[Node]:
        """Every table reference that no CTE shadows, wherever it stands."""
        if any(entries["map"] for node in self.nodes if (entries := node.get("cte_map"))):
            return outside_tables(self.node)
        return (node for node in self.nodes if node.get("type") == "BASE_TABLE")

    def span(self, node: Node) -> tuple[int, int] | None:
        """Where `node` stands in the query, as a half-open range of code points, or None if it was never written."""
        start = node.get("query_location", NO_PLACE)
        if start == NO_PLACE:
            return None
        return self.span_of_bytes(start, node.get("query_location_length", 0))

    def span_of_bytes(self, start: int, length: int) -> tuple[int, int]:
        begin = code_point(self._encoded, self.query, start)
        return begin, max(code_point(self._encoded, self.query, start + length), begin)


def code_point(encoded: bytes | None, query: str, byte: int) -> int:
    """The code point at which UTF-8 byte `byte` of `query` stands; `encoded` is None for pure ASCII."""
    if encoded is None:
        return min(byte, len(query))
    return len(encoded[:byte].decode("utf-8", errors="ignore"))


def walk(tree: Any) -> Iterator[Node]:
    """Every node below `tree` (and itself), parents first, in the order of the text as far as DuckDB keeps it."""
    stack = [tree]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            yield item
            # What JSON gives is of these very types, and most values of a tree are empty.
            stack += [value for value in reversed(item.values()) if value and type(value) in CONTAINERS]
        elif isinstance(item, list):
            stack += reversed(item)


def outside_tables(item: Any, ctes: frozenset[str] = frozenset()) -> Iterator[Node]:
    """Every table reference that no CTE shadows, wherever it stands.

    A CTE is in sight of the CTEs after it and of the query it heads, never of itself unless it is recursive. A
    qualified name never means a CTE.
    """
    stack = [(item, ctes)]
    while stack:
        item, ctes = stack.pop()
        if isinstance(item, list):
            stack += [(part, ctes) for part in reversed(item) if type(part) in CONTAINERS]
            continue
        kind = item.get("type")
        if kind == "BASE_TABLE":
            path = item["qualified_name"]["path"]
            if len(path) > 1 or path[0].casefold() not in ctes:
                yield item
        below: list[tuple[Any, frozenset[str]]] = []
        for entry in (item.get("cte_map") or {}).get("map", ()):
            below.append((entry["value"], ctes))
            ctes |= {entry["key"].casefold()}
        if kind == "RECURSIVE_CTE_NODE":
            ctes |= {item["cte_name"].casefold()}
        for key, value in item.items():
            if value and type(value) in CONTAINERS and key != "cte_map":
                below.append((value, ctes))
        stack += reversed(below)


def parse_queries(connection: duckdb.DuckDBPyConnection, queries: Sequence[str]) -> list[Syntax | SqlProblem]:
    """The tree of each query, or why it is not one SELECT, in the order given. One round trip for all."""
    answers = serialized(connection, queries)
    return [judge(query, answer) for query, answer in zip(queries, answers, strict=True)]


def serialized(connection: duckdb.DuckDBPyConnection, queries: Sequence[str]) -> list[str]:
    """DuckDB's answer to each query as it comes, for `judge`: a hundredth of the size of the tree in it."""
    if not queries:
        return []
    answers = connection.execute("SELECT json_serialize_sql(unnest($1::VARCHAR[]))", [list(queries)]).fetchall()
    return [answer for (answer,) in answers]


def judge(query: str, text: str) -> Syntax | SqlProblem:
    """The tree of a query, or why it is not one SELECT, from DuckDB's answer."""
    answer = json.loads(text)
    encoded = None if query.isascii() else query.encode()
    if answer["error"]:
        if answer["error_type"] == "not implemented":
            return _refused(query, str(answer["error_message"]))
        location = json.loads(answer["location"]) if "location" in answer else [0, 0]
        place = code_point(encoded, query, location[0])
        return syntax_problem(query, str(answer["error_message"]), place)
    statements = answer.get("statements") or []
    if not statements:
        return SqlProblem("VP306", "The query is empty.", 0, len(query), fix="Write one SELECT.")
    if len(statements) > 1:
        start, end = _second_statement(query, encoded, statements)
        return SqlProblem(
            "VP306",
            f"The query holds {len(statements)} statements. An asset is the result of one SELECT.",
            start,
            end,
            fix="Make an asset of each statement, or move the first ones into a WITH clause.",
        )
    node = statements[0]["node"]
    syntax = Syntax(query, node, tuple(walk(node)), encoded)
    return _shows_instead_of_selecting(syntax) or syntax


def _refused(query: str, message: str) -> SqlProblem:
    """DuckDB's serialiser takes SELECT only: say which other thing it met."""
    match = _FIRST_WORD.match(query)
    verb = match.group(1) if match else ""
    start, end = match.span(1) if match else (0, len(query))
    pivot = _PIVOT.search(query)
    if "parameter" in message.lower():
        return SqlProblem(
            "VP308",
            "Parameters are named, as in `$start`; numbered and unnamed ones cannot be filled.",
            0,
            len(query),
            fix="Write `$name` for each parameter.",
        )
    if verb.lower() in _READ_VERBS and pivot:
        return SqlProblem(
            "VP312",
            "This PIVOT takes its columns from the data, so the columns of the result are known only after it ran.",
            *pivot.span(),
            fix="List the values, as in `PIVOT t ON month IN (1, 2, 3) USING sum(amount)`.",
        )
    return SqlProblem(
        "VP306",
        f"`{verb.upper()}` is not a SELECT. An asset's query only reads; writing its result is our work.",
        start,
        end,
        fix="Write the SELECT whose result is the asset.",
    )


def _second_statement(query: str, encoded: bytes | None, statements: Sequence[Node]) -> tuple[int, int]:
    places = [node["query_location"] for node in walk(statements[1]) if node.get("query_location", NO_PLACE) < NO_PLACE]
    inside = code_point(encoded, query, min(places)) if places else len(query)
    semicolon = query.rfind(";", 0, inside)
    start = semicolon + 1 if semicolon >= 0 else inside
    start += len(query[start:]) - len(query[start:].lstrip())
    return start, len(query.rstrip())


def _shows_instead_of_selecting(syntax: Syntax) -> SqlProblem | None:
    for node in syntax.nodes:
        if node.get("type") == "SHOW_REF":
            match = _FIRST_WORD.match(syntax.query)
            return SqlProblem(
                "VP306",
                "DESCRIBE, SHOW and SUMMARIZE tell about tables; an asset's query selects rows.",
                *(match.span(1) if match else (0, len(syntax.query))),
                fix="Write a SELECT; `vp show ASSET` tells an asset's columns.",
            )
    return None
