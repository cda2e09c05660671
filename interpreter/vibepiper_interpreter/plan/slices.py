"""Before deciding: which intervals are over by the plan's clock, and are not built yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from vibepiper_interpreter.compile.build_settings import Intervals
from vibepiper_interpreter.grains import aligned, count, floor, in_words, settled, stretches
from vibepiper_interpreter.plan.draft import Draft, Planning
from vibepiper_interpreter.plan.flow import ALL
from vibepiper_interpreter.plan.plan import Reason
from vibepiper_interpreter.state.rows import built_to_text
from vibepiper_interpreter.storage.coverage import coverage, in_bounds
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
from vibepiper_interpreter.storage.version import Version
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError, Fix


def slice_up(planning: Planning) -> None:
    """Only intervals that are over are made: all of them, from `start` on."""
    sliced = []
    for draft in planning.drafts.values():
        if isinstance(draft.asset.settings, Intervals) and draft.asset.kind != "source":
            _slice_up(planning, draft, draft.asset.settings)
            sliced.append(draft)
    restated = [draft for draft in sliced if draft.restated]
    if restated and planning.asked.bounds is not None and not any(draft.slices for draft in restated):
        raise DiagnosticError(_nothing_there(restated))


def _slice_up(planning: Planning, draft: Draft, settings: Intervals) -> None:
    wanted = wanted_intervals(planning, draft, settings)
    if draft.keeps_rows and draft.goes_on:
        _take(draft, wanted)
    built = () if draft.published is None else built_ranges(draft.published.built)
    asked = _asked(planning, wanted, settings)
    if not draft.goes_on:
        # What is published does not vanish because less was asked for.
        draft.slices = merged((*asked, *common(built, wanted)))
        _leave_no_hole(draft, settings, wanted, ())
        return
    missing, gone = without(asked, built), without(built, in_bounds(built, settings))
    again = common(asked, built) if draft.restated else ()
    draft.slices = missing
    if missing:
        draft.own_reasons.append(Reason("slices", f"{stretches_in_words(missing, settings)} missing"))
        _leave_no_hole(draft, settings, wanted, built)
    if again:
        draft.slices = merged((*draft.slices, *again))
        words = stretches_in_words(again, settings)
        draft.own_reasons.append(Reason("slices", f"{words} made anew: `--rebuild` asks for it"))
        behind = without(common(built, (Range(again[0].end, datetime.max),)), again)
        if settings.own_past and behind:
            words = f"up to {in_words(count(behind, settings.grain), settings.grain)} behind"
            draft.own_reasons.append(Reason("slices", f"{words}, where they look at one that comes out different"))
    if gone:
        draft.own_reasons.append(
            Reason("slices", f"{stretches_in_words(gone, settings)} outside of `start` and `end` now")
        )
    if missing or gone or (again and not draft.reproducible):
        draft.own_changed = ALL


def _take(draft: Draft, wanted: Ranges) -> None:
    """Of a table, the rows of these intervals: they count as built, and whatever else it holds is not read any more."""
    assert draft.published is not None
    draft.takes = wanted
    taken = [Built(each, draft.published.id) for each in wanted]
    draft.published = replace(draft.published, built_text=built_to_text(taken))
    draft.own_reasons.append(Reason("slices", "only rows of intervals that are over stay in it"))
    draft.own_changed = ALL


def _nothing_there(drafts: Sequence[Draft]) -> Diagnostic:
    names = ", ".join(f"`{draft.asset.address}`" for draft in drafts[:5])
    return Diagnostic(
        "VP207",
        f"`--rebuild` asks for {names}, and no interval that is built, or over, lies between `--from` and `--to`.",
        fix=Fix("See with `vp show` what it covers."),
    )


def _leave_no_hole(draft: Draft, settings: Intervals, wanted: Ranges, built: Ranges) -> None:
    """Where each interval is made upon those before it, these are made too, whatever was asked for."""
    asked = only_ranges(draft.slices)
    if not settings.own_past or not asked:
        return
    last = max(each.end for each in (*asked, *built))
    needed = without(common(wanted, (Range(wanted[0].start, last),)), built)
    if before := without(needed, asked):
        one = count(before, settings.grain) == 1
        words = (
            f"{stretches_in_words(before, settings)} made too: those asked for are made upon {'it' if one else 'them'}"
        )
        draft.own_reasons.append(Reason("slices", words))
        draft.slices = needed


def has_all_slices(draft: Draft, version: Version) -> bool:
    """Whether `version`, which is of the same meaning and from the inputs as they will stand, has all that is wanted.

    Where it has not, but more of it than what is published has, the rest is made beside it: it was made by a run that
    did not come to its end, or in another environment.
    """
    settings = draft.asset.settings
    if not isinstance(settings, Intervals):
        return True
    published = built_ranges(draft.published.built) if draft.goes_on and draft.published is not None else ()
    wanted = coverage(settings, published, only_ranges(draft.slices))
    built = built_ranges(version.built)
    there = common(built, wanted)
    if there == wanted and built == in_bounds(built, settings):
        return True
    right = () if draft.conditions else common(published, wanted)
    if count(there, settings.grain) > count(right, settings.grain):
        draft.base, draft.slices = version, without(wanted, there)
        words = stretches_in_words(draft.slices, settings)
        if settings.own_past:
            draft.conditions = ()  # each is made upon those before it, which are others than are published
        unless = ", unless what is published came out right" if draft.conditions else ""
        draft.own_reasons.append(Reason("slices", f"{words} left to do: the rest is there already{unless}"))
    return False


def wanted_intervals(planning: Planning, draft: Draft, settings: Intervals) -> Ranges:
    """All intervals that the table is to have by now, whatever was asked for."""
    if (shown := planning.as_built.get(draft.asset.address)) is not None:
        return in_bounds(built_ranges(shown.built), settings)
    if settings.start is None:
        raise ValueError("what is built by interval begins somewhere")
    start = floor(settings.start, settings.grain)
    end = floor(settled(planning.now, settings.time_zone), settings.grain)
    return in_bounds((Range(start, end),), settings) if start < end else ()


def _asked(planning: Planning, wanted: Ranges, settings: Intervals) -> Ranges:
    """What of `wanted` was asked for: every interval that the bounds touch."""
    bounds = planning.asked.bounds
    return wanted if bounds is None else common(wanted, aligned([bounds], settings.grain))


def stretches_in_words(ranges: Ranges, settings: Intervals) -> str:
    """`31 days are (2024-01-01 to 2024-02-01)`, to be followed by what they are."""
    intervals = count(ranges, settings.grain)
    return f"{in_words(intervals, settings.grain)} ({stretches(ranges)}) {'is' if intervals == 1 else 'are'}"
