"""An asset's slices while several workers make them at once: what stays, what each is to make, what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from vibepiper_interpreter.compile.build_settings import Intervals, most_at_once
from vibepiper_interpreter.grains import batches, count, cut
from vibepiper_interpreter.run.tasks.held import Held, Slice
from vibepiper_interpreter.storage.slices import Range, Ranges, merged, only_ranges, without
from vibepiper_interpreter.storage.version import Part, Version

# More shares than workers, since not all take as long; not one for each slice, since each is handed over and told of.
_SHARES_A_WORKER = 4
# What takes less is not divided: to hand it out and to put it together takes some round trips.
_LEAST_SECONDS = 0.5
# Slices of what is small take a few milliseconds each.
_SECONDS_OF_A_SMALL_BATCH = 0.005


@dataclass(frozen=True, slots=True)
class Survey:
    """What a first attempt is told, which finds out what is to be made: by how many it could be made.

    `apart`: these have engines of their own, so that not even one query is made by all of them together.
    """

    workers: int
    apart: bool
    seconds: float | None  # that all of it will probably take


@dataclass(frozen=True, slots=True)
class Share:
    """Slices that one attempt makes. `base` is what they are compared with; one that comes out equal stays.

    `batch` is how many intervals are made at once; None: all that follow each other.
    """

    key: str  # among the shares of its asset
    base: Version | None
    slices: tuple[Slice, ...]
    batch: int | None = None

    def rest(self, done: Iterable[Slice]) -> Share:
        """What is left of it."""
        known = tuple(done)
        if any(isinstance(each, Range) for each in self.slices):
            return replace(self, slices=without(only_ranges(self.slices), only_ranges(known)))
        return replace(self, slices=tuple(each for each in self.slices if each not in known))


@dataclass(frozen=True, slots=True)
class Made:
    """Slices that are made. `parts` lie in folders that are nobody's; `fresh` are those that are other than before.

    `before` is what stays of the base in the place of those that came out equal.
    """

    slices: tuple[Slice, ...]
    parts: tuple[Part, ...]
    fresh: tuple[Slice, ...]
    before: Held

    @property
    def rows(self) -> int:
        return self.before.rows + sum(part.rows for part in self.parts)


@dataclass(frozen=True, slots=True)
class Outline:
    """What becomes of an asset's slices: what of its base, or of what is published, `stays`, and who makes the rest."""

    base: Version | None
    stays: Held
    shares: tuple[Share, ...]


@dataclass(frozen=True, slots=True)
class Gather:
    """What a last attempt is told, which makes a version of what is there by then."""

    outline: Outline
    held: Held


Stage = Survey | Share | Gather


def divide_intervals(
    base: Version | None, wanted: Ranges, settings: Intervals, survey: Survey, *, small: bool
) -> tuple[Share, ...]:
    """Who makes the intervals in `wanted`; nobody in particular where it does not pay to divide them."""
    if settings.own_past or not wanted:
        return ()  # each is made upon those before it
    most = most_at_once(settings)
    if most is None and survey.apart:
        most = -(-count(wanted, settings.grain) // survey.workers)
    number = batches(wanted, settings.grain, most)
    if not _pays(number, survey, small=small):
        return ()
    each = -(-number // (survey.workers * _SHARES_A_WORKER))
    shares: list[list[Range]] = []
    room = 0
    for piece in cut(wanted, settings.grain, None if most is None else most * each):
        size = batches([piece], settings.grain, most)
        if size > room:
            shares.append([])
            room = each
        shares[-1].append(piece)
        room -= size
    return tuple(Share(_key(share[0]), base, merged(share), most) for share in shares)


def divide_values(base: Version | None, wanted: Sequence[str], survey: Survey, *, small: bool) -> tuple[Share, ...]:
    """The same for the values of partitions."""
    if not _pays(len(wanted), survey, small=small):
        return ()
    each = -(-len(wanted) // (survey.workers * _SHARES_A_WORKER))
    shares = (tuple(wanted[start : start + each]) for start in range(0, len(wanted), each))
    return tuple(Share(_key(share[0]), base, share) for share in shares)


def _key(first: Slice) -> str:
    """A share is called by its first slice."""
    return first if isinstance(first, str) else first.start.isoformat(sep=" ").removesuffix(" 00:00:00")


def _pays(number: int, survey: Survey, *, small: bool) -> bool:
    """Whether so many batches are worth more hands. What nobody can foretell is."""
    if number < 2 or survey.workers < 2:
        return False
    if survey.seconds is not None:
        return survey.seconds >= _LEAST_SECONDS
    return not small or number * _SECONDS_OF_A_SMALL_BATCH >= _LEAST_SECONDS
