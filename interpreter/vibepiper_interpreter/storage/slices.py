"""Slices of a table: stretches of time, or values of a column, each of which is built by itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, order=True)
class Range:
    """From `start` up to, and without, `end`: wall times in the asset's own time zone, without an offset."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if not self.start < self.end:
            raise ValueError(f"an empty range: {self.start} to {self.end}")

    @classmethod
    def parse(cls, start: str, end: str) -> Range:
        return cls(datetime.fromisoformat(start), datetime.fromisoformat(end))


@dataclass(frozen=True, slots=True)
class Built:
    """That a slice is built. `since` is the version that made it, or the last one in which it came out different.

    What a reader has seen of a slice is what it is now where `since` is the same in both versions.
    """

    slice: Range | str
    since: str


Ranges = tuple[Range, ...]  # sorted, apart from each other


def merged(ranges: Iterable[Range]) -> Ranges:
    """The same time as sorted ranges that neither overlap nor touch."""
    found: list[Range] = []
    for each in sorted(ranges):
        if found and each.start <= found[-1].end:
            if each.end > found[-1].end:
                found[-1] = Range(found[-1].start, each.end)
        else:
            found.append(each)
    return tuple(found)


def without(ranges: Iterable[Range], taken: Iterable[Range]) -> Ranges:
    """The time of `ranges` that is not in `taken`."""
    left = list(merged(ranges))
    for gone in merged(taken):
        rest: list[Range] = []
        for each in left:
            if gone.end <= each.start or each.end <= gone.start:
                rest.append(each)
                continue
            if each.start < gone.start:
                rest.append(Range(each.start, gone.start))
            if gone.end < each.end:
                rest.append(Range(gone.end, each.end))
        left = rest
    return tuple(left)


def common(ranges: Iterable[Range], others: Iterable[Range]) -> Ranges:
    """The time that is in both."""
    theirs = merged(others)
    found = []
    for each in merged(ranges):
        for other in theirs:
            start, end = max(each.start, other.start), min(each.end, other.end)
            if start < end:
                found.append(Range(start, end))
    return tuple(found)


def gaps(ranges: Ranges) -> Ranges:
    """The time between `ranges` that is in none of them."""
    return without([Range(ranges[0].start, ranges[-1].end)], ranges) if ranges else ()


def built_values(built: Iterable[Built]) -> tuple[str, ...]:
    """All the values that are built, of what is built by partition."""
    return tuple(each.slice for each in built if isinstance(each.slice, str))


def only_ranges(slices: Iterable[Range | str]) -> Ranges:
    """The stretches of time among `slices`, of what is built by interval."""
    return tuple(each for each in slices if isinstance(each, Range))


def only_values(slices: Iterable[Range | str]) -> tuple[str, ...]:
    """The values among `slices`, of what is built by partition."""
    return tuple(each for each in slices if isinstance(each, str))


def slice_to_json(piece: Range | str) -> list[str] | str:
    """A stretch of time as its two ends, a value as itself."""
    return piece if isinstance(piece, str) else [piece.start.isoformat(), piece.end.isoformat()]


def slice_from_json(written: Sequence[str] | str) -> Range | str:
    return written if isinstance(written, str) else Range.parse(*written)


def built_ranges(built: Iterable[Built]) -> Ranges:
    """All the time that is built."""
    return merged(each.slice for each in built if isinstance(each.slice, Range))
