"""Merges the rows of files as if each file came by itself, one after the other: the later one counts."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from vibepiper_interpreter.compile.build_settings import Merge
from vibepiper_interpreter.compile.compiled import Column
from vibepiper_interpreter.compile.table_columns import table_columns
from vibepiper_interpreter.engines.duckdb.session import literal, quote
from vibepiper_interpreter.run.session import RunSession
from vibepiper_interpreter.run.tasks.deltas import Brought, Incoming, bring_in
from vibepiper_interpreter.run.tasks.staging import Folder
from vibepiper_interpreter.run.tasks.task import Task
from vibepiper_interpreter.storage.version import SourceFile, Version


def merge_files(
    session: RunSession,
    task: Task,
    folder: Folder,
    settings: Merge,
    rows: str,
    file_column: str,
    files: Sequence[SourceFile],
) -> Brought | None:
    """The base with `rows` of `files` brought in; `file_column` holds the absolute path of a row's file.

    Within one file, of the rows with one key that with the greatest value of the cursor's column counts.
    """
    paths = [str(session.root.resolve() / file.path) for file in files]
    given = task.asset.given_columns
    names = ", ".join(quote(column.name) for column in given)
    if settings.update_columns is None or len(files) < 2:
        # What a key's last row does not say itself, no row before it can say: all others may be left out.
        listed = ", ".join(literal(path) for path in paths)
        numbers = f"SELECT unnest([{listed}]) AS path, unnest(range({len(paths)})) AS number"
        query = (
            f"SELECT {names} FROM {rows} AS came JOIN ({numbers}) AS file ON file.path = came.{quote(file_column)} "
            f"{_last(task, settings, 'file.number DESC')}"
        )
        return bring_in(session, task, folder, task.base, Incoming(f"({query})", given))
    return _one_by_one(
        session,
        task,
        folder,
        settings,
        [
            f"(SELECT {names} FROM {rows} AS came WHERE {quote(file_column)} = {literal(path)} {_last(task, settings)})"
            for path in paths
        ],
    )


def _last(task: Task, settings: Merge, *order: str) -> str:
    """The clause that no row of the same key comes after this one. Equal ones are told where they are merged."""
    column = None if task.asset.cursor is None else task.asset.cursor.column
    by = [*order, *([] if column is None else [f"came.{quote(column)} DESC"])]
    if not by:
        return ""
    keys = ", ".join(f"came.{quote(name)}" for name in settings.key)
    return f"QUALIFY rank() OVER (PARTITION BY {keys} ORDER BY {', '.join(by)}) = 1"


def _one_by_one(
    session: RunSession, task: Task, folder: Folder, settings: Merge, steps: Sequence[str]
) -> Brought | None:
    """Each file into what came out of those before: where only some columns change, all of them have their say."""
    columns = table_columns(task.asset.given_columns, settings)
    brought, base = None, task.base
    folders = [
        Folder(folder.directory / f"step-{number}", f"{folder.prefix}/step-{number}") for number in range(len(steps))
    ]
    for step, relation in zip(folders, steps, strict=True):
        step.directory.mkdir()
        found = bring_in(session, task, step, base, Incoming(relation, task.asset.given_columns))
        if found is not None:
            brought = found
            base = _between(session, task, base, columns, found)
    needed = set() if brought is None else {part.path.rpartition("/")[0] for part in brought.parts}
    for step in folders:
        if step.prefix not in needed:
            shutil.rmtree(step.directory)
    return brought


def _between(
    session: RunSession, task: Task, base: Version | None, columns: tuple[Column, ...], brought: Brought
) -> Version:
    """What is there between two files; nobody ever sees it."""
    if base is not None:
        return replace(base, parts=brought.parts, rows=brought.rows)
    return Version(
        id="",
        asset=task.asset,
        key="",
        inputs=(),
        columns=columns,
        parts=brought.parts,
        source_files=(),
        rows=brought.rows,
        bytes=0,
        seconds=0.0,
        peak_memory=None,
        run_id=session.run_id,
        created_at=datetime.now(UTC),
    )
