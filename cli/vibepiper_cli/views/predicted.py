"""What work was predicted to take, in words and beside what it took."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from vibepiper_cli.views.words import count, seconds, size
from vibepiper_interpreter.estimate import Band, Estimate


def estimate_in_words(estimate: Estimate) -> str:
    """`about 1,200 rows, 4.2 MB, 12 s (8.0 to 20 s)`; empty where nothing is known."""
    parts = []
    if estimate.rows is not None:
        parts.append(count(estimate.rows, "row"))
    if estimate.bytes is not None:
        parts.append(size(estimate.bytes))
    if estimate.seconds is not None:
        parts.append(time_in_words(estimate.seconds, estimate.seconds_band))
    return f"about {', '.join(parts)}" if parts else ""


def time_in_words(middle: float, band: Band | None) -> str:
    """`12 s (8.0 to 20 s)`; only the middle where the band says nothing more."""
    if band is None or seconds(band[0]) == seconds(band[1]):
        return seconds(middle)
    low, high = seconds(band[0]), seconds(band[1])
    number, _, unit = low.partition(" ")
    shown = number if high.partition(" ")[2] == unit else low
    return f"{seconds(middle)} ({shown} to {high})"


def together(estimates: Iterable[Estimate | None]) -> tuple[float, Band | None] | None:
    """The time of all of them, and its band if each has one; None where one of them is not known."""
    total, low, high = 0.0, 0.0, 0.0
    banded = any_known = False
    for estimate in estimates:
        if estimate is None or estimate.seconds is None:
            return None
        any_known = True
        band = estimate.seconds_band
        banded = banded or band is not None
        total += estimate.seconds
        low += estimate.seconds if band is None else band[0]
        high += estimate.seconds if band is None else band[1]
    return (total, (low, high) if banded else None) if any_known else None


def estimate_json(estimate: Estimate | None) -> dict[str, Any] | None:
    """`low` and `high` are null where a single past tells nothing about them."""
    if estimate is None:
        return None
    found: dict[str, Any] = {}
    for name in ("rows", "bytes", "seconds"):
        band = getattr(estimate, f"{name}_band")
        found[name] = getattr(estimate, name)
        found[f"{name}_low"], found[f"{name}_high"] = band or (None, None)
    return found
