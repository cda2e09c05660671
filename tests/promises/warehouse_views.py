"""What a warehouse file shows, as any client of DuckDB sees it, by a connection that is there already.

To make a connection takes longer than to read the few rows of a walk.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb


def quick_connection() -> duckdb.DuckDBPyConnection:
    """For a handful of rows, on which more threads cost more than they win."""
    connection = duckdb.connect(config={"threads": 1})
    connection.execute("set TimeZone = 'UTC'")
    return connection


@contextmanager
def warehouse(connection: duckdb.DuckDBPyConnection, file: Path) -> Iterator[None]:
    """Within it, the views of `file` are in the catalog `warehouse`, and names are looked for there."""
    connection.execute(f"attach '{file}' as warehouse (read_only)")
    try:
        connection.execute("use warehouse")
        yield
    finally:
        connection.execute("use memory")
        connection.execute("detach warehouse")
