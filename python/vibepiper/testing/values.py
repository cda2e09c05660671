"""Hypothesis strategies for the values of a column, by its type and its checks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from typing import Any, Literal

from hypothesis import strategies as st

from vibepiper_interpreter.compile.compiled import Check, Column
from vibepiper_interpreter.engines.duckdb.types import DataType, parse_type

Values = st.SearchStrategy[Any]

_BITS = {"TINYINT": 8, "SMALLINT": 16, "INTEGER": 32, "BIGINT": 64, "HUGEINT": 128}
_TIMES = frozenset({"TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"})
_MOMENTS = frozenset({"TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ_NS"})
# Nanoseconds count from 1970 in 64 bits.
_NANOSECONDS = datetime(1700, 1, 1), datetime(2250, 1, 1)
_EXACT = Context(prec=76)
_TEXT = st.characters(codec="utf-8", exclude_characters="\x00")


def column_values(column: Column, checks: Iterable[Check]) -> Values:
    """Values that the column may hold: of its type, as its checks demand, and NULL unless `not_null` is one of them.

    Looked at are `not_null`, `accepted_values`, `between`, `length` and `pattern` with the severity `error`. Raises
    ValueError for a type that there is no strategy for.
    """
    rules = {check.rule: dict(check.arguments) for check in checks if check.severity == "error"}
    values = _ruled(column, rules)
    return values if "not_null" in rules else st.none() | values


def _ruled(column: Column, rules: Mapping[str, Mapping[str, Any]]) -> Values:
    if not column.type:
        raise ValueError(f"the type of `{column.name}` is not declared: say `columns={{{column.name!r}: …}}`")
    kind = parse_type(column.type)
    assert isinstance(kind, DataType)  # it is one of a compiled asset
    if "accepted_values" in rules:
        return st.sampled_from(list(rules["accepted_values"]["values"]))
    bounds = {name: _bound(value, kind) for name, value in rules.get("between", {}).items()}
    low, high = bounds.get("min"), bounds.get("max")
    if "pattern" in rules:
        return st.from_regex(re.compile(rules["pattern"]["pattern"], re.ASCII), fullmatch=True, alphabet=_TEXT)
    if "length" in rules:
        least, most = rules["length"].get("min") or 0, rules["length"].get("max")
        if kind.name == "LIST":
            return st.lists(of_type(kind.children[0], column.name), min_size=least, max_size=most)
        return st.text(_TEXT, min_size=least, max_size=most)
    return of_type(kind, column.name, low, high)


def _bound(value: Any, kind: DataType) -> Any:
    """A bound as the value of its type: dates may be written as texts."""
    if isinstance(value, str):
        if kind.name == "DATE":
            return date.fromisoformat(value)
        if kind.name in _TIMES | _MOMENTS:
            return datetime.fromisoformat(value)
        return Decimal(value)
    return value


def of_type(kind: DataType, column: str, low: Any = None, high: Any = None) -> Values:
    """Values of a type, none of them NULL, between `low` and `high`. Raises ValueError for a type without a twin."""
    name = kind.name
    if name.removeprefix("U") in _BITS:
        size = _BITS[name.removeprefix("U")]
        least, most = (0, 2**size - 1) if name.startswith("U") else (-(2 ** (size - 1)), 2 ** (size - 1) - 1)
        return st.integers(_ceiling(low, least), _floor(high, most))
    if name in ("FLOAT", "DOUBLE"):
        bits: Literal[32, 64] = 32 if name == "FLOAT" else 64
        return st.floats(_number(low), _number(high), allow_nan=False, allow_infinity=False, width=bits)
    if name == "DECIMAL":
        width, scale = kind.numbers
        # Of whole numbers: what a decimal is, and no rounding.
        factor, most = 10**scale, 10**width - 1
        least = -most if low is None else max(-most, _up(Decimal(str(low)) * factor))
        greatest = most if high is None else min(most, _down(Decimal(str(high)) * factor))
        return st.integers(least, greatest).map(lambda value: Decimal(value).scaleb(-scale, _EXACT))
    if name in _TIMES or name in _MOMENTS:
        first, last = _NANOSECONDS if name.endswith("_NS") else (datetime.min, datetime.max)
        first, last = _moment(low) or first, _moment(high) or last
        found = st.datetimes(first, last)
        if name in ("TIMESTAMP_S", "TIMESTAMP_MS"):
            found = found.map(lambda value: value.replace(microsecond=0))
        return found.map(lambda value: value.replace(tzinfo=UTC)) if name in _MOMENTS else found
    match name:
        case "BOOLEAN":
            return st.booleans()
        case "VARCHAR":
            return st.text(_TEXT)
        case "DATE":
            return st.dates(_day(low) or date.min, _day(high) or date.max)
        case "TIME" | "TIME_NS":
            return st.times(time.min, time.max)
        case "UUID":
            return st.uuids()
        case "BLOB":
            return st.binary()
        case "ENUM":
            return st.sampled_from(kind.labels)
        case "JSON":
            leaves = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(_TEXT)
            return st.recursive(leaves, st.lists).map(_as_json)
        case "LIST":
            return st.lists(_inside(kind.children[0], column), max_size=5)
        case "ARRAY":
            return st.lists(_inside(kind.children[0], column), min_size=kind.numbers[0], max_size=kind.numbers[0])
        case "STRUCT":
            fields = zip(kind.labels, kind.children, strict=True)
            return st.fixed_dictionaries({label: _inside(child, column) for label, child in fields})
        case "MAP" if kind.children[0].name == "VARCHAR":
            return st.dictionaries(st.text(_TEXT), _inside(kind.children[1], column), max_size=5)
    raise ValueError(f"there is no strategy for {kind}, the type of `{column}`: say `columns={{{column!r}: …}}`")


def _inside(kind: DataType, column: str) -> Values:
    if kind.name == "BLOB":
        raise ValueError(f"there is no strategy for {kind} inside of `{column}`: say `columns={{{column!r}: …}}`")
    return st.none() | of_type(kind, column)


def _as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _up(value: Decimal) -> int:
    return int(value.to_integral_value(ROUND_CEILING))


def _down(value: Decimal) -> int:
    return int(value.to_integral_value(ROUND_FLOOR))


def _ceiling(value: Any, least: int) -> int:
    return least if value is None else max(least, _up(Decimal(str(value))))


def _floor(value: Any, most: int) -> int:
    return most if value is None else min(most, _down(Decimal(str(value))))


def _moment(value: Any) -> datetime | None:
    if value is None or not isinstance(value, datetime):
        return None if value is None else datetime.combine(value, time())
    return value if value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None)


def _day(value: Any) -> date | None:
    return value.date() if isinstance(value, datetime) else value
