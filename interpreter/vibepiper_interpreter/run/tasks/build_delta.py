"""Makes a version of what is built by going on: stages what comes, and brings it into what is published."""

from __future__ import annotations

from collections.abc import Sequence

from vibepiper_interpreter.compile.compiled import Column
from vibepiper_interpreter.compile.table_columns import table_columns
from vibepiper_interpreter.run.bad_rows import other_columns
from vibepiper_interpreter.run.session import RunSession
from vibepiper_interpreter.run.tasks.build_python import python_rows
from vibepiper_interpreter.run.tasks.build_sql import sql_rows
from vibepiper_interpreter.run.tasks.deliveries import base_and_deliveries
from vibepiper_interpreter.run.tasks.deltas import Incoming
from vibepiper_interpreter.run.tasks.merge_in_order import bring_in_order
from vibepiper_interpreter.run.tasks.staging import Content, Folder, stage_content
from vibepiper_interpreter.run.tasks.task import Task
from vibepiper_interpreter.storage.table_query import files_query
from vibepiper_interpreter.storage.version import Version
from vibepiper_interpreter.storage.version_key import continues, version_key
from vibepiper_spec.diagnostics import DiagnosticError

_INCOMING = "incoming-{}.parquet"


class _Unchanged(Exception):
    """Nothing that came changes anything."""


def build_delta(session: RunSession, task: Task) -> Version | None:
    """The published version with what is new brought in, or the first one. None where that changes nothing."""
    rows_of = python_rows if task.asset.kind == "python" else sql_rows
    base, deliveries = base_and_deliveries(session, task)

    def make(folder: Folder) -> Content:
        came: list[Incoming] = []
        before = None if base is None else base.columns
        for number, delivery in enumerate(deliveries):
            with rows_of(session, task, shown=delivery.shown) as rows:
                part = rows.write(*folder.named(_INCOMING.format(number)))
                given = tuple(rows.columns())
            columns = table_columns(given, task.asset.settings)
            if before is not None and _kinds(before) != _kinds(columns):
                raise DiagnosticError(other_columns(task.asset, before, columns))
            before = columns
            came.append(Incoming(files_query(session.storage, [part]), given, part, delivery.at_once))
        brought = bring_in_order(session, task, folder, base, came)
        for number in range(len(came)):
            folder.named(_INCOMING.format(number))[0].unlink(missing_ok=True)
        if brought is None:
            raise _Unchanged
        return Content(brought.parts, columns, brought.rows)

    try:
        before = None if task.base is None else task.base.id
        more = () if before is None else (continues(before),)
        key = version_key(task.asset, task.input_versions(), (), more)
        return stage_content(session, task, make, key=key, continues=before)
    except _Unchanged:
        return None


def _kinds(columns: Sequence[Column]) -> list[tuple[str, str]]:
    return [(column.name, column.type) for column in columns]
