"""The version of an asset that holds given slices."""

from __future__ import annotations

from datetime import UTC, datetime

from vibepiper_interpreter.run.tasks.held import Held
from vibepiper_interpreter.run.tasks.task import Task
from vibepiper_interpreter.storage import new_version_id
from vibepiper_interpreter.storage.version import Version
from vibepiper_interpreter.storage.version_key import version_key


def version_of(task: Task, run_id: str, held: Held, *more: str, seconds: float, version_id: str = "") -> Version:
    """A version with an id of its own, or that one. Its key says `more` where that is not all that it is to have."""
    inputs = task.input_versions()
    return Version(
        id=version_id or new_version_id(),
        asset=task.asset,
        key=version_key(task.asset, inputs, (), more),
        inputs=inputs,
        columns=task.asset.columns,
        parts=held.parts,
        source_files=(),
        rows=held.rows,
        bytes=sum(part.bytes for part in held.parts),
        seconds=seconds,
        peak_memory=None,
        run_id=run_id,
        created_at=datetime.now(UTC),
        built=held.built,
    )
