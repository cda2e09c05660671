"""Puts values in the place of a query's `$parameters`, as typed literals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

import duckdb

from vibepiper_interpreter.engines.duckdb.failure import engine_failure
from vibepiper_interpreter.engines.duckdb.session import literal

ParameterValue = str | bool | int | float | Decimal | date | datetime | None


@dataclass(frozen=True, slots=True)
class FilledQuery:
    """`text` is `query` without parameters. `replaced` lists, in order, where they differ: (start in `text`, length of
    the literal, length of the parameter), all in bytes of UTF-8."""

    query: str
    text: str
    replaced: tuple[tuple[int, int, int], ...] = ()

    def original_position(self, position: int) -> int:
        """The byte in the query as written for byte `position` of `text`."""
        shift = 0
        for start, length, was in self.replaced:
            if position < start:
                break
            if position < start + length:
                return start + shift
            shift += was - length
        return position + shift


def fill_parameters(query: str, values: Mapping[str, str]) -> FilledQuery:
    """Replace each `$name` (names without case) by its SQL in `values`; a `$` inside a string or a comment is text.

    A view cannot have parameters, and a bound value would take whatever type DuckDB sees in it: a literal with a
    cast (`typed_literal`) has the very type that the query was checked with. Raises KeyError for an unknown name.
    """
    if "$" not in query:
        return FilledQuery(query, query)
    source = query.encode()
    # The tokenizer gives offsets in bytes; a parameter is the operator `$` and the word right behind it.
    offsets = [(offset, kind) for offset, kind in duckdb.tokenize(query)] + [(len(source), None)]
    pieces: list[bytes] = []
    replaced = []
    copied = written = 0
    for index, (offset, kind) in enumerate(offsets[:-2]):
        start = offset + 1
        if kind != duckdb.token_type.operator or source[offset:start] != b"$" or offsets[index + 1][0] != start:
            continue
        end = start + _word_length(source, start)
        value = values[source[start:end].decode().casefold()].encode()
        pieces += [source[copied:offset], value]
        written += offset - copied
        replaced.append((written, len(value), end - offset))
        written += len(value)
        copied = end
    pieces.append(source[copied:])
    return FilledQuery(query, b"".join(pieces).decode(), tuple(replaced))


def _word_length(source: bytes, start: int) -> int:
    end = start
    while end < len(source) and (source[end : end + 1].isalnum() or source[end] == ord("_") or source[end] > 127):
        end += 1
    return end - start


def parameter_literals(
    parameters: Iterable[tuple[str, str]], values: Iterable[tuple[str, ParameterValue]], now: datetime
) -> dict[str, str]:
    """For each of `parameters` (name, type) its value as SQL of that type; `now` is the value of `$now`."""
    known: dict[str, ParameterValue] = {"now": now, **dict(values)}
    return {name: typed_literal(known[name], kind) for name, kind in parameters}


def typed_literal(value: ParameterValue, kind: str) -> str:
    """`value` as SQL of exactly the type `kind`."""
    return f"CAST({literal(value)} AS {kind})"


def cast_failure(connection: duckdb.DuckDBPyConnection, value: ParameterValue, kind: str) -> str | None:
    """Why `value` has no form of the type `kind`; None where it has."""
    try:
        # Whether it is there is enough: to fetch some values, DuckDB asks for packages that nothing else needs.
        connection.execute(f"SELECT {typed_literal(value, kind)} IS NULL").fetchall()
    except duckdb.Error as error:
        return engine_failure(error).message
    return None
