"""What it will probably take to make intervals or partitions, from what earlier ones of the same asset took."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from vibepiper_interpreter.compile.build_settings import BuildSettings, Intervals, Partitions
from vibepiper_interpreter.compile.compiled import CompiledAsset
from vibepiper_interpreter.estimate import Band, Estimate
from vibepiper_interpreter.grains import count
from vibepiper_interpreter.plan.draft import Draft, Planning
from vibepiper_interpreter.plan.plan import BUILDING
from vibepiper_interpreter.storage.slices import Built, built_ranges, only_ranges
from vibepiper_interpreter.storage.version import Version

_LEARNS_FROM = 5  # versions


def is_made_by_slice(asset: CompiledAsset) -> bool:
    """Whether one making of it is many: one for each interval or partition."""
    return isinstance(asset.settings, Intervals | Partitions) and asset.kind != "source"


def estimate_slices(planning: Planning) -> None:
    for draft in planning.acting():
        if draft.verb not in BUILDING or not is_made_by_slice(draft.asset):
            continue
        known = _known(draft)
        if known == 0:
            continue
        pasts = planning.state.history(draft.asset.address, _LEARNS_FROM)
        slices = _of_last(pasts) if known is None else known
        if pasts and slices:
            draft.estimate = learned(pasts, slices)


def learned(pasts: Sequence[Version], slices: int) -> Estimate | None:
    """For so many slices; rows and bytes are those that come, not those that are there."""
    rows, sizes, times = [], [], []
    for version in pasts:
        there = _count(version.asset.settings, version.built)
        made = _count(version.asset.settings, [each for each in version.built if each.since == version.id])
        if there:
            rows.append((version.rows or 0) / there)
            sizes.append(version.bytes / there)
        if made:
            times.append(version.seconds / made)
    if not rows:
        return None
    seconds = round(median(times) * slices, 6) if times else None
    return Estimate(
        round(rows[0] * slices),
        round(sizes[0] * slices),
        seconds,
        seconds_band=_band(times, slices),
    )


def _known(draft: Draft) -> int | None:
    """How many slices will be made for certain; None where the values are those of another asset, and all are made."""
    settings = draft.asset.settings
    if isinstance(settings, Intervals):
        return count(only_ranges(draft.slices), settings.grain)
    if isinstance(settings, Partitions) and settings.values_of is not None:
        return 0 if draft.verb == "fill" else None
    return len(draft.slices)


def _of_last(pasts: Sequence[Version]) -> int:
    return max((len(version.built) for version in pasts), default=0)


def _count(settings: BuildSettings | None, built: Sequence[Built]) -> int:
    if isinstance(settings, Intervals):
        return count(built_ranges(built), settings.grain)
    return len(built) if isinstance(settings, Partitions) else 0


def _band(times: Sequence[float], slices: int) -> Band | None:
    return (round(min(times) * slices, 6), round(max(times) * slices, 6)) if len(times) > 1 else None
