"""Makes a version of an asset that is built by interval: the missing and the stale intervals beside what stays."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from vibepiper_interpreter.compile.build_settings import Intervals, most_at_once
from vibepiper_interpreter.compile.compiled import Column
from vibepiper_interpreter.grains import cut, shift
from vibepiper_interpreter.run.conditions import Conditions
from vibepiper_interpreter.run.failures import Cancelled
from vibepiper_interpreter.run.session import RunSession
from vibepiper_interpreter.run.tasks.compact import compact
from vibepiper_interpreter.run.tasks.inside import require_inside
from vibepiper_interpreter.run.tasks.pace import Pace
from vibepiper_interpreter.run.tasks.same_slices import same_slices
from vibepiper_interpreter.run.tasks.slice_rows import empty_part, no_rows, slice_rows
from vibepiper_interpreter.run.tasks.staging import EVERYTHING
from vibepiper_interpreter.run.tasks.stale_slices import stale_slices
from vibepiper_interpreter.run.tasks.task import Report, Task
from vibepiper_interpreter.storage import new_version_id
from vibepiper_interpreter.storage.coverage import in_bounds
from vibepiper_interpreter.storage.manifest import write_manifest
from vibepiper_interpreter.storage.slices import (
    Built,
    Range,
    Ranges,
    built_ranges,
    common,
    merged,
    only_ranges,
    without,
)
from vibepiper_interpreter.storage.table_query import table_query
from vibepiper_interpreter.storage.version import Part, Version
from vibepiper_interpreter.storage.version_key import version_key
from vibepiper_spec.address import Address

# How many new parts there may be before it is looked whether they are to be written as fewer.
_COMPACT_EVERY = 16


def build_slices(session: RunSession, conditions: Conditions, task: Task, settings: Intervals) -> Report:
    """A new version, or the kept one where nothing of it came out different."""
    base = task.base
    still = _still_right(session, conditions, task, settings)
    if base is not None and task.keeps is not None and _has_all(task.keeps, still, base, task, settings):
        return Report("kept", task.keeps, because=_NOTHING_STALE)
    if base is not None and _typed(base.columns) != _typed(task.asset.columns):
        built: Ranges = ()  # what it reads has other types now, and so has every row
        wanted = merged((*only_ranges(task.action.slices), *in_bounds(built_ranges(base.built), settings)))
    else:
        built = () if base is None else in_bounds(built_ranges(base.built), settings)
        stale: Ranges = ()
        if base is not None and base is task.keeps:
            stale = stale_slices(session, conditions, task, base, settings)
        wanted = merged((*only_ranges(task.action.slices), *common(stale, built)))
    if task.resumes is not None:
        base, built, wanted = task.resumes, built_ranges(task.resumes.built), _rest(task.resumes, base, built, wanted)
    filling = _Filling(session, task, settings, base, without(built, wanted))
    try:
        if task.keeps is not None and (taken := common(wanted, still)):
            filling.take(task.keeps, taken)
            wanted = without(wanted, taken)
        if settings.own_past:
            _one_upon_the_other(filling, settings, wanted, built)
        else:
            for batch in cut(wanted, settings.grain, most_at_once(settings)):
                filling.add(batch)
        if base is not None and base is task.keeps and filling.changed_nothing():
            return Report("kept", base, because="every interval came out as it was" if wanted else _NOTHING_STALE)
        return Report("built", filling.finish(), made=True)
    except BaseException:
        filling.give_up()
        raise


def _still_right(session: RunSession, conditions: Conditions, task: Task, settings: Intervals) -> Ranges:
    """Where there is something better to go on with than what is published: what of that is right all the same."""
    base, published = task.base, task.keeps
    if base is None or published is None or base is published or not task.action.conditions:
        return ()
    if not _typed(base.columns) == _typed(published.columns) == _typed(task.asset.columns):
        return ()
    stale = stale_slices(session, conditions, task, published, settings)
    return in_bounds(without(built_ranges(published.built), stale), settings)


def _has_all(published: Version, still: Ranges, base: Version, task: Task, settings: Intervals) -> bool:
    """Whether what is published is all right, and all that is wanted."""
    wanted = merged((*only_ranges(task.action.slices), *in_bounds(built_ranges(base.built), settings)))
    return bool(still) and still == built_ranges(published.built) == wanted


def _rest(resumes: Version, base: Version | None, built: Ranges, wanted: Ranges) -> Ranges:
    """What is left to make of `wanted`, and of what was `built`, where `resumes` holds what is finished of it."""
    before = {each.since for each in base.built} if base is not None else set()
    finished = [each.slice for each in resumes.built if each.since not in before and isinstance(each.slice, Range)]
    return merged((*without(wanted, finished), *without(built, built_ranges(resumes.built))))


def _one_upon_the_other(filling: _Filling, settings: Intervals, wanted: Ranges, built: Ranges) -> None:
    """Make `wanted` in order, each upon those before it; and of `built` what saw one that has come out different."""
    left = wanted
    while left:
        interval = next(cut(left, settings.grain, 1))
        left = without(left, [interval])
        if filling.add(interval):
            left = merged((*left, *common(_looking_at(interval, settings), built)))


def _looking_at(interval: Range, settings: Intervals) -> Ranges:
    """The time of all intervals that can look at the rows of this one."""
    end = datetime.max
    if settings.own_reach is not None:
        end = shift(interval.start, settings.grain, settings.own_reach + 1)
    return (Range(interval.end, end),) if interval.end < end else ()


_NOTHING_STALE = "its inputs came out equal in the columns it uses"


class _Filling:
    """One making of a version. What is finished of it becomes a version of its own from time to time."""

    def __init__(
        self, session: RunSession, task: Task, settings: Intervals, base: Version | None, kept: Ranges
    ) -> None:
        """`kept`: the intervals of `base` that stay as they are."""
        self._session, self._task, self._settings = session, task, settings
        self._base = base
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
        if self._segment_parts and self._pace.is_due():
            self._record(batch)
        task, settings = self._task, self._settings
        self._kept = without(self._kept, [batch])
        file = self._new_file()
        values = {"start": batch.start, "end": batch.end}
        with slice_rows(self._session, task, values, self._own_past(batch)) as rows:
            part = rows.write(file, self._path(file))
        require_inside(self._session, task.asset, file, settings, batch)
        same = () if self._base is None else same_slices(self._session, self._base, file, task.asset, settings, batch)
        if same == (batch,):
            file.unlink()
            self._kept = merged((*self._kept, batch))
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
        self._parts += [part for part in _with_rows_of(version.parts, ranges) if part.rows]
        self._built += _of_these(version.built, ranges)

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
        self._session.say("progress", self._task.asset.address, {"version": version})
        self._pace.recorded()
        self._open_segment()

    def _own_past(self, batch: Range) -> Mapping[Address, str]:
        """What an interval sees by the name of its own asset: the rows before it, if it looks at them."""
        asset = self._task.asset
        if asset.own is None:
            return EVERYTHING
        before = (Range(datetime.min, batch.start),) if batch.start > datetime.min else ()
        parts = [part for part in _with_rows_of(self._all_parts(), before) if part.rows]
        query = table_query(self._holding(parts), self._session.storage) if parts else no_rows(asset)
        return {asset.address: f"({query})"}

    def _open_segment(self) -> None:
        self._id = new_version_id()
        self._directory = self._session.storage.directory(self._task.asset.address, self._id)
        self._segment_parts = self._segment_files = 0

    def _new_file(self) -> Path:
        self._directory.mkdir(parents=True, exist_ok=True)
        self._segment_files += 1
        return self._directory / f"part-{self._segment_files - 1}.parquet"

    def _compacted(self, version: Version) -> tuple[Part, ...]:
        before = {part.path for part in version.parts}
        parts = compact(self._session, version, self._new_file)
        for gone in before - {part.path for part in parts}:
            file = self._session.storage.root / gone
            if file.parent == self._directory:  # others belong to versions that are known
                file.unlink()
        return parts

    def _path(self, file: Path) -> str:
        return file.relative_to(self._session.storage.root).as_posix()

    def _all_parts(self) -> list[Part]:
        old = () if self._base is None else self._base.parts
        return [*_with_rows_of(old, self._kept), *self._parts]

    def _version(self) -> Version:
        parts = self._all_parts()
        before = () if self._base is None else self._base.built
        built = _together((*_of_these(before, merged((*self._kept, *self._unchanged))), *self._built))
        return self._holding([part for part in parts if part.rows] or parts[:1], built)

    def _holding(self, parts: Sequence[Part], built: tuple[Built, ...] = ()) -> Version:
        task = self._task
        inputs = task.input_versions()
        return Version(
            id=self._id,
            asset=task.asset,
            key=version_key(task.asset, inputs, ()),
            inputs=inputs,
            columns=task.asset.columns,
            parts=tuple(parts),
            source_files=(),
            rows=0,
            bytes=0,
            seconds=self._pace.since_recorded(),
            peak_memory=None,
            run_id=self._session.run_id,
            created_at=datetime.now(UTC),
            built=built,
        )

    def _counted(self, version: Version) -> Version:
        version = replace(version, bytes=sum(part.bytes for part in version.parts))
        if version.plain:
            return replace(version, rows=sum(part.rows for part in version.parts))
        query = f"SELECT count(*) FROM ({table_query(version, self._session.storage)}) AS counted"
        [(rows,)] = self._session.cursor().execute(query).fetchall()
        return replace(version, rows=rows)


def _typed(columns: Sequence[Column]) -> list[tuple[str, str]]:
    return [(column.name, column.type) for column in columns]


def _with_rows_of(parts: Sequence[Part], kept: Ranges) -> list[Part]:
    """`parts` without the rows of all intervals that are not `kept`."""
    found = []
    for part in parts:
        left = common(part.ranges, kept)
        if left == part.ranges:
            found.append(part)
        elif left:
            found.append(replace(part, ranges=left, carved=True))
    return found


def _of_these(built: Sequence[Built], ranges: Ranges) -> list[Built]:
    return [
        Built(each, made.since)
        for made in built
        if isinstance(made.slice, Range)
        for each in common([made.slice], ranges)
    ]


def _together(built: Sequence[Built]) -> tuple[Built, ...]:
    """In order, neighbours that are as they are since the same version as one."""
    found: list[Built] = []
    for made in sorted(built, key=lambda made: made.slice):
        last = found[-1] if found else None
        if last is not None and last.since == made.since and last.slice.end == made.slice.start:  # type: ignore[union-attr]
            found[-1] = Built(Range(last.slice.start, made.slice.end), made.since)  # type: ignore[union-attr]
        else:
            found.append(made)
    return tuple(found)
