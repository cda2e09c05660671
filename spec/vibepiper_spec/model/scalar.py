"""A single TOML value whose type is the user's choice: in checks, variables and connections."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from vibepiper_spec.model.mistakes import mistake

ScalarValue = str | bool | int | float | date | datetime


def describe_type(value: object) -> str:
    """What a TOML value is, in words: `3` → `an integer`."""
    match value:
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


# Dates arrive in JSON Schema as ISO strings, so `string` covers them.
Scalar = Annotated[Any, BeforeValidator(_check_scalar), WithJsonSchema({"type": ["string", "number", "boolean"]})]
