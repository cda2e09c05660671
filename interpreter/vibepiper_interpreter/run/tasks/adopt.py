"""Takes Parquet files over as they are: they become the parts of a version."""

from __future__ import annotations

import hashlib
from pathlib import Path

from vibepiper_interpreter.compile.compiled import Column
from vibepiper_interpreter.engines.duckdb.session import literal
from vibepiper_interpreter.run.failures import changed_before_taken_over
from vibepiper_interpreter.run.session import RunSession
from vibepiper_interpreter.run.tasks.staging import Content, Folder, stage_content
from vibepiper_interpreter.run.tasks.task import Task
from vibepiper_interpreter.storage.adopted import adopted_key, differences, do_not_fit
from vibepiper_interpreter.storage.version import Part, SourceFile, Version
from vibepiper_spec.diagnostics import DiagnosticError

_AT_ONCE = 1 << 20  # bytes


def adopt(session: RunSession, task: Task) -> Version:
    """A version of the files that the plan lists, byte by byte. VP505 where one is not what it was; VP532.

    They are copied, and not linked: whoever writes to the old file later would write into the version.
    """
    files = task.action.adopts

    def take(folder: Folder) -> Content:
        parts: list[Part] = []
        columns: tuple[Column, ...] = task.asset.columns
        for number, file in enumerate(files):
            target, path = folder.part(number)
            _copy(session, task, file, target)
            columns, rows = _look_into(session, target)
            if found := differences(task.asset, columns):
                raise DiagnosticError(do_not_fit(task.asset, [f"`{file.path}`: {each}" for each in found]))
            parts.append(Part(path, rows, file.size, checksum=file.sha256))
        return Content(tuple(parts), columns, sum(part.rows for part in parts))

    return stage_content(session, task, take, key=adopted_key(task.asset, task.input_versions(), files))


def _copy(session: RunSession, task: Task, file: SourceFile, target: Path) -> None:
    digest = hashlib.sha256()
    try:
        with (session.root / file.path).open("rb") as source, target.open("wb") as copy:
            while block := source.read(_AT_ONCE):
                digest.update(block)
                copy.write(block)
    except FileNotFoundError as error:
        raise DiagnosticError(
            changed_before_taken_over(task.asset, file.path, "has vanished since the plan was made")
        ) from error
    if digest.hexdigest() != file.sha256:
        raise DiagnosticError(changed_before_taken_over(task.asset, file.path, "has changed since the plan was made"))


def _look_into(session: RunSession, file: Path) -> tuple[tuple[Column, ...], int]:
    """The columns of a file in the storage, and its rows."""
    relation = f"read_parquet([{literal(str(file))}], hive_partitioning = false)"
    cursor = session.new_cursor()
    described = cursor.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    [(rows,)] = cursor.execute(f"SELECT count(*) FROM {relation}").fetchall()
    return tuple(Column(row[0], row[1]) for row in described), rows
