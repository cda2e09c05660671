"""Makes a version of what is built by going on: stages what comes, and brings it into what is published."""

from __future__ import annotations

from vibepiper_interpreter.compile.table_columns import table_columns
from vibepiper_interpreter.run.session import RunSession
from vibepiper_interpreter.run.tasks.build_python import python_rows
from vibepiper_interpreter.run.tasks.build_sql import sql_rows
from vibepiper_interpreter.run.tasks.deltas import Incoming, bring_in
from vibepiper_interpreter.run.tasks.staging import Content, Folder, stage_content
from vibepiper_interpreter.run.tasks.task import Task
from vibepiper_interpreter.storage.table_query import files_query
from vibepiper_interpreter.storage.version import Version
from vibepiper_interpreter.storage.version_key import continues, version_key

_INCOMING = "incoming.parquet"


class _Unchanged(Exception):
    """Nothing that came changes anything."""


def build_delta(session: RunSession, task: Task) -> Version | None:
    """The published version with what is new brought in, or the first one. None where that changes nothing."""
    rows_of = python_rows if task.asset.kind == "python" else sql_rows

    def make(folder: Folder) -> Content:
        file, path = folder.named(_INCOMING)
        with rows_of(session, task) as rows:
            part = rows.write(file, path)
            given = tuple(rows.columns())
        incoming = Incoming(files_query(session.storage, [part]), given, part)
        brought = bring_in(session, task, folder, task.base, incoming)
        file.unlink(missing_ok=True)
        if brought is None:
            raise _Unchanged
        return Content(brought.parts, table_columns(given, task.asset.settings), brought.rows)

    try:
        more = () if task.base is None else (continues(task.base.id),)
        key = version_key(task.asset, task.input_versions(), (), more)
        return stage_content(session, task, make, key=key)
    except _Unchanged:
        return None
