"""Rows of published tables, as people and scripts read them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import duckdb

Row = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows as text, for showing; None is NULL. `more`: the result goes on behind them."""

    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: tuple[Row, ...]
    more: bool


@dataclass(frozen=True, slots=True)
class Stream:
    """The same, without end in sight; `rows` can be walked once."""

    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: Iterator[Row]


def fetch(connection: duckdb.DuckDBPyConnection, sql: str, limit: int) -> Rows:
    """The first rows of a query."""
    result = stream(connection, sql, limit + 1)
    rows = tuple(islice(result.rows, limit))
    return Rows(result.columns, result.types, rows, more=next(result.rows, None) is not None)


def stream(connection: duckdb.DuckDBPyConnection, sql: str, limit: int | None = None) -> Stream:
    """DuckDB itself turns the values into text, so that they look as in any DuckDB client."""
    relation = _relation(connection, sql, limit)
    if relation is None:
        return Stream((), (), iter(()))
    # By position: names may occur twice.
    numbers = range(1, len(relation.columns) + 1)
    text = relation.project(", ".join(f"#{number}::VARCHAR" for number in numbers))
    return Stream(tuple(relation.columns), tuple(str(type) for type in relation.types), text.iter_rows())


def stream_json(connection: duckdb.DuckDBPyConnection, sql: str, limit: int | None = None) -> Iterator[str]:
    """Each row as a JSON object, written by DuckDB: numbers stay exact, nested values stay nested."""
    relation = _relation(connection, sql, limit)
    if relation is not None:
        yield from (row[0] or "{}" for row in relation.set_alias("result").project("to_json(result)").iter_rows())


def _relation(connection: duckdb.DuckDBPyConnection, sql: str, limit: int | None) -> duckdb.DuckDBPyRelation | None:
    relation: duckdb.DuckDBPyRelation | None = connection.sql(sql)
    return relation if relation is None or limit is None else relation.limit(limit)
