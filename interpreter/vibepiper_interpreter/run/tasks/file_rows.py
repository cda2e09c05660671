"""The rows of files, read whole or not at all: a file that changes meanwhile fails the task."""

from __future__ import annotations

from pathlib import Path

import duckdb

from vibepiper_interpreter.compile.compiled import Column, CompiledAsset, FileDefinition
from vibepiper_interpreter.connectors.file import read_expression
from vibepiper_interpreter.connectors.file.broken_rows import row_diagnostic
from vibepiper_interpreter.connectors.file.first_broken_value import first_broken_value
from vibepiper_interpreter.connectors.file.lacking import read_what_is_there
from vibepiper_interpreter.engines.duckdb.copy import copy_statement, copy_to_parquet
from vibepiper_interpreter.run.failures import changed_while_read, declared_at, engine_diagnostic
from vibepiper_interpreter.run.session import RunSession
from vibepiper_interpreter.run.tasks.staging import Rows
from vibepiper_interpreter.run.tasks.task import Task
from vibepiper_interpreter.storage.version import Part, SourceFile
from vibepiper_spec.diagnostics import DiagnosticError


def file_rows(session: RunSession, task: Task, files: tuple[SourceFile, ...], file_column: str | None = None) -> Rows:
    """The rows of `files`; with a column more that holds the path of its file, if that gets a name."""
    asset, definition = task.asset, _definition(task.asset)
    before = _identities(session.root, asset, files)

    def write(file: Path, part_path: str) -> Part:
        cursor = session.cursor()
        try:
            if asset.settings is None:
                relation = read_expression(session.root, definition, files)
            else:
                relation = read_what_is_there(cursor, session.root, definition, files, file_column)
            columns = asset.given_columns
            if file_column is not None:
                columns = (*columns, Column(file_column, "VARCHAR"))
            statement = copy_statement(f"SELECT * FROM {relation}", file, columns, asset.order_by)
            part = copy_to_parquet(cursor, statement, part_path)
        except duckdb.Error as error:
            # A file that was cut short while it was read looks like a broken row: the change is the cause to name.
            _require_same(session.root, asset, files, before)
            told = engine_diagnostic(session, asset, error)
            if told.code == "VP504" and definition.format == "json":
                row = first_broken_value(cursor, session.root, definition, files)
                told = told if row is None else row_diagnostic(row, declared_at(asset))
            raise DiagnosticError(told) from error
        _require_same(session.root, asset, files, before)
        return part

    return Rows(write, lambda: asset.given_columns)


def _definition(asset: CompiledAsset) -> FileDefinition:
    if not isinstance(asset.definition, FileDefinition):
        raise ValueError(f"{asset.address} is no file source")
    return asset.definition


def _identities(root: Path, asset: CompiledAsset, files: tuple[SourceFile, ...]) -> list[tuple[int, ...]]:
    """What changes when a file is written to or replaced."""
    identities: list[tuple[int, ...]] = []
    for file in files:
        try:
            found = (root / file.path).stat()
        except OSError as error:
            raise DiagnosticError(changed_while_read(asset, file.path, "vanished while it was read")) from error
        identities.append((found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino))
    return identities


def _require_same(
    root: Path, asset: CompiledAsset, files: tuple[SourceFile, ...], before: list[tuple[int, ...]]
) -> None:
    for file, was, now in zip(files, before, _identities(root, asset, files), strict=True):
        if was != now:
            raise DiagnosticError(changed_while_read(asset, file.path, "changed while it was read"))
