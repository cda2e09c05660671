"""Whether a value that a spec lists can stand in a column: partitions are told apart by their text."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

_WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")
_DECIMAL = re.compile(r"DECIMAL\(\d+,\s*(\d+)\)")


def written_otherwise(value: str, type: str) -> str | None:
    """How a column of `type` writes `value` where that is another text; empty where it can never hold it.

    None where it is written so, or that cannot be told.

    >>> written_otherwise("10", "DECIMAL(4,1)"), written_otherwise("x", "BIGINT"), written_otherwise("x", "VARCHAR")
    ('10.0', '', None)
    """
    if type in _WHOLE:
        return _differs(value, str(int(value)) if re.fullmatch(r"-?\d+", value) else "")
    if type == "BOOLEAN":
        return _differs(value, value.lower() if value.lower() in ("true", "false") else "")
    if type == "DATE":
        try:
            return _differs(value, date.fromisoformat(value).isoformat())
        except ValueError:
            return ""
    if found := _DECIMAL.fullmatch(type):
        return _differs(value, _with_places(value, int(found[1])))
    return None


def _with_places(value: str, places: int) -> str:
    """A decimal number with so many digits behind the point; empty where it has more, or is none."""
    if not re.fullmatch(r"-?\d+(\.\d+)?", value):
        return ""
    number = Decimal(value) + 0  # a zero has no sign
    written = f"{number:.{places}f}"
    return written if Decimal(written) == number else ""


def _differs(value: str, written: str) -> str | None:
    return None if value == written else written
