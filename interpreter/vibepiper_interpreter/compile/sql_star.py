"""The columns that a star in a select list stands for."""

from __future__ import annotations

from vibepiper_interpreter.compile.sql_expressions import Expressions
from vibepiper_interpreter.compile.sql_meaning import NamedMeaning, Scope
from vibepiper_interpreter.engines.duckdb.syntax import Node


def expand_star(node: Node, scope: Scope, expressions: Expressions) -> list[NamedMeaning] | None:
    """`*` or `t.*` with EXCLUDE, REPLACE and RENAME as single columns; None where they cannot be told one by one."""
    if node["columns"] or node["expr"] is not None:
        return None
    table = node["relation_name"].casefold()
    if table:
        entry = next((entry for entry in scope.source.entries if entry.alias.casefold() == table), None)
        if entry is None or entry.relation.unlisted is not None:
            return None
        columns = [column._replace(table=table) for column in entry.relation.columns]
    elif scope.source.unlisted:
        return None
    else:
        columns = list(scope.source.star)
    if node["qualified_exclude_list"] and scope.source.merged:
        return None
    excluded = {name.casefold() for name in node["exclude_list"]}
    excluded_of = {(each["table"].casefold(), each["column"].casefold()) for each in node["qualified_exclude_list"]}
    replaced = {entry["key"].casefold(): entry["value"] for entry in node["replace_list"]}
    renamed = {entry["key"]["column"].casefold(): entry["value"] for entry in node["rename_list"]}
    found = []
    for column in columns:
        folded = (column.name or "").casefold()
        if folded in excluded or (column.table, folded) in excluded_of:
            continue
        if folded in replaced:
            column = column._replace(meaning=expressions.meaning(replaced[folded], scope))
        if folded in renamed:
            column = column._replace(name=renamed[folded])
        found.append(column)
    return found
