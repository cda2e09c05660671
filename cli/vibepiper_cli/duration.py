"""Durations as people type them."""

from __future__ import annotations

import re

from vibepiper_cli.failure import WrongUsage

_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(s|min|m|h|d)")


def parse_duration(text: str) -> float:
    """Seconds.

    >>> parse_duration("1h 30m")
    5400.0
    """
    parts = _PART.findall(text)
    if not parts or _PART.sub("", text).strip():
        raise WrongUsage(f"`{text}` is no duration. Write `30s`, `10m` or `1h 30m`.")
    return float(sum(float(number) * _SECONDS[unit] for number, unit in parts))
