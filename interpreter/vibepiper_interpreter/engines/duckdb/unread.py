"""Common table expressions that a query does not read. DuckDB binds only what is read, so here they are read for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from vibepiper_interpreter.engines.duckdb.syntax import Node, walk
from vibepiper_spec.address import Address

# A query that any other can be made of. Its WHERE joins two conditions, the second of which reads a table.
TEMPLATE = "SELECT 1 AS one WHERE true AND EXISTS (SELECT * FROM unread)"


def unread(node: Node) -> list[tuple[Node, str, Node]]:
    """What nothing else in the query names: the query that declares it, its name, and itself."""
    declared: list[tuple[Node, str, Node]] = []
    everywhere: Counter[str] = Counter()
    for each in walk(node):
        if "cte_map" in each:
            declared += ((each, entry["key"], entry["value"]) for entry in _entries(each))
        elif each.get("type") == "BASE_TABLE" and len(path := each["qualified_name"]["path"]) == 1:
            everywhere[path[0].casefold()] += 1
    return [
        (owner, name, value)
        for owner, name, value in declared
        if everywhere[name.casefold()] == _times_named(name, value)
    ]


def read_unread(tree: Any, template: Mapping[str, Any]) -> bool:
    """Let the queries of `tree` read what they declare and do not read; whether there was any.

    Before: `WITH u AS (…) SELECT a FROM t WHERE c`; after: `WITH u AS (…) SELECT a FROM t WHERE c AND EXISTS (FROM u)`.
    """
    found = [(_first_select(owner, name), name) for owner, name, _ in unread(tree)]
    for select, name in found:
        if select is not None:
            select["where_clause"] = _and_exists(select["where_clause"], name, template)
    return any(select is not None for select, _ in found)


def only_known(node: Node, known: Collection[Address], template: Mapping[str, Any]) -> dict[str, Any] | None:
    """A query that declares what `node` does, as far as that reads nothing but `known` assets; None if that is nothing.

    The tables of `node` are qualified. What is declared at the head of a query sees nothing of what is around it.
    """
    unknown: set[str] = set()
    kept = []
    for entry in _entries(node):
        tables = [each["qualified_name"]["path"] for each in walk(entry["value"]) if each.get("type") == "BASE_TABLE"]
        if all(
            Address(path[-2].lower(), path[-1].lower()) in known if len(path) > 1 else path[0].casefold() not in unknown
            for path in tables
        ):
            kept.append(entry)
        else:
            unknown.add(entry["key"].casefold())
    if not kept:
        return None
    return {**template, "where_clause": None, "cte_map": {**template["cte_map"], "map": kept}}


def _entries(node: Node) -> Iterator[Node]:
    yield from (node.get("cte_map") or {}).get("map", ())


def _times_named(name: str, node: Node) -> int:
    """How often a name without a schema stands where a table is read."""
    paths = (each["qualified_name"]["path"] for each in walk(node) if each.get("type") == "BASE_TABLE")
    return sum(len(path) == 1 and path[0].casefold() == name.casefold() for path in paths)


def _first_select(owner: Any, name: str) -> dict[str, Any] | None:
    """The first SELECT below `owner` in which `name` is what `owner` declares it to be."""
    node: dict[str, Any] = owner
    while node["type"] != "SELECT_NODE":
        node = node["left"] or node["children"][0]
        if name.casefold() in (entry["key"].casefold() for entry in _entries(node)):
            return None
    return node


def _and_exists(condition: Any, name: str, template: Mapping[str, Any]) -> dict[str, Any]:
    both = dict(template["where_clause"])
    always, exists = both["children"]
    exists = {**exists, "subquery": {**exists["subquery"], "node": _reading(exists["subquery"]["node"], name)}}
    return {**both, "children": [condition or always, exists]}


def _reading(select: Mapping[str, Any], name: str) -> dict[str, Any]:
    table = {**select["from_table"], "table_name": name, "qualified_name": {"path": [name]}}
    return {**select, "from_table": table}
