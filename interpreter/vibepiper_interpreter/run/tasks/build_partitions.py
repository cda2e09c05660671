"""Makes a version of an asset that is built by partition: the missing and the stale values beside what stays."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from vibepiper_interpreter.compile.build_settings import Partitions
from vibepiper_interpreter.compile.compiled import Column
from vibepiper_interpreter.engines.duckdb.multiset import multiset_hash
from vibepiper_interpreter.engines.duckdb.session import literal, quote
from vibepiper_interpreter.run.conditions import Conditions
from vibepiper_interpreter.run.failures import Cancelled
from vibepiper_interpreter.run.relations import qualified
from vibepiper_interpreter.run.session import RunSession
from vibepiper_interpreter.run.tasks.inside import require_in_partition
from vibepiper_interpreter.run.tasks.pace import Pace
from vibepiper_interpreter.run.tasks.slice_rows import empty_part, slice_rows
from vibepiper_interpreter.run.tasks.stale_slices import stale_partitions
from vibepiper_interpreter.run.tasks.task import Report, Task
from vibepiper_interpreter.storage import new_version_id
from vibepiper_interpreter.storage.manifest import write_manifest
from vibepiper_interpreter.storage.slices import Built
from vibepiper_interpreter.storage.table_query import rows_query
from vibepiper_interpreter.storage.version import Part, Version
from vibepiper_interpreter.storage.version_key import UNFINISHED, version_key


def build_partitions(session: RunSession, conditions: Conditions, task: Task, settings: Partitions) -> Report:
    """A new version, or the kept one where nothing of it came out different."""
    base = task.base
    if base is not None and _typed(base.columns) != _typed(task.asset.columns):
        base = None  # what it reads has other types now, and so has every row
    values = _values(session, settings)
    known = {} if base is None else {str(each.slice): each for each in base.built}
    stale = set() if base is None else stale_partitions(session, conditions, task, base)
    if task.resumes is not None:
        stale -= {str(each.slice) for each in task.resumes.built if known.get(str(each.slice)) != each}
        known = {str(each.slice): each for each in task.resumes.built}
        base = task.resumes
    making = _Making(session, task, settings, base)
    kept = dict.fromkeys(value for value in values if value in known and value not in stale)
    try:
        for value in kept:
            making.keep(known[value])
        for value in values:
            if value not in kept:
                making.add(value, known.get(value))
        if base is not None and base is task.keeps and making.changed_nothing():
            return Report("kept", base, because="every partition that it reads rows of came out as it was")
        return Report("built", making.finish(), made=True)
    except BaseException:
        making.give_up()
        raise


class _Making:
    """One making of a version, value by value. What is made of it becomes a version of its own from time to time."""

    def __init__(self, session: RunSession, task: Task, settings: Partitions, base: Version | None) -> None:
        self._session, self._task, self._settings, self._base = session, task, settings, base
        self._old: Mapping[str, Part] = {}
        if base is not None:
            self._old = {part.partition: part for part in base.parts if part.partition is not None}
        self._pace = Pace()
        self._parts: dict[str, Part] = {}
        self._built: dict[str, Built] = {}
        self._open_segment()

    def keep(self, built: Built) -> None:
        """Let a partition be as it is."""
        value = str(built.slice)
        self._built[value] = built
        if (part := self._old.get(value)) is not None:
            self._parts[value] = part

    def add(self, value: str, before: Built | None) -> None:
        """Make the partition of `value`; where it comes out as it was, its readers need not look at it again."""
        if self._session.stopped:
            raise Cancelled
        if self._segment and self._pace.is_due():
            self._record()
        self._directory.mkdir(parents=True, exist_ok=True)
        file = self._directory / f"part-{self._files}.parquet"
        with slice_rows(self._session, self._task, {"partition": value}) as rows:
            part = rows.write(file, file.relative_to(self._session.storage.root).as_posix())
        require_in_partition(self._session, self._task.asset, file, self._settings.column, value)
        if before is not None and self._same(file, self._old.get(value)):
            file.unlink()
            self.keep(before)
            return
        self._segment += 1
        self._built[value] = Built(value, self._id)
        if part.rows:
            self._files += 1
            self._parts[value] = replace(part, partition=value)
        else:
            file.unlink()

    def changed_nothing(self) -> bool:
        return self._base is not None and self._built_in_order() == self._base.built

    def finish(self, *more: str) -> Version:
        """What is made by now; its key says `more` where that is not all."""
        task = self._task
        self._directory.mkdir(parents=True, exist_ok=True)
        parts = [self._parts[value] for value in sorted(self._parts)]
        parts = parts or [empty_part(self._session, task.asset, self._directory / f"part-{self._files}.parquet")]
        inputs = task.input_versions()
        version = Version(
            id=self._id,
            asset=task.asset,
            key=version_key(task.asset, inputs, (), more),
            inputs=inputs,
            columns=task.asset.columns,
            parts=tuple(parts),
            source_files=(),
            rows=sum(part.rows for part in parts),
            bytes=sum(part.bytes for part in parts),
            seconds=self._pace.since_recorded(),
            peak_memory=None,
            run_id=self._session.run_id,
            created_at=datetime.now(UTC),
            built=self._built_in_order(),
        )
        write_manifest(self._directory, version)
        return version

    def give_up(self) -> None:
        """Leave no trace of what nobody knows of."""
        shutil.rmtree(self._directory, ignore_errors=True)

    def _record(self) -> None:
        version = self.finish(UNFINISHED)
        self._session.say("progress", self._task.asset.address, {"version": version})
        self._pace.recorded()
        self._open_segment()

    def _open_segment(self) -> None:
        self._id = new_version_id()
        self._directory = self._session.storage.directory(self._task.asset.address, self._id)
        self._files = self._segment = 0

    def _built_in_order(self) -> tuple[Built, ...]:
        return tuple(self._built[value] for value in sorted(self._built))

    def _same(self, file: Path, old: Part | None) -> bool:
        cursor, columns = self._session.cursor(), self._task.asset.columns
        now = multiset_hash(cursor, f"read_parquet([{literal(str(file))}], hive_partitioning = false)", columns)
        if old is None or self._base is None:
            return now.rows == 0
        try:
            return multiset_hash(cursor, f"({rows_query(self._base, self._session.storage, [old])})", columns) == now
        except duckdb.IOException:
            return False


def _values(session: RunSession, settings: Partitions) -> list[str]:
    """The values to have a partition of, in order. A missing value is none."""
    if settings.values is not None:
        return sorted(settings.values)
    assert settings.values_of is not None
    address, column = settings.values_of
    text = f"CAST({quote(column)} AS VARCHAR)"
    query = f"SELECT DISTINCT {text} FROM {qualified(address)} WHERE {quote(column)} IS NOT NULL ORDER BY 1"
    return [str(value) for (value,) in session.cursor().execute(query).fetchall()]


def _typed(columns: Sequence[Column]) -> list[tuple[str, str]]:
    return [(column.name, column.type) for column in columns]
