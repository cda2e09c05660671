"""Writes a DuckDB file that holds nothing but views, for any DuckDB client to open."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from vibepiper_interpreter.engines.duckdb.session import literal, quote

# The oldest storage format there is, so that older clients can read the file.
_STORAGE_VERSION = "v1.0.0"
# Views are written one by one: more threads would only be woken for nothing.
_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "python_enable_replacements": False,
    "threads": 1,
    "async_threads": 0,
}


@dataclass(frozen=True, slots=True)
class ViewToWrite:
    """A view of the file. Where `reads_bare_names`, names in `query` are views of the file, bare ones of its schema."""

    schema: str
    name: str
    query: str
    reads_bare_names: bool


def write_views(
    file: Path, views: Sequence[ViewToWrite], *, before: Path | None, dropped: Collection[tuple[str, str]]
) -> list[ViewToWrite]:
    """Write `views`, in an order in which each comes after what it reads, to the new `file`; returns what failed.

    With `before`, an earlier such file, everything in it stays but what is `dropped` or among `views`.
    """
    if before is not None:
        shutil.copyfile(before, file)
    connection = duckdb.connect(":memory:", config=_CONFIG)
    failed: list[ViewToWrite] = []
    try:
        connection.execute(f"ATTACH {literal(str(file))} AS warehouse (STORAGE_VERSION '{_STORAGE_VERSION}')")
        for schema, name in dropped:
            connection.execute(f"DROP VIEW IF EXISTS warehouse.{quote(schema)}.{quote(name)}")
        for schema in dict.fromkeys(view.schema for view in views):
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS warehouse.{quote(schema)}")
        # One transaction writes one log; a view that fails ends it, and then each view has its own.
        connection.execute("BEGIN")
        try:
            for view in views:
                _write_view(connection, view)
            connection.execute("COMMIT")
        except duckdb.Error:
            connection.execute("ROLLBACK")
            failed = [view for view in views if not _succeeds(connection, view)]
        connection.execute("USE memory")
        connection.execute("CHECKPOINT warehouse")
        connection.execute("DETACH warehouse")
    finally:
        connection.close()
    return failed


def _write_view(connection: duckdb.DuckDBPyConnection, view: ViewToWrite) -> None:
    if view.reads_bare_names:
        connection.execute(f"SET search_path = {literal(f'warehouse.{quote(view.schema)}')}")
    name = f"warehouse.{quote(view.schema)}.{quote(view.name)}"
    connection.execute(f"CREATE OR REPLACE VIEW {name} AS {view.query}\n")


def _succeeds(connection: duckdb.DuckDBPyConnection, view: ViewToWrite) -> bool:
    try:
        _write_view(connection, view)
    except duckdb.Error:
        return False
    return True
