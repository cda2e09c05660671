"""Compares the columns that a Python asset returned with those it declares, and casts where nothing can be lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vibepiper_interpreter.compile.compiled import Column
from vibepiper_interpreter.engines.duckdb.errors import SqlProblem
from vibepiper_interpreter.engines.duckdb.session import literal, quote
from vibepiper_interpreter.engines.duckdb.types import stored_type
from vibepiper_spec.diagnostics import did_you_mean

# What begins the engine's message where a value does not survive its cast.
INEXACT = "inexact cast: "

_INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")
_NUMBERS = (*_INTEGERS, "HUGEINT", "UHUGEINT", "FLOAT", "DOUBLE", "DECIMAL")
_TIMES = ("DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS")
_TEXTS = ("VARCHAR", "JSON")
_NESTED = ("STRUCT(", "MAP(", "[]")


@dataclass(frozen=True, slots=True)
class Fitted:
    """How returned columns become the asset's: a select list over them, or what does not fit, in sentences."""

    projection: str
    columns: tuple[Column, ...]
    problems: tuple[str, ...]


def fit(returned: Sequence[Column], declared: Sequence[Column]) -> Fitted:
    """Match columns by name (without case); a declared type is an assertion, so a cast must give back each value.

    Nothing declared takes everything as it is.
    """
    if not declared:
        return _as_returned(returned)
    by_name = {column.name.casefold(): column for column in returned}
    problems, terms, columns = [], [], []
    for column in declared:
        found = by_name.pop(column.name.casefold(), None)
        if found is None:
            problems.append(f"Column `{column.name}` is missing.")
            continue
        wanted = column.type or _stored(found.type)
        expression = _cast(found, wanted)
        if expression is None:
            problems.append(f"Column `{column.name}` is {found.type}, and {column.type} is declared.")
            continue
        terms.append(f"{expression} AS {quote(column.name)}")
        columns.append(Column(column.name, wanted, column.description))
    missing = [
        column.name for column in declared if column.name.casefold() not in {c.name.casefold() for c in returned}
    ]
    for extra in by_name.values():
        problems.append(f"Column `{extra.name}` is not declared.{did_you_mean(extra.name, missing)}")
    return Fitted(", ".join(terms), tuple(columns), tuple(problems))


def _as_returned(returned: Sequence[Column]) -> Fitted:
    problems = []
    columns = []
    for column in returned:
        stored = stored_type(column.type, column.name)
        if isinstance(stored, SqlProblem):
            problems.append(stored.message)
        else:
            columns.append(Column(column.name, stored))
    terms = ", ".join(f"CAST({quote(column.name)} AS {column.type}) AS {quote(column.name)}" for column in columns)
    return Fitted(terms, tuple(columns), tuple(problems))


def _stored(type_name: str) -> str:
    stored = stored_type(type_name)
    return type_name if isinstance(stored, SqlProblem) else stored


def _cast(column: Column, wanted: str) -> str | None:
    """The column as type `wanted`, None where that could lose something by its very kind.

    Integers of any width, decimals and floats are one kind; dates and timestamps another; text another. Within a kind
    each value is cast there and back, and one that comes back different stops the task.
    """
    name = quote(column.name)
    if column.type == wanted:
        return name
    if column.type == '"NULL"' or _stored(column.type) == wanted:
        return f"CAST({name} AS {wanted})"
    kinds = (_NUMBERS, _TIMES, _TEXTS)
    same_kind = any(_base(column.type) in kind and _base(wanted) in kind for kind in kinds)
    both_nested = all(any(mark in kind for mark in _NESTED) for kind in (column.type, wanted))
    if not same_kind and not both_nested:
        return None
    there = f"TRY_CAST({name} AS {wanted})"
    message = f"concat({literal(f'{INEXACT}{column.name}: ')}, CAST({name} AS VARCHAR))"
    return (
        f"CASE WHEN {name} IS NOT DISTINCT FROM CAST({there} AS {column.type}) THEN {there} ELSE error({message}) END"
    )


def _base(type_name: str) -> str:
    return type_name.partition("(")[0].strip().upper()
