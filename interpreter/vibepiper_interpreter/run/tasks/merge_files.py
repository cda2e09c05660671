"""Merges the rows of files as if each file came by itself, one after the other: the later one counts."""

from __future__ import annotations

from collections.abc import Sequence

from vibepiper_interpreter.compile.build_settings import Merge
from vibepiper_interpreter.engines.duckdb.session import literal, quote
from vibepiper_interpreter.run.session import RunSession
from vibepiper_interpreter.run.tasks.deltas import Brought, Incoming, bring_in
from vibepiper_interpreter.run.tasks.merge_in_order import merge_one_by_one
from vibepiper_interpreter.run.tasks.staging import Folder
from vibepiper_interpreter.run.tasks.task import Task
from vibepiper_interpreter.storage.version import SourceFile


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
    return merge_one_by_one(
        session,
        task,
        folder,
        given,
        [
            Incoming(
                f"(SELECT {names} FROM {rows} AS came WHERE {quote(file_column)} = {literal(path)} "
                f"{_last(task, settings)})",
                given,
            )
            for path in paths
        ],
        task.base,
    )


def _last(task: Task, settings: Merge, *order: str) -> str:
    """The clause that no row of the same key comes after this one. Equal ones are told where they are merged."""
    column = None if task.asset.cursor is None else task.asset.cursor.column
    by = [*order, *([] if column is None else [f"came.{quote(column)} DESC"])]
    if not by:
        return ""
    keys = ", ".join(f"came.{quote(name)}" for name in settings.key)
    return f"QUALIFY rank() OVER (PARTITION BY {keys} ORDER BY {', '.join(by)}) = 1"
