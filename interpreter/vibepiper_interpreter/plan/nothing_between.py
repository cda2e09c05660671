"""What a plan says of assets of which `--from` and `--to` touch nothing, so that nobody takes silence for work done."""

from __future__ import annotations

from collections.abc import Iterator

from vibepiper_interpreter.compile.build_settings import Intervals
from vibepiper_interpreter.grains import aligned, ceil, count, floor, in_words, moment, settled
from vibepiper_interpreter.plan.asked import is_sliced
from vibepiper_interpreter.plan.draft import Draft, Planning
from vibepiper_interpreter.plan.slices import wanted_intervals
from vibepiper_interpreter.storage.slices import Range, built_ranges, common, without

_TOLD = 8  # assets, before the others are only counted


def nothing_between(planning: Planning) -> tuple[str, ...]:
    """A sentence for each asset that was asked for."""
    bounds = planning.asked.bounds
    if bounds is None:
        return ()
    told = list(_sentences(planning, bounds))
    more = len(told) - _TOLD
    return (*told[:_TOLD], f"Nor is anything of {more:,} more assets missing there.") if more > 0 else tuple(told)


def _sentences(planning: Planning, bounds: Range) -> Iterator[str]:
    for address, draft in planning.drafts.items():
        settings = draft.asset.settings
        if not isinstance(settings, Intervals) or not is_sliced(draft):
            continue
        if planning.selected is not None and address not in planning.selected:
            continue
        if planning.asked.rebuild and not draft.restated:
            continue
        if draft.published is not None and not draft.goes_on:
            continue  # it is made anew as a whole
        because = _because(planning, draft, settings, bounds)
        if because:
            yield f"Nothing of `{address}` is missing {_between(bounds)}: {because}."


def _because(planning: Planning, draft: Draft, settings: Intervals, bounds: Range) -> str:
    """Why the bounds touch nothing; empty where they do touch something."""
    built = () if draft.published is None else built_ranges(draft.published.built)
    touched = aligned([bounds], settings.grain)
    asked = common(wanted_intervals(planning, draft, settings), touched)
    if asked and (draft.restated or without(asked, built)):
        return ""
    if asked:
        intervals = count(asked, settings.grain)
        them = "it" if intervals == 1 else "them"
        return (
            f"{in_words(intervals, settings.grain)} of it {'is' if intervals == 1 else 'are'} built already "
            f"(`--rebuild {draft.asset.address}` makes {them} anew)"
        )
    if settings.start is not None and touched[-1].end <= floor(settings.start, settings.grain):
        return f"its first interval begins {moment(floor(settings.start, settings.grain))}"
    if settings.end is not None and ceil(settings.end, settings.grain) <= touched[0].start:
        return f"its last interval ends {moment(ceil(settings.end, settings.grain))}"
    over = floor(settled(planning.now, settings.time_zone), settings.grain)
    return f"only what is over is built, and that ends {moment(over)}"


def _between(bounds: Range) -> str:
    ends = [
        f"{word} {moment(time)}"
        for word, time, open_ in (("from", bounds.start, bounds.start.min), ("up to", bounds.end, bounds.end.max))
        if time != open_
    ]
    return " ".join(ends)
