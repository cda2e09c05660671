"""Makes a version of a file source: its rows, or, read in place, only the identity of its files."""

from __future__ import annotations

from pathlib import Path

import duckdb

from vibepiper_interpreter.compile.compiled import CompiledAsset, FileDefinition
from vibepiper_interpreter.connectors.file import list_files, read_expression
from vibepiper_interpreter.engines.duckdb.copy import copy_statement, copy_to_parquet
from vibepiper_interpreter.run.failures import changed_while_read, engine_diagnostic
from vibepiper_interpreter.run.session import RunSession
from vibepiper_interpreter.run.tasks.staging import Rows, stage, virtual
from vibepiper_interpreter.run.tasks.task import Task
from vibepiper_interpreter.storage.version import Part, SourceFile, Version
from vibepiper_spec.diagnostics import DiagnosticError

_VANISHED = "has vanished since the plan was made"


def build_source(session: RunSession, task: Task) -> Version:
    """Read the very files that the plan lists; newer ones wait for the next plan."""
    files = planned_files(session, task)
    if task.asset.build == "view":
        return virtual(session, task, files)
    return stage(session, task, file_rows(session, task, files), files)


def planned_files(session: RunSession, task: Task) -> tuple[SourceFile, ...]:
    """The files that the plan lists, as they are here: the same content, or VP505."""
    return _as_planned(session.root, task.asset, _definition(task.asset), task.action.source_files)


def _definition(asset: CompiledAsset) -> FileDefinition:
    if not isinstance(asset.definition, FileDefinition):
        raise ValueError(f"{asset.address} is no file source")
    return asset.definition


def file_rows(session: RunSession, task: Task, files: tuple[SourceFile, ...]) -> Rows:
    """The rows of `files`."""
    asset, definition = task.asset, _definition(task.asset)
    before = _identities(session.root, asset, files)

    def write(file: Path, part_path: str) -> Part:
        query = f"SELECT * FROM {read_expression(session.root, definition, files)}"
        statement = copy_statement(query, file, asset.given_columns, asset.order_by)
        try:
            part = copy_to_parquet(session.cursor(), statement, part_path)
        except duckdb.Error as error:
            # A file that was cut short while it was read looks like a broken row: the change is the cause to name.
            _require_same(session.root, asset, files, before)
            raise DiagnosticError(engine_diagnostic(session, asset, error)) from error
        _require_same(session.root, asset, files, before)
        return part

    return Rows(write, lambda: asset.given_columns)


def _as_planned(
    root: Path, asset: CompiledAsset, definition: FileDefinition, planned: tuple[SourceFile, ...]
) -> tuple[SourceFile, ...]:
    """The planned files as they are here: same content; in another checkout their times may differ."""
    try:
        present = {file.path: file for file in list_files(root, definition)}
    except DiagnosticError as error:
        gone = next((file.path for file in planned if not (root / file.path).is_file()), planned[0].path)
        raise DiagnosticError(changed_while_read(asset, gone, _VANISHED)) from error
    files = []
    for file in planned:
        found = present.get(file.path)
        if found is None:
            raise DiagnosticError(changed_while_read(asset, file.path, _VANISHED))
        if (found.size, found.sha256) != (file.size, file.sha256):
            raise DiagnosticError(changed_while_read(asset, file.path, "has changed since the plan was made"))
        files.append(found)
    return tuple(files)


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
