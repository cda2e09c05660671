"""Makes a version of a file source: its rows, or, read in place, only the identity of its files."""

from __future__ import annotations

from pathlib import Path

from vibepiper_interpreter.compile.compiled import CompiledAsset
from vibepiper_interpreter.connectors.file import identify_files
from vibepiper_interpreter.run.failures import changed_while_read
from vibepiper_interpreter.run.session import RunSession
from vibepiper_interpreter.run.tasks.extend_source import read_on
from vibepiper_interpreter.run.tasks.file_rows import file_rows
from vibepiper_interpreter.run.tasks.staging import stage, virtual
from vibepiper_interpreter.run.tasks.task import Task
from vibepiper_interpreter.storage.version import SourceFile, Version
from vibepiper_spec.diagnostics import DiagnosticError

_VANISHED = "has vanished since the plan was made"


def build_source(session: RunSession, task: Task) -> Version:
    """Read the very files that the plan lists; newer ones wait for the next plan."""
    files = planned_files(session, task)
    if task.asset.build == "view":
        return virtual(session, task, files)
    if task.asset.settings is not None:
        return read_on(session, task, files)
    return stage(session, task, file_rows(session, task, files), files)


def planned_files(session: RunSession, task: Task) -> tuple[SourceFile, ...]:
    """The files that the plan lists, as they are here: the same content, or VP505."""
    return _as_planned(session.root, task.asset, task.action.source_files)


def _as_planned(root: Path, asset: CompiledAsset, planned: tuple[SourceFile, ...]) -> tuple[SourceFile, ...]:
    """The planned files as they are here: same content; in another checkout their times may differ."""
    for file in planned:
        if not (root / file.path).is_file():
            raise DiagnosticError(changed_while_read(asset, file.path, _VANISHED))
    present = identify_files(root, [file.path for file in planned])
    for file, found in zip(planned, present, strict=True):
        if (found.size, found.sha256) != (file.size, file.sha256):
            raise DiagnosticError(changed_while_read(asset, file.path, "has changed since the plan was made"))
    return present
