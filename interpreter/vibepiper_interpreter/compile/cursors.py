"""What a cursor asks of the columns of a source: one that has an order, and a start that it can be compared with."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import duckdb

from vibepiper_interpreter.compile.compilation import Compilation
from vibepiper_interpreter.compile.compiled import Column
from vibepiper_interpreter.engines.duckdb.session import literal
from vibepiper_spec.diagnostics import Diagnostic, Fix, did_you_mean
from vibepiper_spec.load.loaded import DeclaredAsset
from vibepiper_spec.model.cursor import Cursor

TIMES = ("DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "TIMESTAMP_NS", "TIMESTAMP_MS", "TIMESTAMP_S")
_ORDERED = (*TIMES, "VARCHAR", "DOUBLE", "FLOAT", "UUID")


def judge_cursor(
    state: Compilation,
    declared: DeclaredAsset,
    cursor: Cursor | None,
    columns: tuple[Column, ...],
    connection: duckdb.DuckDBPyConnection,
) -> list[Diagnostic]:
    """VP302 where there is no such column, VP304 where its type does not do."""
    if cursor is None or cursor.column is None:
        return []

    def problem(code: str, detail: str, fix: str, key: str) -> list[Diagnostic]:
        return [Diagnostic(code, detail, state.loaded.locator.place(declared.origin, "cursor", key), fix=Fix(fix))]

    known = {column.name.casefold(): column for column in columns}
    column = known.get(cursor.column.casefold())
    if column is None:
        names = [column.name for column in columns]
        listed = ", ".join(f"`{name}`" for name in names[:12])
        detail = f"`{declared.address}` has no column `{cursor.column}`.{did_you_mean(cursor.column, names)}"
        return problem("VP302", detail, f"It has {listed}.", "column")
    is_time = column.type in TIMES
    is_number = column.type.endswith("INT") or column.type == "INTEGER" or column.type.startswith("DECIMAL(")
    if not (column.type in _ORDERED or is_number):
        detail = f"Column `{column.name}` is {column.type}, and a cursor needs a column that grows."
        return problem("VP304", detail, "Name a column of times, numbers or texts.", "column")
    if cursor.lag is not None and not is_time:
        detail = f"Column `{column.name}` is {column.type}, and a `lag` is a time."
        return problem("VP304", detail, "Remove `lag`, or name a column of dates or timestamps.", "lag")
    if cursor.start is not None:
        try:
            connection.execute(f"SELECT {start_sql(cursor.start, column)}").fetchall()
        except duckdb.Error:
            detail = f"Column `{column.name}` is {column.type}, and `{cursor.start}` is no {column.type}."
            return problem("VP304", detail, "Write a `start` of the column's type.", "start")
    return []


def start_sql(start: Any, column: Column) -> str:
    """`start` as a value of the column's type."""
    text = start.isoformat() if isinstance(start, date | datetime) else str(start)
    return f"CAST({literal(text)} AS {column.type})"
