"""A single TOML value whose type is the user's choice: in checks, variables and connections."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from vibepiper_spec.model.mistakes import mistake

ScalarValue = str | bool | int | float | date | datetime


@dataclass(frozen=True, slots=True)
class ForeignValue:
    """A value that a decorator was given and TOML has no form for; `type` is what Python calls it."""

    type: str


def describe_type(value: object) -> str:
    """What a TOML value is, in words: `3` → `an integer`."""
    match value:
        case ForeignValue(type=name):
            return f"a Python `{name}`"
        case bool():
            return "a boolean"
        case str():
            return "a string"
        case int():
            return "an integer"
        case float():
            return "a number"
        case datetime():
            return "a date and time"
        case date():
            return "a date"
        case list() | tuple():
            return "a list"
        case dict():
            return "a table"
    return "a time"


def _check_scalar(value: Any) -> Any:
    if isinstance(value, ScalarValue):
        return value
    raise mistake(
        "VP103",
        f"Expected a string, number, boolean or date, found {describe_type(value)}.",
        "Write a single value here.",
    )


# JSON Schema has no dates: generic validators see ISO strings, TOML editors tell them apart by these formats.
_FORMATS = ("date", "date-time", "date-time-local")
SCALAR_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"type": ["string", "number", "boolean"]},
        *({"type": "string", "format": name} for name in _FORMATS),
    ]
}
Scalar = Annotated[Any, BeforeValidator(_check_scalar), WithJsonSchema(SCALAR_SCHEMA)]
