"""What it will probably take to make intervals, from what earlier ones of the same asset took."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from vibepiper_interpreter.compile.build_settings import Intervals
from vibepiper_interpreter.estimate import Band, Estimate
from vibepiper_interpreter.grains import count
from vibepiper_interpreter.plan.asked import is_sliced
from vibepiper_interpreter.plan.draft import Planning
from vibepiper_interpreter.plan.plan import BUILDING
from vibepiper_interpreter.storage.slices import built_ranges, only_ranges
from vibepiper_interpreter.storage.version import Version

_LEARNS_FROM = 5  # versions


def estimate_intervals(planning: Planning) -> None:
    for draft in planning.acting():
        settings = draft.asset.settings
        if draft.verb not in BUILDING or not is_sliced(draft) or not isinstance(settings, Intervals):
            continue
        intervals = count(only_ranges(draft.slices), settings.grain)
        pasts = planning.state.history(draft.asset.address, _LEARNS_FROM) if intervals else []
        if pasts:
            draft.estimate = learned(pasts, intervals)


def learned(pasts: Sequence[Version], intervals: int) -> Estimate | None:
    """For so many intervals; rows and bytes are those that come, not those that are there."""
    rows, sizes, times = [], [], []
    for version in pasts:
        settings = version.asset.settings
        if not isinstance(settings, Intervals):
            continue
        there = count(built_ranges(version.built), settings.grain)
        made = count(built_ranges(each for each in version.built if each.since == version.id), settings.grain)
        if there:
            rows.append((version.rows or 0) / there)
            sizes.append(version.bytes / there)
        if made:
            times.append(version.seconds / made)
    if not rows:
        return None
    seconds = round(median(times) * intervals, 6) if times else None
    return Estimate(
        round(rows[0] * intervals),
        round(sizes[0] * intervals),
        seconds,
        seconds_band=_band(times, intervals),
    )


def _band(times: Sequence[float], intervals: int) -> Band | None:
    return (round(min(times) * intervals, 6), round(max(times) * intervals, 6)) if len(times) > 1 else None
