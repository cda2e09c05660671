"""Records what is published anew: a new version of the same rows, in the same files."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from vibepiper_interpreter.run.session import RunSession
from vibepiper_interpreter.run.tasks.task import Task
from vibepiper_interpreter.storage import new_version_id
from vibepiper_interpreter.storage.manifest import write_manifest
from vibepiper_interpreter.storage.version import Version
from vibepiper_interpreter.storage.version_key import version_key


def record(session: RunSession, task: Task, kept: Version) -> Version:
    """`kept`, which is right for the inputs of `task`, as a version of its own. No row is read or written.

    It says what it is like any version made now, so that another environment finds it. What was built bit by bit does
    not follow from its inputs alone, and is told apart by what it goes on with.
    """
    more = () if task.asset.settings is None else (f"recorded {kept.key}",)
    inputs = task.input_versions()
    version = replace(
        kept,
        id=new_version_id(),
        key=version_key(task.asset, inputs, kept.source_files, more),
        inputs=inputs,
        run_id=session.run_id,
        created_at=datetime.now(UTC),
    )
    if version.parts:
        directory = session.storage.directory(version.address, version.id)
        directory.mkdir(parents=True)
        write_manifest(directory, version)
    return version
