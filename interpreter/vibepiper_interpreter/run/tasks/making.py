"""The partitions of one version while they are made, value by value."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import duckdb

from vibepiper_interpreter.compile.build_settings import Partitions
from vibepiper_interpreter.engines.duckdb.multiset import multiset_hash
from vibepiper_interpreter.engines.duckdb.session import literal
from vibepiper_interpreter.run.failures import Cancelled
from vibepiper_interpreter.run.session import RunSession
from vibepiper_interpreter.run.tasks.held import Held
from vibepiper_interpreter.run.tasks.inside import require_in_partition
from vibepiper_interpreter.run.tasks.pace import Pace
from vibepiper_interpreter.run.tasks.shares import Made
from vibepiper_interpreter.run.tasks.slice_rows import empty_part, slice_rows
from vibepiper_interpreter.run.tasks.task import Task
from vibepiper_interpreter.run.tasks.version_of import version_of
from vibepiper_interpreter.storage import new_version_id
from vibepiper_interpreter.storage.manifest import write_manifest
from vibepiper_interpreter.storage.slices import Built
from vibepiper_interpreter.storage.table_query import rows_query
from vibepiper_interpreter.storage.version import Part, Version
from vibepiper_interpreter.storage.version_key import UNFINISHED


class Making:
    """One making of a version, value by value. What is made of it becomes a version of its own from time to time."""

    def __init__(
        self, session: RunSession, task: Task, settings: Partitions, base: Version | None, *, records: bool = True
    ) -> None:
        """`records`: the state is told of versions meanwhile."""
        self._records = records
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
        if self._records and self._segment and self._pace.is_due():
            self._record()
        self._directory.mkdir(parents=True, exist_ok=True)
        file = self._directory / f"part-{self._files}.parquet"
        try:
            with slice_rows(self._session, self._task, {"partition": value}) as rows:
                part = rows.write(file, file.relative_to(self._session.storage.root).as_posix())
            require_in_partition(self._session, self._task.asset, file, self._settings.column, value)
        except BaseException:
            file.unlink(missing_ok=True)
            raise
        if before is not None and self._same(file, self._old.get(value)):
            file.unlink()
            self.keep(before)
            self._equal.append(value)
            return
        self._segment += 1
        self._built[value] = Built(value, self._id)
        if part.rows:
            self._files += 1
            self._parts[value] = replace(part, partition=value)
        else:
            file.unlink()

    def held(self) -> Held:
        """What stays or is made by now."""
        parts = tuple(self._parts[value] for value in sorted(self._parts))
        return Held(parts, self._built_in_order(), sum(part.rows for part in parts))

    def is_due(self) -> bool:
        """Whether so much is made that it would be a loss."""
        return bool(self._built) and self._pace.is_due()

    def hand_over(self, *, compacts: bool) -> Made | None:
        """What is made since the last time, for others to put together; None where that is nothing. Each partition
        has a file of its own: `compacts` asks for nothing."""
        if not self._built:
            return None
        fresh = tuple(value for value in self._built if value not in self._equal)
        same = [self._parts[value] for value in self._equal if value in self._parts]
        before = Held(tuple(same), tuple(self._built[each] for each in self._equal), sum(part.rows for part in same))
        parts = tuple(self._parts[value] for value in fresh if value in self._parts)
        made = Made(tuple(self._built), parts, fresh, before)
        if not parts:
            self.give_up()
        self._parts, self._built = {}, {}
        self._pace.recorded()
        self._open_segment()
        return made

    def changed_nothing(self) -> bool:
        return self._base is not None and self._built_in_order() == self._base.built

    def finish(self, *more: str) -> Version:
        """What is made by now; its key says `more` where that is not all."""
        task = self._task
        self._directory.mkdir(parents=True, exist_ok=True)
        parts = [self._parts[value] for value in sorted(self._parts)]
        parts = parts or [empty_part(self._session, task.asset, self._directory / f"part-{self._files}.parquet")]
        held = Held(tuple(parts), self._built_in_order(), sum(part.rows for part in parts))
        seconds = self._pace.since_recorded()
        version = version_of(task, self._session.run_id, held, *more, seconds=seconds, version_id=self._id)
        write_manifest(self._directory, version)
        return version

    def give_up(self) -> None:
        """Leave no trace of what nobody knows of."""
        shutil.rmtree(self._directory, ignore_errors=True)

    def _record(self) -> None:
        version = self.finish(UNFINISHED)
        self._session.say("progress", self._task.address, {"version": version})
        self._pace.recorded()
        self._open_segment()

    def _open_segment(self) -> None:
        self._id = new_version_id()
        self._directory = self._session.storage.directory(self._task.asset.address, self._id)
        self._files = self._segment = 0
        self._equal: list[str] = []

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
