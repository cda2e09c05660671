"""What a version holds of slices: parts with their rows, and since when each slice is as it is. Reads no file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from vibepiper_interpreter.storage.slices import Built, Range, Ranges, common, merged
from vibepiper_interpreter.storage.version import Part, Version

Slice = Range | str


@dataclass(frozen=True, slots=True)
class Held:
    """Some of the slices of one table. `rows` are those of `parts` that are read."""

    parts: tuple[Part, ...] = ()
    built: tuple[Built, ...] = ()
    rows: int = 0


def put_together(every: Sequence[Held], base: Version | None) -> Held:
    """All of it as one. Of a part of `base` several may hold some rows."""
    parts: dict[str, Part] = {}
    originals = {} if base is None else {part.path: part for part in base.parts}
    for part in (part for held in every for part in held.parts):
        other = parts.get(part.path)
        if other is not None:
            ranges = merged((*other.ranges, *part.ranges))
            original = originals.get(part.path, part)
            part = original if ranges == original.ranges else replace(original, ranges=ranges, carved=True)
        parts[part.path] = part
    built = in_order(each for held in every for each in held.built)
    found = sorted(parts.values(), key=lambda part: (part.ranges, part.partition or "", part.path))
    return Held(tuple(found), built, sum(held.rows for held in every))


def in_order(built: Iterable[Built]) -> tuple[Built, ...]:
    """Stretches of time that are neighbours, and as they are since the same version, as one."""
    found: list[Built] = []
    for made in sorted(built, key=lambda made: made.slice):
        last = found[-1] if found else None
        if (
            last is not None
            and last.since == made.since
            and isinstance(last.slice, Range)
            and isinstance(made.slice, Range)
            and last.slice.end == made.slice.start
        ):
            found[-1] = Built(Range(last.slice.start, made.slice.end), made.since)
        else:
            found.append(made)
    return tuple(found)


def with_rows_of(parts: Sequence[Part], kept: Ranges) -> list[Part]:
    """`parts` without the rows of all intervals that are not `kept`."""
    found = []
    for part in parts:
        left = common(part.ranges, kept)
        if left == part.ranges:
            found.append(part)
        elif left:
            found.append(replace(part, ranges=left, carved=True))
    return found


def built_of(built: Sequence[Built], ranges: Ranges) -> list[Built]:
    """What of `built` lies in `ranges`."""
    return [
        Built(each, made.since)
        for made in built
        if isinstance(made.slice, Range)
        for each in common([made.slice], ranges)
    ]
