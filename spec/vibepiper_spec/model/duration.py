"""Durations as people write them."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

from vibepiper_spec.model.mistakes import mistake

_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|min|m|h|d)")


def duration_seconds(text: str) -> float | None:
    """Seconds; None where `text` is no duration.

    >>> duration_seconds("1h 30m")
    5400.0
    >>> duration_seconds("250ms")
    0.25
    """
    parts = _PART.findall(text)
    if not parts or _PART.sub("", text).strip():
        return None
    return float(sum(float(number) * _SECONDS[unit] for number, unit in parts))


def _judge(value: str) -> str:
    if duration_seconds(value) is None:
        raise mistake("VP109", f"`{value}` is no duration.", "Write `500ms`, `30s`, `15m`, `2h` or `7d`.")
    return value


Duration = Annotated[str, AfterValidator(_judge)]
