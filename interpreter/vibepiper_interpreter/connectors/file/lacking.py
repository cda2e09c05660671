"""Reads files that may lack columns of their source: each of them is NULL in their rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import duckdb

from vibepiper_interpreter.compile.compiled import FileDefinition
from vibepiper_interpreter.connectors.file.reading import BY_NAME, options_sql, paths_sql, read_expression
from vibepiper_interpreter.engines.duckdb.session import quote
from vibepiper_interpreter.storage.version import SourceFile


def read_what_is_there(
    cursor: duckdb.DuckDBPyConnection,
    root: Path,
    definition: FileDefinition,
    files: Sequence[SourceFile],
    file_column: str | None = None,
) -> str:
    """As `read_expression`, also where none of `files` has a column, or nothing is in them at all."""
    filled = [file for file in files if file.size]
    there = _columns(cursor, root, definition, filled)
    if there is None:
        return read_expression(root, definition, filled, file_column)
    spelled = {name.casefold(): name for name in there}
    types = [(spelled[name.casefold()], kind) for name, kind in definition.types if name.casefold() in spelled]
    values = ", ".join(
        f"{quote(spelled[name.casefold()]) if name.casefold() in spelled else f'CAST(NULL AS {kind})'} AS {quote(name)}"
        for name, kind in definition.types
    )
    if not types:
        nowhere = "" if file_column is None else f", '' AS {quote(file_column)}"
        return f"(SELECT {values}{nowhere} WHERE false)"
    from_file = "" if file_column is None else f", {quote(file_column)}"
    read = read_expression(root, replace(definition, types=tuple(types)), filled, file_column)
    return f"(SELECT {values}{from_file} FROM {read})"


def _columns(
    cursor: duckdb.DuckDBPyConnection, root: Path, definition: FileDefinition, files: Sequence[SourceFile]
) -> list[str] | None:
    """The columns that any of the files has; None where reading finds out by itself."""
    if not files:
        return []
    listed = paths_sql(root, files)
    options = dict(definition.options)
    if definition.format == "csv" and options.pop(BY_NAME, False):
        relation = f"read_csv({listed}, auto_detect = false, all_varchar = true, union_by_name = true"
        relation += f"{options_sql(options)})"
    elif definition.format == "parquet":
        relation = f"read_parquet({listed}, union_by_name = true, hive_partitioning = false)"
    else:
        return None
    return [row[0] for row in cursor.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()]
