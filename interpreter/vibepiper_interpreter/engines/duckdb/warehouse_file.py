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


@dataclass(frozen=True, slots=True)
class ViewToWrite:
    """A view of the file. Bare names in `query` are views of the same schema."""

    schema: str
    name: str
    query: str


def write_views(
    file: Path, views: Sequence[ViewToWrite], *, before: Path | None, dropped: Collection[tuple[str, str]]
) -> list[ViewToWrite]:
    """Write `views`, in an order in which each comes after what it reads, to the new `file`; returns what failed.

    With `before`, an earlier such file, everything in it stays but what is `dropped` or among `views`.
    """
    if before is not None:
        shutil.copyfile(before, file)
    connection = duckdb.connect(":memory:", config={"python_enable_replacements": False})
    failed = []
    try:
        connection.execute(f"ATTACH {literal(str(file))} AS warehouse (STORAGE_VERSION '{_STORAGE_VERSION}')")
        for schema, name in dropped:
            connection.execute(f"DROP VIEW IF EXISTS warehouse.{quote(schema)}.{quote(name)}")
        for schema in dict.fromkeys(view.schema for view in views):
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS warehouse.{quote(schema)}")
        current = ""
        for view in views:
            if view.schema != current:
                current = view.schema
                connection.execute(f"SET search_path = {literal(f'warehouse.{quote(current)}')}")
            try:
                connection.execute(
                    f"CREATE OR REPLACE VIEW warehouse.{quote(view.schema)}.{quote(view.name)} AS {view.query}\n"
                )
            except duckdb.Error:
                failed.append(view)
        connection.execute("USE memory")
        connection.execute("CHECKPOINT warehouse")
        connection.execute("DETACH warehouse")
    finally:
        connection.close()
    return failed
