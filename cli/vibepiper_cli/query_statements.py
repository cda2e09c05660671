"""Lets only statements pass that read: the engine may reach published files, and must not write there."""

from __future__ import annotations

import re
from collections.abc import Iterator

import duckdb

from vibepiper_cli.query_errors import place_in_query
from vibepiper_spec.diagnostics import Diagnostic, Fix

_COMMENTS = r"(?:\s|--[^\n]*(?:\n|$)|/\*.*?\*/)*"
_FIRST_WORD = re.compile(rf"{_COMMENTS}\(*([A-Za-z]+)", re.DOTALL)
# EXPLAIN ANALYZE runs what it explains.
_EXPLAIN = re.compile(
    rf"{_COMMENTS}explain\b(?:{_COMMENTS}analy[sz]e\b)?(?:{_COMMENTS}\([^)]*\))?", re.IGNORECASE | re.DOTALL
)
# A PIVOT that looks for its columns first is several statements to DuckDB.
_PIVOTS = ("pivot", "pivot_wider", "from", "with", "select")


def writing_statement(sql: str) -> Diagnostic | None:
    """VP306 for the first statement of `sql` that does more than read, and for a second one; None for what does not
    parse, too."""
    try:
        statements = duckdb.extract_statements(sql)
    except duckdb.Error:
        return None
    end = 0
    for number, statement in enumerate(statements, 1):
        text = statement.query.strip()  # whether a blank before it belongs to it differs by version of DuckDB
        start = sql.index(text, end)
        end = start + len(text)
        if not _reads(statement):
            word = _FIRST_WORD.match(text)
            span = (start, end) if word is None else (start + word.start(1), start + word.end(1))
            return Diagnostic(
                "VP306",
                f"`{sql[slice(*span)].upper()}` does more than read, and what is published is made by specs alone.",
                place_in_query(sql, *span),
                fix=Fix(
                    "Write a SELECT, or DESCRIBE, SUMMARIZE, SHOW or EXPLAIN of one; `--format csv` writes a file."
                ),
            )
        if number > 1:
            return Diagnostic(
                "VP306",
                f"There are {len(statements)} statements, and the rows of one are shown.",
                place_in_query(sql, start, end),
                fix=Fix("Run one after the other, or join their rows with UNION ALL BY NAME."),
            )
    return None


def _reads(statement: duckdb.Statement) -> bool:
    match statement.type:
        case duckdb.StatementType.SELECT:
            return True
        case duckdb.StatementType.MULTI:
            word = _FIRST_WORD.match(statement.query)
            return word is not None and word[1].lower() in _PIVOTS
        case duckdb.StatementType.EXPLAIN:
            return all(_reads(explained) for explained in _explained(statement.query))
    return False


def _explained(query: str) -> Iterator[duckdb.Statement]:
    head = _EXPLAIN.match(query)
    if head is not None:
        yield from duckdb.extract_statements(query[head.end() :])
