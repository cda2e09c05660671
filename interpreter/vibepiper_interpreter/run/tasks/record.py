"""Records what is published anew: a new version of the same rows, in the same files."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from vibepiper_interpreter.compile.build_settings import Merge
from vibepiper_interpreter.run.session import RunSession
from vibepiper_interpreter.run.tasks.deltas.keys import require_keys
from vibepiper_interpreter.run.tasks.task import Task
from vibepiper_interpreter.storage import new_version_id
from vibepiper_interpreter.storage.manifest import write_manifest
from vibepiper_interpreter.storage.table_query import table_query
from vibepiper_interpreter.storage.version import Version
from vibepiper_interpreter.storage.version_key import records, version_key


def record(session: RunSession, task: Task, kept: Version) -> Version:
    """`kept`, which is right for the inputs of `task`, as a version of its own. No row is written.

    It says what it is like any version made now, so that another environment finds it. What was built bit by bit does
    not follow from its inputs alone, and is told apart by what it goes on with.
    """
    _require_fit(session, task, kept)
    more = () if task.asset.settings is None else (records(kept.key),)
    inputs = task.input_versions()
    version = replace(
        kept,
        rows=_count(session, kept) if task.action.takes else kept.rows,
        id=new_version_id(),
        key=version_key(task.asset, inputs, kept.source_files, more),
        inputs=inputs,
        run_id=session.run_id,
        created_at=datetime.now(UTC),
        continues=kept.id,
    )
    if version.parts:
        directory = session.storage.directory(version.address, version.id)
        directory.mkdir(parents=True)
        write_manifest(directory, version)
    return version


def _require_fit(session: RunSession, task: Task, kept: Version) -> None:
    """VP520, VP521 where rows that were not merged before have no key of their own, as where they are merged."""
    settings = task.asset.settings
    if isinstance(settings, Merge) and any(reason.code == "build" for reason in task.action.reasons):
        rows = f"({table_query(kept, session.storage)})"
        require_keys(session.cursor(), task.asset, settings.key, rows)


def _count(session: RunSession, kept: Version) -> int:
    [(rows,)] = session.cursor().execute(f"SELECT count(*) FROM ({table_query(kept, session.storage)})").fetchall()
    return int(rows)
