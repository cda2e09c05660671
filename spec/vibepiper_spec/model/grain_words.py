"""What people write for a grain that has another name, or is none."""

from __future__ import annotations

import re
from typing import Any

from vibepiper_spec.model.mistakes import mistake

_SPAN = re.compile(r"\s*(\d+)[\s_-]*([a-z]+?)s?\s*", re.IGNORECASE)
_UNITS = {
    "m": "minute",
    "min": "minute",
    "minute": "minute",
    "h": "hour",
    "hour": "hour",
    "d": "day",
    "day": "day",
    "w": "week",
    "week": "week",
    "month": "month",
    "quarter": "quarter",
    "year": "year",
}
_NAMES = {
    (5, "minute"): "five_minutes",
    (15, "minute"): "quarter_hour",
    (30, "minute"): "half_hour",
    (60, "minute"): "hour",
    (24, "hour"): "day",
    (7, "day"): "week",
    (3, "month"): "quarter",
    (12, "month"): "year",
}


def judge_grain(value: Any) -> Any:
    """`value` as it is. VP109 where it is a number of minutes, hours and so on: only some of these have a name."""
    span = _SPAN.fullmatch(value) if isinstance(value, str) else None
    unit = _UNITS.get(span[2].lower()) if span else None
    if span is None or unit is None:
        return value
    number = int(span[1])
    name = unit if number == 1 else _NAMES.get((number, unit))
    if name is not None:
        raise mistake("VP109", f"A grain has a name: `{value}` is `{name}`.", f'Write `grain = "{name}"`.')
    raise mistake(
        "VP109",
        f"There is no grain of {number} {unit}s: an interval is one `minute`, `five_minutes`, `quarter_hour`, "
        "`half_hour`, `hour`, `day`, `week`, `month`, `quarter` or `year`.",
        f"Write the next longer one. The query may group by {number} {unit}s all the same: the grain says what is "
        "built at once, not what a row is about.",
    )
