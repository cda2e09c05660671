"""Makes a version of an asset that is built by interval: the missing and the stale intervals beside what stays."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from vibepiper_interpreter.compile.build_settings import Intervals, most_at_once
from vibepiper_interpreter.compile.compiled import Column
from vibepiper_interpreter.grains import cut, shift
from vibepiper_interpreter.run.conditions import Conditions
from vibepiper_interpreter.run.session import RunSession
from vibepiper_interpreter.run.tasks.filling import Filling
from vibepiper_interpreter.run.tasks.gather import gather
from vibepiper_interpreter.run.tasks.make_share import make_intervals
from vibepiper_interpreter.run.tasks.shares import Gather, Outline, Share, divide_intervals
from vibepiper_interpreter.run.tasks.stale_slices import stale_slices
from vibepiper_interpreter.run.tasks.task import Report, Task
from vibepiper_interpreter.storage.coverage import in_bounds
from vibepiper_interpreter.storage.slices import Range, Ranges, built_ranges, common, merged, only_ranges, without
from vibepiper_interpreter.storage.version import Version


def build_slices(session: RunSession, conditions: Conditions, task: Task, settings: Intervals) -> Report:
    """A new version, or the kept one where nothing of it came out different; or that several are to make it."""
    if isinstance(task.stage, Share):
        return make_intervals(session, task, settings, task.stage)
    if isinstance(task.stage, Gather):
        return gather(session, task, task.stage)
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
    filling = Filling(session, task, settings, base, without(built, wanted))
    try:
        if task.keeps is not None and (taken := common(wanted, still)):
            filling.take(task.keeps, taken)
            wanted = without(wanted, taken)
        if task.stage is not None and (
            shares := divide_intervals(base, wanted, settings, task.stage, small=task.small)
        ):
            return Report("built", outline=Outline(base, filling.held(), shares))
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


def _one_upon_the_other(filling: Filling, settings: Intervals, wanted: Ranges, built: Ranges) -> None:
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


def _typed(columns: Sequence[Column]) -> list[tuple[str, str]]:
    return [(column.name, column.type) for column in columns]
