"""Rows that somebody wrote down, as SQL: TOML values and texts of CSV files, cast to the types of their columns."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import duckdb

from vibepiper_interpreter.engines.duckdb.session import literal, quote

_MANY = 500  # values that are judged by one statement
# Types in which a number must be what it was before.
_EXACT = re.compile(r"U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|DOUBLE|DECIMAL\(\d+,\d+\)")


@dataclass(frozen=True, slots=True)
class GivenRows:
    """`columns` are names with types; an empty type is whatever the value has. A value that is missing is None."""

    columns: tuple[tuple[str, str], ...]
    rows: tuple[tuple[Any, ...], ...]

    def query(self) -> str:
        """A SELECT that gives them."""
        names = [quote(name) for name, _ in self.columns]
        kinds = [kind or inferred(row[number] for row in self.rows) for number, (_, kind) in enumerate(self.columns)]
        if not self.rows:
            nothing = ", ".join(f"CAST(NULL AS {kind}) AS {name}" for name, kind in zip(names, kinds, strict=True))
            return f"SELECT {nothing} WHERE false"
        tuples = (
            f"({', '.join(_cast(value, kind) for value, kind in zip(row, kinds, strict=True))})" for row in self.rows
        )
        return f"SELECT * FROM (VALUES {', '.join(tuples)}) AS given({', '.join(names)})"

    def typed(self, kinds: Mapping[str, str]) -> GivenRows:
        """The same with the types that are known by now, by column in lower case."""
        return GivenRows(tuple((name, kinds.get(name.lower(), kind)) for name, kind in self.columns), self.rows)


def misfits(connection: duckdb.DuckDBPyConnection, found: GivenRows) -> Iterable[tuple[int, int]]:
    """The row and the column, from 0, of each value that is none of its column's type."""
    places = [
        (row, column, value, kind)
        for row, values in enumerate(found.rows)
        for column, (value, (_, kind)) in enumerate(zip(values, found.columns, strict=True))
        if value is not None and kind
    ]
    # What is nested is tried one by one: TRY_CAST puts NULL in the place of what does not fit inside it.
    nested = [place for place in places if isinstance(place[2], list | tuple | Mapping)]
    for row, column, value, kind in nested:
        try:
            connection.execute(f"SELECT {_cast(value, kind)} IS NULL").fetchall()
        except duckdb.Error:
            yield row, column
    plain = [place for place in places if not isinstance(place[2], list | tuple | Mapping)]
    for start in range(0, len(plain), _MANY):
        chunk = plain[start : start + _MANY]
        wrong = ", ".join(_is_wrong(value, kind) for _, _, value, kind in chunk)
        [(answers,)] = connection.execute(f"SELECT [{wrong}]").fetchall()
        yield from (place[:2] for place, is_wrong in zip(chunk, answers, strict=True) if is_wrong)


def inferred(values: Iterable[Any]) -> str:
    """The type that holds all of these values."""
    kinds = {_inferred(value) for value in values if value is not None}
    if kinds == {"BIGINT", "DOUBLE"}:
        return "DOUBLE"
    return kinds.pop() if len(kinds) == 1 else "VARCHAR"


def _inferred(value: Any) -> str:
    match value:
        case bool():
            return "BOOLEAN"
        case int():
            return "BIGINT"
        case float():
            return "DOUBLE"
        case datetime():
            return "TIMESTAMP" if value.tzinfo is None else "TIMESTAMP WITH TIME ZONE"
        case date():
            return "DATE"
        case time():
            return "TIME"
        case list() | tuple() | Mapping():
            return "JSON"
        case bytes():
            return "BLOB"
        case Decimal():
            return "DOUBLE"
    return "VARCHAR"


def _cast(value: Any, kind: str) -> str:
    return f"CAST({_text(value)} AS {kind})"


def _is_wrong(value: Any, kind: str) -> str:
    none = f"TRY_CAST({_text(value)} AS {kind}) IS NULL"
    if type(value) in (int, float) and _EXACT.fullmatch(kind):
        # 3.7 would be cast to 4.
        return f"({none} OR CAST({_cast(value, kind)} AS DOUBLE) <> {value!r}::DOUBLE)"
    return none


def _text(value: Any) -> str:
    """Every value by way of its text: it is then what a CSV file would say."""
    match value:
        case None:
            return "NULL"
        case bool():
            return literal("true" if value else "false")
        case list() | tuple() | Mapping():
            return f"CAST({literal(json.dumps(value, default=_plain, ensure_ascii=False))} AS JSON)"
        case datetime():
            return literal(value.isoformat(sep=" "))
        case date() | time():
            return literal(value.isoformat())
        case Decimal():
            return literal(format(value, "f"))
        case bytes():
            return literal("".join(f"\\x{byte:02X}" for byte in value))
    return literal(str(value))


def _plain(value: Any) -> str:
    return value.isoformat(sep=" ") if isinstance(value, datetime) else str(value)
