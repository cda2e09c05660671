"""Makes a version of what is built by going on: stages what comes, and brings it into what is published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vibepiper_interpreter.compile.build_settings import Append, Merge
from vibepiper_interpreter.compile.compiled import Column
from vibepiper_interpreter.compile.table_columns import table_columns
from vibepiper_interpreter.run.failures import other_columns
from vibepiper_interpreter.run.new_rows import new_rows, only_grows
from vibepiper_interpreter.run.session import RunSession
from vibepiper_interpreter.run.tasks.build_python import python_rows
from vibepiper_interpreter.run.tasks.build_sql import sql_rows
from vibepiper_interpreter.run.tasks.deltas import Incoming, bring_in
from vibepiper_interpreter.run.tasks.staging import EVERYTHING, Content, Folder, stage_content
from vibepiper_interpreter.run.tasks.task import Task
from vibepiper_interpreter.storage.table_query import files_query
from vibepiper_interpreter.storage.version import Version
from vibepiper_interpreter.storage.version_key import continues, version_key
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import DiagnosticError

_INCOMING = "incoming.parquet"


class _Unchanged(Exception):
    """Nothing that came changes anything."""


def build_delta(session: RunSession, task: Task) -> Version | None:
    """The published version with what is new brought in, or the first one. None where that changes nothing."""
    rows_of = python_rows if task.asset.kind == "python" else sql_rows
    base, shown = _base_and_shown(session, task)

    def make(folder: Folder) -> Content:
        file, path = folder.named(_INCOMING)
        with rows_of(session, task, shown=shown) as rows:
            part = rows.write(file, path)
            given = tuple(rows.columns())
        columns = table_columns(given, task.asset.settings)
        if base is not None and _kinds(base.columns) != _kinds(columns):
            raise DiagnosticError(other_columns(task.asset, base.columns, columns))
        incoming = Incoming(files_query(session.storage, [part]), given, part)
        brought = bring_in(session, task, folder, base, incoming)
        file.unlink(missing_ok=True)
        if brought is None:
            raise _Unchanged
        return Content(brought.parts, columns, brought.rows)

    try:
        more = () if task.base is None else (continues(task.base.id),)
        key = version_key(task.asset, task.input_versions(), (), more)
        return stage_content(session, task, make, key=key)
    except _Unchanged:
        return None


def _kinds(columns: Sequence[Column]) -> list[tuple[str, str]]:
    return [(column.name, column.type) for column in columns]


def _base_and_shown(session: RunSession, task: Task) -> tuple[Version | None, Mapping[Address, str]]:
    """What is gone on with, and what is seen of the inputs to which rows are only added: those that are new.

    Where that cannot be told of one of them there is nothing to go on with: all of it is seen, and the table made anew.
    """
    if task.base is None or not isinstance(task.asset.settings, Append | Merge):
        return task.base, EVERYTHING
    moved = {condition.input for condition in task.action.conditions}
    shown = {}
    for address, current in task.inputs.items():
        if only_grows(current):
            news = new_rows(session, current, task.confirmed.get(address) if address in moved else current)
            if news is None:
                message = f"made from nothing: what is new in `{address}` cannot be told, for it lost rows"
                session.say("log", task.asset.address, {"level": "warning", "message": message})
                return None, EVERYTHING
            shown[address] = news
    return task.base, shown
