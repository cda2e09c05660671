"""Makes a version of the slices that several workers have made, and of those that stay."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

from vibepiper_interpreter.compile.build_settings import Intervals
from vibepiper_interpreter.run.session import RunSession
from vibepiper_interpreter.run.tasks.compact import compact
from vibepiper_interpreter.run.tasks.held import in_order
from vibepiper_interpreter.run.tasks.shares import Gather
from vibepiper_interpreter.run.tasks.slice_rows import empty_part
from vibepiper_interpreter.run.tasks.task import Report, Task
from vibepiper_interpreter.run.tasks.version_of import version_of
from vibepiper_interpreter.storage.manifest import write_manifest


def gather(session: RunSession, task: Task, stage: Gather) -> Report:
    """A new version, or the kept one where nothing of it came out different."""
    base, held, keeps = stage.outline.base, stage.held, task.keeps
    if base is not None and keeps is not None and base.id == keeps.id and in_order(base.built) == held.built:
        return Report("kept", keeps, because="every slice that was made again came out as it was")
    version = version_of(task, session.run_id, held, seconds=0.0)
    directory = session.storage.directory(version.address, version.id)
    directory.mkdir(parents=True)
    files = _files(directory)
    try:
        if not version.parts:
            version = replace(version, parts=(empty_part(session, task.asset, next(files)),))
        elif isinstance(task.asset.settings, Intervals):
            version = replace(version, parts=compact(session, version, lambda: next(files)))
        version = replace(version, bytes=sum(part.bytes for part in version.parts))
        write_manifest(directory, version)
    except BaseException:
        shutil.rmtree(directory, ignore_errors=True)
        raise
    return Report("built", version, made=True)


def _files(directory: Path) -> Iterator[Path]:
    return (directory / f"part-{number}.parquet" for number in count())
