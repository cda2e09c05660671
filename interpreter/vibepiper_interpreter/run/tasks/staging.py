"""Makes a version's folder: runs what writes its part, and leaves no trace where that fails."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

from vibepiper_interpreter.compile.compiled import Column
from vibepiper_interpreter.engines.duckdb.parameters import ParameterValue
from vibepiper_interpreter.run.session import RunSession
from vibepiper_interpreter.run.tasks.task import Task
from vibepiper_interpreter.storage import new_version_id
from vibepiper_interpreter.storage.manifest import write_manifest
from vibepiper_interpreter.storage.slices import Built
from vibepiper_interpreter.storage.version import Part, SourceFile, Version
from vibepiper_interpreter.storage.version_key import version_key
from vibepiper_spec.address import Address

NO_VALUES: Mapping[str, ParameterValue] = MappingProxyType({})
EVERYTHING: Mapping[Address, str] = MappingProxyType({})

# Writes the file at the path and describes it; the second argument is the part's path in the storage.
WritePart = Callable[[Path, str], Part]


@dataclass(frozen=True, slots=True)
class Rows:
    """What a query, a function or files give, ready to be written once; then its columns are known for certain."""

    write: WritePart
    columns: Callable[[], Sequence[Column]]


@dataclass(frozen=True, slots=True)
class Folder:
    """The folder of a version that is being made."""

    directory: Path
    prefix: str  # of its parts' paths in the storage

    def part(self, number: int) -> tuple[Path, str]:
        """Where a part is written, and its path in the storage: what `WritePart` takes."""
        return self.named(f"part-{number}.parquet")

    def named(self, name: str) -> tuple[Path, str]:
        """The same for a part that has a name of its own."""
        return self.directory / name, f"{self.prefix}/{name}"


@dataclass(frozen=True, slots=True)
class Content:
    """What a version holds: parts in its own folder, and those of earlier versions that it goes on with."""

    parts: tuple[Part, ...]
    columns: tuple[Column, ...]
    rows: int
    built: tuple[Built, ...] = ()


def stage(session: RunSession, task: Task, rows: Rows, source_files: tuple[SourceFile, ...] = ()) -> Version:
    """A new version whose one part holds `rows`."""

    def make(folder: Folder) -> Content:
        part = rows.write(*folder.part(0))
        return Content((part,), tuple(rows.columns()), part.rows)

    return stage_content(session, task, make, source_files)


def stage_content(
    session: RunSession,
    task: Task,
    make: Callable[[Folder], Content],
    source_files: tuple[SourceFile, ...] = (),
    *,
    key: str | None = None,
    continues: str | None = None,
) -> Version:
    """A new version of what `make` writes. Its folder is nobody's until the state records the version.

    `key` is given where more decides what there is than the inputs and `source_files`. `continues`: see `Version`.
    """
    address = task.asset.address
    version_id = new_version_id()
    directory = session.storage.directory(address, version_id)
    directory.parent.mkdir(parents=True, exist_ok=True)
    directory.mkdir()
    inputs = task.input_versions()
    began = time.perf_counter()
    try:
        content = make(Folder(directory, f"{address.pipeline}/{address.name}/{version_id}"))
        version = Version(
            id=version_id,
            asset=task.asset,
            key=key or version_key(task.asset, inputs, source_files),
            inputs=inputs,
            columns=content.columns,
            parts=content.parts,
            source_files=source_files,
            rows=content.rows,
            bytes=sum(part.bytes for part in content.parts),
            seconds=time.perf_counter() - began,
            peak_memory=session.memory.peak(),
            run_id=session.run_id,
            created_at=datetime.now(UTC),
            built=content.built,
            continues=continues,
        )
        write_manifest(directory, version)
    except BaseException:
        shutil.rmtree(directory, ignore_errors=True)
        raise
    return version


def virtual(session: RunSession, task: Task, source_files: tuple[SourceFile, ...] = ()) -> Version:
    """A new version without files: a view, or a source that is read in place."""
    return Version(
        id=new_version_id(),
        asset=task.asset,
        key=version_key(task.asset, task.input_versions(), source_files),
        inputs=task.input_versions(),
        columns=task.asset.columns,
        parts=(),
        source_files=source_files,
        rows=None,
        bytes=0,
        seconds=0.0,
        peak_memory=None,
        run_id=session.run_id,
        created_at=datetime.now(UTC),
    )
