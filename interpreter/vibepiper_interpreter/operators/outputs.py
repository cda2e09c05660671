"""Gives the outputs of an operator their declared types."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from vibepiper_interpreter.operators.call import OperatorFailed, OutputDefinition
from vibepiper_spec.diagnostics import Diagnostic, Fix

_BOOLEANS = {"true": True, "false": False, "1": True, "0": False}
_LARGEST = 2**63
_SHOWN = 80  # characters of a value that does not fit


@dataclass(frozen=True, slots=True)
class _Unfit(Exception):
    """The value is not of the type."""


def typed_outputs(declared: Mapping[str, OutputDefinition], found: Mapping[str, Any]) -> dict[str, Any]:
    """The declared outputs of `found`, each as a Python value of its type. What is not declared is left out.

    A value may be None where it was found so. Raises OperatorFailed (VP805) where one is missing or does not fit.
    """
    typed = {}
    for name, definition in declared.items():
        if name not in found:
            given = f"It gave {_listed(found)}." if found else "It gave none."
            raise OperatorFailed(
                Diagnostic(
                    "VP805",
                    f"The task ended without its output `{name}`, which other tasks may read. {given}",
                    fix=Fix(f"Let the task give `{name}`, or take it out of its `outputs`."),
                ),
                "data",
            )
        value = found[name]
        try:
            typed[name] = None if value is None else _READERS[definition.type](value)
        except (_Unfit, ValueError, TypeError, OverflowError):
            shown = repr(value)
            shown = shown if len(shown) <= _SHOWN else shown[:_SHOWN] + "…"
            raise OperatorFailed(
                Diagnostic(
                    "VP805",
                    f"The output `{name}` is declared as {definition.type}, but the task gave {shown}.",
                    fix=Fix(f"Declare the type that it has, or let the task give a {definition.type}."),
                ),
                "data",
            ) from None
    return typed


def _listed(found: Mapping[str, Any]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(found))


def _bigint(value: Any) -> int:
    if isinstance(value, bool) or (isinstance(value, float | Decimal) and value != int(value)):
        raise _Unfit
    number = int(value)
    if not -_LARGEST <= number < _LARGEST:
        raise _Unfit
    return number


def _double(value: Any) -> float:
    if isinstance(value, bool):
        raise _Unfit
    number = float(value)
    if not math.isfinite(number):
        raise _Unfit
    return number


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str | int) and str(value).strip().lower() in _BOOLEANS:
        return _BOOLEANS[str(value).strip().lower()]
    raise _Unfit


def _varchar(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float | Decimal):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    raise _Unfit


def _date(value: Any) -> date:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, str):
        return date.fromisoformat(value.strip())
    raise _Unfit


def _timestamp(value: Any) -> datetime:
    """Without a zone, as UTC, as timestamps are everywhere in a project."""
    if isinstance(value, str):
        moment = datetime.fromisoformat(value.strip())
    elif isinstance(value, datetime):
        moment = value
    elif isinstance(value, date):
        moment = datetime(value.year, value.month, value.day)
    else:
        raise _Unfit
    return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)


def _json(value: Any) -> Any:
    """Text is read as JSON; anything else must have a form in JSON."""
    found = json.loads(value) if isinstance(value, str) else value
    json.dumps(found, allow_nan=False)
    return found


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "bigint": _bigint,
    "double": _double,
    "boolean": _boolean,
    "varchar": _varchar,
    "date": _date,
    "timestamp": _timestamp,
    "json": _json,
}
OUTPUT_TYPES = tuple(_READERS)
