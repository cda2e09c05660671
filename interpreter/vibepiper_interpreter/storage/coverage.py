"""Which intervals of an asset are built, and which are when others are made beside them."""

from __future__ import annotations

from datetime import datetime

from vibepiper_interpreter.compile.build_settings import Intervals
from vibepiper_interpreter.grains import floor
from vibepiper_interpreter.storage.slices import Range, Ranges, common, merged

_END = datetime.max


def first_interval(settings: Intervals) -> Range | None:
    """All the time from the first interval on; None for a source, whose rows say when it begins."""
    if settings.start is None:
        return None
    # The end of time is no interval's end, but nothing is built so far ahead.
    return Range(floor(settings.start, settings.grain), _END)


def from_start(built: Ranges, settings: Intervals) -> Ranges:
    """What of `built` does not lie before the first interval."""
    wanted = first_interval(settings)
    return built if wanted is None else common(built, [wanted])


def coverage(settings: Intervals, built: Ranges, slices: Ranges) -> Ranges:
    """What is built when `slices` have been made beside what is `built`."""
    return merged((*from_start(built, settings), *slices))
