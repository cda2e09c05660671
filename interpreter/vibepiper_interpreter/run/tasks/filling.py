"""The intervals of one version while they are made, batch by batch."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from vibepiper_interpreter.compile.build_settings import Intervals
from vibepiper_interpreter.run.failures import Cancelled
from vibepiper_interpreter.run.session import RunSession
from vibepiper_interpreter.run.tasks.compact import TOGETHER, compact
from vibepiper_interpreter.run.tasks.held import Held, built_of, in_order, with_rows_of
from vibepiper_interpreter.run.tasks.inside import require_inside
from vibepiper_interpreter.run.tasks.pace import Pace
from vibepiper_interpreter.run.tasks.same_slices import same_slices
from vibepiper_interpreter.run.tasks.shares import Made
from vibepiper_interpreter.run.tasks.slice_rows import empty_part, no_rows, slice_rows
from vibepiper_interpreter.run.tasks.staging import EVERYTHING
from vibepiper_interpreter.run.tasks.task import Task
from vibepiper_interpreter.run.tasks.version_of import version_of
from vibepiper_interpreter.storage import new_version_id
from vibepiper_interpreter.storage.manifest import write_manifest
from vibepiper_interpreter.storage.slices import Built, Range, Ranges, built_ranges, common, merged, without
from vibepiper_interpreter.storage.table_query import table_query
from vibepiper_interpreter.storage.version import Part, Version
from vibepiper_spec.address import Address

# How many new parts there may be before it is looked whether they are to be written as fewer.
_COMPACT_EVERY = 16


class Filling:
    """One making of a version. What is finished of it becomes a version of its own from time to time."""

    def __init__(
        self,
        session: RunSession,
        task: Task,
        settings: Intervals,
        base: Version | None,
        kept: Ranges,
        *,
        records: bool = True,
    ) -> None:
        """`kept`: the intervals of `base` that stay as they are. `records`: the state is told of versions meanwhile."""
        self._session, self._task, self._settings = session, task, settings
        self._base = base
        self._records = records
        self._kept = kept
        self._unchanged: Ranges = ()  # made anew, and equal to what `base` has
        self._parts: list[Part] = []
        self._built: list[Built] = []
        self._pace = Pace()
        self._open_segment()

    def add(self, batch: Range) -> bool:
        """Make the intervals in `batch`; tells whether they are others than in `base`, or are not there."""
        if self._session.stopped:
            raise Cancelled
        if self._records and self._segment_parts and self._pace.is_due():
            self._record(batch)
        task, settings = self._task, self._settings
        self._kept = without(self._kept, [batch])
        file = self._new_file()
        values = {"start": batch.start, "end": batch.end}
        try:
            with slice_rows(self._session, task, values, self._own_past(batch)) as rows:
                part = rows.write(file, self._path(file))
            require_inside(self._session, task.asset, file, settings, batch)
        except BaseException:
            file.unlink(missing_ok=True)
            raise
        same = () if self._base is None else same_slices(self._session, self._base, file, task.asset, settings, batch)
        self._done.append(batch)
        if same == (batch,):
            file.unlink()
            self._kept = merged((*self._kept, batch))
            self._kept_rows += part.rows
            return False
        self._segment_parts += 1
        self._parts.append(replace(part, ranges=(batch,)))
        if len(self._parts) % _COMPACT_EVERY == 0:
            self._parts = list(self._compacted(self._holding(self._parts)))
        self._unchanged = merged((*self._unchanged, *same))
        self._built += [Built(each, self._id) for each in without([batch], same)]
        return True

    def take(self, version: Version, ranges: Ranges) -> None:
        """Let these intervals be as they are in `version`, which is not `base`."""
        self._parts += [part for part in with_rows_of(version.parts, ranges) if part.rows]
        self._built += built_of(version.built, ranges)

    def changed_nothing(self) -> bool:
        """Whether what `base` has is all there is to have."""
        return not self._parts and self._base is not None and self._kept == built_ranges(self._base.built)

    def finish(self, *, recorded: bool = False) -> Version:
        """What is made by now; `recorded`: and more comes."""
        version = self._version()
        if not version.parts:
            part = empty_part(self._session, self._task.asset, self._new_file())
            version = replace(version, parts=(part,))
        elif not recorded:
            version = replace(version, parts=self._compacted(version))
        version = self._counted(version)
        self._directory.mkdir(parents=True, exist_ok=True)
        write_manifest(self._directory, version)
        return version

    def give_up(self) -> None:
        """Leave no trace of what nobody knows of."""
        shutil.rmtree(self._directory, ignore_errors=True)

    def held(self) -> Held:
        """What stays or is made by now."""
        version = self._counted(self._version())
        return Held(version.parts if version.rows else (), version.built, version.rows or 0)

    def is_due(self) -> bool:
        """Whether so much is made that it would be a loss."""
        return bool(self._done) and self._pace.is_due()

    def hand_over(self, *, compacts: bool) -> Made | None:
        """What is made since the last time, for others to put together; None where that is nothing."""
        if not self._done:
            return None
        if compacts:
            self._parts = list(self._compacted(self._holding(self._parts), together=2))
        base = self._base
        before = Held()
        if base is not None:
            same = merged((*self._kept, *self._unchanged))
            parts = tuple(with_rows_of(base.parts, self._kept))
            before = Held(parts, tuple(built_of(base.built, same)), self._kept_rows)
        made = Made(tuple(self._done), tuple(self._parts), tuple(each.slice for each in self._built), before)
        if not self._parts:
            self.give_up()
        self._kept, self._unchanged, self._parts, self._built = (), (), [], []
        self._pace.recorded()
        self._open_segment()
        return made

    def _record(self, following: Range) -> None:
        """Let the state know what is made before the interval `following`."""
        undecided: Ranges = ()
        if self._settings.own_past:
            # Those behind it look at what is made anew, so nobody knows yet which of them stay.
            undecided = common(self._kept, [Range(following.start, datetime.max)])
            if undecided and self._settings.own_reach is not None:
                return  # what stays of them would be given up with the others
        kept, self._kept = self._kept, without(self._kept, undecided)
        version = self.finish(recorded=True)
        self._kept = kept
        self._session.say("progress", self._task.address, {"version": version})
        self._pace.recorded()
        self._open_segment()

    def _own_past(self, batch: Range) -> Mapping[Address, str]:
        """What an interval sees by the name of its own asset: the rows before it, if it looks at them."""
        asset = self._task.asset
        if asset.own is None:
            return EVERYTHING
        before = (Range(datetime.min, batch.start),) if batch.start > datetime.min else ()
        parts = [part for part in with_rows_of(self._all_parts(), before) if part.rows]
        query = table_query(self._holding(parts), self._session.storage) if parts else no_rows(asset)
        return {asset.address: f"({query})"}

    def _open_segment(self) -> None:
        self._id = new_version_id()
        self._directory = self._session.storage.directory(self._task.asset.address, self._id)
        self._segment_parts = self._segment_files = 0
        self._done: list[Range] = []
        self._kept_rows = 0

    def _new_file(self) -> Path:
        self._directory.mkdir(parents=True, exist_ok=True)
        self._segment_files += 1
        return self._directory / f"part-{self._segment_files - 1}.parquet"

    def _compacted(self, version: Version, together: int = TOGETHER) -> tuple[Part, ...]:
        before = {part.path for part in version.parts}
        parts = compact(self._session, version, self._new_file, together=together)
        for gone in before - {part.path for part in parts}:
            file = self._session.storage.root / gone
            if file.parent == self._directory:  # others belong to versions that are known
                file.unlink()
        return parts

    def _path(self, file: Path) -> str:
        return file.relative_to(self._session.storage.root).as_posix()

    def _all_parts(self) -> list[Part]:
        old = () if self._base is None else self._base.parts
        return [*with_rows_of(old, self._kept), *self._parts]

    def _version(self) -> Version:
        parts = self._all_parts()
        before = () if self._base is None else self._base.built
        built = in_order((*built_of(before, merged((*self._kept, *self._unchanged))), *self._built))
        return self._holding([part for part in parts if part.rows] or parts[:1], built)

    def _holding(self, parts: Sequence[Part], built: tuple[Built, ...] = ()) -> Version:
        seconds = self._pace.since_recorded()
        held = Held(tuple(parts), built)
        return version_of(self._task, self._session.run_id, held, seconds=seconds, version_id=self._id)

    def _counted(self, version: Version) -> Version:
        version = replace(version, bytes=sum(part.bytes for part in version.parts))
        if version.plain:
            return replace(version, rows=sum(part.rows for part in version.parts))
        query = f"SELECT count(*) FROM ({table_query(version, self._session.storage)}) AS counted"
        [(rows,)] = self._session.cursor().execute(query).fetchall()
        return replace(version, rows=rows)
