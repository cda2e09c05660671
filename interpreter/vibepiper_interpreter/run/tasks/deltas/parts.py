"""Writes the parts of a version that is being made, and takes back those that it does without."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import duckdb

from vibepiper_interpreter.engines.duckdb.copy import copy_statement, copy_to_parquet
from vibepiper_interpreter.run.tasks.staging import Folder
from vibepiper_interpreter.storage.version import Part, PartRole

BASE = "part-0.parquet"


def write_part(
    cursor: duckdb.DuckDBPyConnection,
    folder: Folder,
    query: str,
    name: str,
    role: PartRole = "rows",
    order_by: Sequence[str] = (),
) -> Part:
    """A part with the rows of `query`, of types that come back from Parquet as they are."""
    file, path = folder.named(name)
    return replace(copy_to_parquet(cursor, copy_statement(query, file, order_by=order_by), path), role=role)


def rename_part(folder: Folder, part: Part, name: str) -> Part:
    """The same part under another name."""
    file, path = folder.named(name)
    (folder.directory / Path(part.path).name).rename(file)
    return replace(part, path=path)


def drop_part(folder: Folder, name: str) -> None:
    """Delete a file that is no part of the version after all."""
    (folder.directory / name).unlink(missing_ok=True)
