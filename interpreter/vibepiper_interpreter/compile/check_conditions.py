"""What a rule on a column demands of a row, as a SQL condition; and whether its values can be compared at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from vibepiper_interpreter.compile.compiled import Column
from vibepiper_interpreter.engines.duckdb.session import literal, quote

Family = Literal["number", "text", "boolean", "time", "other"]

_SIGNED = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
_NUMBERS = frozenset([*_SIGNED, *(f"U{name}" for name in _SIGNED), "FLOAT", "DOUBLE"])


def family_of_type(kind: str) -> Family:
    """Types of one family can be compared with each other."""
    if kind in _NUMBERS or (kind.startswith("DECIMAL") and not kind.endswith("]")):
        return "number"
    if kind.endswith("]"):
        return "other"
    if kind == "VARCHAR":
        return "text"
    if kind == "BOOLEAN":
        return "boolean"
    return "time" if kind == "DATE" or kind.startswith("TIMESTAMP") else "other"


def family_of_value(value: Any) -> Family:
    match value:
        case bool():
            return "boolean"
        case int() | float() | Decimal():
            return "number"
        case str():
            return "text"
        case date():
            return "time"
    return "other"


def fits(column: Column, value: Any) -> bool:
    """Whether `value` can be compared with the column. Dates may be written as strings, other types too."""
    wanted, given = family_of_type(column.type), family_of_value(value)
    return wanted == given or (given == "text" and wanted in ("time", "other"))


def condition_of(rule: str, arguments: Mapping[str, Any], column: Column) -> str | None:
    """The condition of a row rule; None for rules on the whole table, and for `expression`, which is one itself.

    A condition is NULL where the value is, and that passes; only `not_null` looks at NULL itself.
    """
    name = quote(column.name)
    match rule:
        case "not_null":
            return f"{name} IS NOT NULL"
        case "between":
            return _within(name, arguments, column)
        case "length":
            return _within(f"length({name})", arguments, Column("", "BIGINT"))
        case "accepted_values":
            values: Sequence[Any] = arguments["values"]
            return f"{name} IN ({', '.join(_typed(value, column) for value in values)})" if values else "false"
        case "pattern":
            return f"regexp_full_match({name}, {literal(arguments['pattern'])})"
    return None


def _within(value: str, bounds: Mapping[str, Any], column: Column) -> str:
    sides = []
    if bounds.get("min") is not None:
        sides.append(f"{value} >= {_typed(bounds['min'], column)}")
    if bounds.get("max") is not None:
        sides.append(f"{value} <= {_typed(bounds['max'], column)}")
    return " AND ".join(sides)


def _typed(value: Any, column: Column) -> str:
    """A literal; one written as a string for a column of another type is cast here, so that a bad one shows at once."""
    if isinstance(value, str) and column.type != "VARCHAR":
        return f"CAST({literal(value)} AS {column.type})"
    return literal(value)
