"""Fetches the rows of a query as Python values, without what DuckDB would need for times with a time zone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from typing import Any

import duckdb

from vibepiper_interpreter.run.trials.compare import Table

_MOMENT = "TIMESTAMP WITH TIME ZONE"


def fetch(connection: duckdb.DuckDBPyConnection, query: str) -> Table:
    """The columns and rows of `query`, in a session whose time zone is UTC. Where a time with a time zone lies inside
    of something else, that is text."""
    columns = tuple((row[0], row[1]) for row in connection.execute(f"DESCRIBE {query}").fetchall())
    # DuckDB gives such times by way of a package that nothing else needs.
    chosen = ", ".join(_plain(number, kind) for number, (_, kind) in enumerate(columns, 1))
    readers = [_reader(kind) for _, kind in columns]
    rows = connection.execute(f"SELECT {chosen} FROM ({query}\n)").fetchall()
    return Table(columns, tuple(tuple(map(_read, readers, row)) for row in rows))


def _plain(number: int, kind: str) -> str:
    if kind == _MOMENT:
        return f"CAST(#{number} AS TIMESTAMP)"
    return f"CAST(#{number} AS VARCHAR)" if _MOMENT in kind else f"#{number}"


def _reader(kind: str) -> Callable[[Any], Any] | None:
    return (lambda value: value.replace(tzinfo=UTC)) if kind == _MOMENT else None


def _read(reader: Callable[[Any], Any] | None, value: Any) -> Any:
    return value if reader is None or value is None else reader(value)
