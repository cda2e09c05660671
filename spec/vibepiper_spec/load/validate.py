"""Holds a table against its model, and says in a user's words what does not fit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from vibepiper_spec.diagnostics import CODES, did_you_mean, nearest
from vibepiper_spec.load.misplaced import home_of
from vibepiper_spec.load.origin import Origin
from vibepiper_spec.load.problem import Problem
from vibepiper_spec.model.scalar import describe_type
from vibepiper_spec.model.shape import description_of, keys_of, model_at
from vibepiper_spec.model.spec_model import ShorthandModel
from vibepiper_spec.text.values import shortened

Model = TypeVar("Model", bound=BaseModel)
Keys = tuple[str | int, ...]

_EXPECTED = {
    "string_type": "a string",
    "int_type": "an integer",
    "float_type": "a number",
    "bool_type": "`true` or `false`",
    "tuple_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
}
# What of them a key takes may be a union, and each of its members complains.
_TIMES = ("date_type", "datetime_type")
_BOUNDS = {"greater_than": "more than {gt}", "greater_than_equal": "at least {ge}", "less_than_equal": "at most {le}"}


def validate(
    model: type[Model], table: object, origin: Origin, keys: Keys = (), context: Mapping[str, Any] | None = None
) -> tuple[Model | None, list[Problem]]:
    """The instance, or None and every mistake in `table`, which stands at `keys` below `origin`."""
    try:
        return model.model_validate(table, context=dict(context or {})), []
    except ValidationError as error:
        details = error.errors(include_url=False)
    return None, list(dict.fromkeys(_problem(model, detail, origin, keys) for detail in details))


def _problem(model: type[BaseModel], error: ErrorDetails, origin: Origin, above: Keys) -> Problem:
    location: Keys = error["loc"]
    at = above + location
    kind = error["type"]
    given = error["input"]
    context = error.get("ctx", {})
    if kind in CODES:  # the model's own words
        key = context["key"]
        return Problem(
            kind,
            context["detail"],
            origin,
            (*at, key) if key else at,
            part="key" if key and kind in ("VP107", "VP110") else "value",
            fix=context["fix"],
        )
    if kind == "extra_forbidden":
        return _unknown_key(model, location, origin, above)
    if kind == "missing":
        return _missing_key(model, location, origin, above)
    if kind == "literal_error":
        return _not_one_of(context["expected"], given, origin, at)
    if kind in _BOUNDS:
        allowed = _BOUNDS[kind].format(**context)
        return Problem("VP109", f"Expected a number of {allowed}, found {given}.", origin, at, fix=f"Write {allowed}.")
    if kind == "string_too_short":
        return Problem("VP109", "The text is empty.", origin, at, fix="Write what is meant, or remove the key.")
    if kind in _TIMES:
        return _no_time(given, origin, at[:-1] if at[-1] in ("date", "datetime") else at)
    table = model_at(model, location)
    expected = _EXPECTED.get(kind, "another type of value")
    if kind == "model_type" and table is not None and issubclass(table, ShorthandModel):
        expected = f"{describe_type(table.plain())} or a table"
    return wrong_type(expected, given, origin, at)


def wrong_type(expected: str, given: object, origin: Origin, keys: Keys) -> Problem:
    return Problem(
        "VP103", f"Expected {expected}, found {describe_type(given)}.", origin, keys, fix=_retype(expected, given)
    )


def _no_time(given: object, origin: Origin, at: Keys) -> Problem:
    """Something else where a date, or a date and time, is expected."""
    expected, found = "a date, or a date and time", describe_type(given)
    if not isinstance(given, str):
        fix = "Write a date as `2024-01-31`, a date and time as `2024-01-31T06:30:00`."
        return Problem("VP103", f"Expected {expected}, found {found}.", origin, at, fix=fix)
    try:
        moment = datetime.fromisoformat(given.strip())
    except ValueError:
        detail = f"`{shortened(given)}` is a string, and no date or time."
        return Problem("VP103", detail, origin, at, fix="Write a date without quotes, as in `2024-01-31`.")
    written = moment.date().isoformat() if len(given.strip()) == len("2024-01-31") else moment.isoformat()
    return Problem(
        "VP103",
        f"Expected {expected}, found {found}.",
        origin,
        at,
        fix=f"Remove the quotes: `{written}`.",
        replacement=written,
    )


def _retype(expected: str, given: object) -> str:
    if expected == "a string" and isinstance(given, bool | int | float):
        written = str(given).lower() if isinstance(given, bool) else str(given)
        return f'Put it in quotes: `"{written}"`.'
    if expected == "a list" and isinstance(given, str) and len(given) <= 40:
        return f'Put it in brackets: `["{given}"]`.'
    if isinstance(given, str) and _is_written_as(expected, given):
        return f"Remove the quotes: `{given.strip()}`."
    return f"Write {expected} here."


def _is_written_as(expected: str, text: str) -> bool:
    """Whether `text` without its quotes would be what is expected."""
    pattern = {
        "an integer": r"\s*[+-]?\d+\s*",
        "a number": r"\s*[+-]?\d+(\.\d+)?([eE][+-]?\d+)?\s*",
        "`true` or `false`": r"\s*(true|false)\s*",
    }.get(expected)
    return pattern is not None and re.fullmatch(pattern, text) is not None


def _unknown_key(model: type[BaseModel], location: Keys, origin: Origin, above: Keys) -> Problem:
    key = str(location[-1])
    at = above + location
    known = keys_of(model_at(model, location[:-1]))
    match = nearest(key, known)
    home = home_of(key, origin, at)
    # A key that is spelled exactly as in another table was more probably misplaced than misspelled.
    if home is not None:
        return Problem(
            "VP102",
            f"`{key}` is a key of `[{home}]`, but it stands below another header, so it belongs to that table.",
            origin,
            at,
            part="key",
            fix=f"Move the line up, to the other keys of `[{home}]`.",
        )
    return Problem(
        "VP101",
        f"`{key}` is not a key of this table.{did_you_mean(key, known)}",
        origin,
        at,
        part="key",
        fix=f"Write `{match}`." if match else f"Remove it, or use one of {_listed(known)}.",
        replacement=match,
    )


def _missing_key(model: type[BaseModel], location: Keys, origin: Origin, above: Keys) -> Problem:
    key = location[-1]
    at = above + location[:-1]
    parent = model_at(model, location[:-1])
    about = None if parent is None else description_of(parent, str(key))
    sentence = f" {about}" if about else ""
    return Problem(
        "VP104", f"The key `{key}` is missing.{sentence}", origin, at, part="header", fix=f"Add `{key} = …`."
    )


def _not_one_of(expected: str, given: object, origin: Origin, at: Keys) -> Problem:
    allowed = re.findall(r"'([^']*)'", expected)
    if not allowed:  # the one literal that is no string: `not_null = true`
        return Problem("VP109", "Only `true` is allowed here.", origin, at, fix="Write `true`, or remove the key.")
    if not isinstance(given, str):
        return wrong_type("a string", given, origin, at)
    match = nearest(given, allowed)
    return Problem(
        "VP109",
        f"`{shortened(given)}` is not allowed here.{did_you_mean(given, allowed)}",
        origin,
        at,
        fix=f"Write one of {_listed(allowed)}.",
        replacement=f'"{match}"' if match else None,
    )


def _listed(names: tuple[str, ...] | list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
