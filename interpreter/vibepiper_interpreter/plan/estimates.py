"""Last step: what each action will probably take, from what earlier makings of the same asset took.

An asset may grow with what it reads (a filter), or not (a total). Its own past says which: of both ways, the one is
taken that would have foretold the past makings better, each from those before it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import ceil, floor, log
from statistics import median

from vibepiper_interpreter.estimate import Band, Estimate
from vibepiper_interpreter.plan.draft import Draft, Planning
from vibepiper_interpreter.plan.slice_estimates import estimate_slices, is_made_by_slice
from vibepiper_interpreter.state.records import Past
from vibepiper_spec.address import Address

# What takes rows from inputs or files. (Files that are adopted are only copied.)
_MADE = ("create", "rebuild", "extend")
# One number for several.
Middle = Callable[[Sequence[float]], float]


def estimate(planning: Planning) -> None:
    estimate_slices(planning)
    built = [
        draft
        for draft in planning.acting()
        if draft.verb in _MADE and draft.asset.build != "view" and not is_made_by_slice(draft.asset)
    ]
    pasts = planning.state.pasts(draft.asset.address for draft in built)
    known = planning.state.rows_of(_standing(planning, [draft for draft in built if draft.asset.address in pasts]))
    # In the order of the project: what an asset reads has its own estimate already.
    for draft in built:
        # What brings in a few rows says nothing of a making from nothing, nor the other way round.
        goes_on = draft.verb == "extend"
        if past := [each for each in pasts.get(draft.asset.address, ()) if each.goes_on == goes_on]:
            draft.estimate = learned(past, _will_read(planning, draft, known))


def learned(pasts: Sequence[Past], read: int | None) -> Estimate:
    """The estimate from `pasts`, newest first, for a making that reads `read` (rows, or bytes of files).

    Sizes as they were last; time as the middle of several, since a busy machine spoils a single one.
    """
    rows, rows_band = _foretold([past.rows for past in pasts], pasts, read, _last)
    size, size_band = _foretold([past.bytes for past in pasts], pasts, read, _last)
    time, time_band = _foretold([past.seconds for past in pasts], pasts, read, median)
    return Estimate(
        None if rows is None else round(rows),
        None if size is None else round(size),
        None if time is None else round(time, 6),
        _whole(rows_band),
        _whole(size_band),
        None if time_band is None else (round(time_band[0], 6), round(time_band[1], 6)),
    )


def _whole(band: Band | None) -> Band | None:
    """The band in whole rows or bytes, none of it cut off."""
    return None if band is None else (floor(band[0]), ceil(band[1]))


def _last(values: Sequence[float]) -> float:
    return values[0]


def _foretold(
    measured: Sequence[float | None], pasts: Sequence[Past], read: int | None, middle: Middle
) -> tuple[float | None, Band | None]:
    """The value and its band."""
    kept = [(value, past.read) for value, past in zip(measured, pasts, strict=True) if value is not None]
    if not kept:
        return None, None
    plain = [value for value, _ in kept]
    grown = _grown(kept, read)
    errors = (0.0, 0.0) if grown is None else _hindsight(kept, middle)
    if grown is None or errors[0] <= errors[1]:
        value, values = middle(plain), plain
        if grown is not None and errors[0] == errors[1]:
            values = [*plain, *grown]  # nothing tells the two ways apart yet, so both may come
    else:
        value, values = middle(grown), grown
    return value, (min(values), max(values)) if len(kept) > 1 else None


def _grown(kept: Iterable[tuple[float, int | None]], read: int | None) -> list[float] | None:
    """What each past making would have been, had it read `read`; None where one of them cannot be told."""
    grown = []
    for value, then in kept:
        if not then or read is None:
            return None
        grown.append(value * read / then)
    return grown


def _hindsight(kept: Sequence[tuple[float, int | None]], middle: Middle) -> tuple[float, float]:
    """How far off each way would have been for the past makings: unscaled, and scaled by what was read."""
    errors = [0.0, 0.0]
    for index in range(len(kept) - 1):
        actual, read = kept[index]
        before = kept[index + 1 :]
        ways = ([value for value, _ in before], _grown(before, read) or [])
        for number, values in enumerate(ways):
            errors[number] += abs(log((middle(values) + 1e-9) / (actual + 1e-9)))
    return round(errors[0], 9), round(errors[1], 9)


def _standing(planning: Planning, drafts: Iterable[Draft]) -> set[str]:
    """The versions that these read as they are, or as they were found."""
    versions = (_version(planning, read.address) for draft in drafts for read in draft.asset.inputs)
    return {version_id for version_id in versions if version_id is not None}


def _version(planning: Planning, address: Address) -> str | None:
    draft = planning.drafts[address]
    return draft.keeps if not draft.makes or not draft.expected_to_run else draft.found.id if draft.found else None


def _will_read(planning: Planning, draft: Draft, known: dict[str, int]) -> int | None:
    """The rows of all inputs together, or the bytes of all files; None where that is not known now."""
    if draft.asset.kind == "source":
        return sum(file.size for file in draft.source_files)
    if draft.verb == "extend":
        return None  # how many of its inputs' rows are new, only the apply will see
    total = 0
    for read in draft.asset.inputs:
        version_id = _version(planning, read.address)
        made = planning.drafts[read.address].estimate
        rows = known.get(version_id) if version_id is not None else None if made is None else made.rows
        if rows is None:
            return None
        total += rows
    return total
