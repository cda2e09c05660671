"""Which intervals of an asset are built, and which are when others are made beside them."""

from __future__ import annotations

from datetime import datetime

from vibepiper_interpreter.compile.build_settings import Intervals
from vibepiper_interpreter.grains import ceil, floor
from vibepiper_interpreter.storage.slices import Range, Ranges, common, merged

# No interval begins or ends there, but nothing is built so far back or ahead.
_BEGINNING, _END = datetime.min, datetime.max


def in_bounds(built: Ranges, settings: Intervals) -> Ranges:
    """What of `built` lies neither before the first interval nor behind the last.

    An interval that `end` lies in is the last one. For a source only its rows say when it begins and ends.
    """
    first = _BEGINNING if settings.start is None else floor(settings.start, settings.grain)
    last = _END if settings.end is None else ceil(settings.end, settings.grain)
    return common(built, [Range(first, last)]) if first < last else ()


def coverage(settings: Intervals, built: Ranges, slices: Ranges) -> Ranges:
    """What is built when `slices` have been made beside what is `built`."""
    return merged((*in_bounds(built, settings), *slices))
