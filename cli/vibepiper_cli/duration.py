"""Durations as people type them."""

from __future__ import annotations

from vibepiper_cli.failure import WrongUsage
from vibepiper_spec.model.duration import duration_seconds


def parse_duration(text: str) -> float:
    """Seconds.

    >>> parse_duration("1h 30m")
    5400.0
    """
    found = duration_seconds(text)
    if found is None:
        raise WrongUsage(f"`{text}` is no duration. Write `30s`, `10m` or `1h 30m`.")
    return found
