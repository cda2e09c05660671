"""Plain DuckDB that answers what tables hold: no plan, no version, no part.

One engine for a whole walk, and a table is made again only if what it is made of is not what it was: most of what is
asked after a step was asked after the one before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
from tests.promises.warehouse_views import quick_connection, warehouse

Row = tuple[str | None, ...]
Table = tuple[tuple[str, ...], Counter[Row]]


class Engine:
    def __init__(self) -> None:
        self._connection = quick_connection()
        self._made_of: dict[str, object] = {}
        self._read: dict[str, Table] = {}

    def close(self) -> None:
        self._connection.close()

    # Tables of its own

    def fill(self, name: str, columns: str, rows: Sequence[Sequence[Any]]) -> None:
        def make() -> None:
            self._connection.execute(f"create or replace table {name} ({columns})")
            if rows:
                values = ", ".join(f"({', '.join(map(_literal, row))})" for row in rows)
                self._connection.execute(f"insert into {name} values {values}")

        self._keep(name, (columns, tuple(map(tuple, rows))), make)

    def compute(self, name: str, query: str, reads: Sequence[str]) -> None:
        self._keep(
            name,
            (query, self._content(reads)),
            lambda: self._connection.execute(f"create or replace table {name} as {query}"),
        )

    def compute_each(self, name: str, query: str, reads: Sequence[str], slices: Sequence[dict[str, Any]]) -> None:
        """A slice after the other, each with its own values of the parameters of `query`."""

        def make() -> None:
            none = _with(query, {"start": datetime(2000, 1, 1), "end": datetime(2000, 1, 1), "partition": ""})
            self._connection.execute(f"create or replace table {name} as select * from ({none}) limit 0")
            if slices:
                every = " union all ".join(f"({_with(query, each)})" for each in slices)
                self._connection.execute(f"insert into {name} {every}")

        self._keep(name, (query, self._content(reads), repr(slices)), make)

    def rows(self, query: str) -> list[Row]:
        """As text."""
        return self._connection.execute(f"select cast(columns(*) as varchar) from ({query})").fetchall()

    def values(self, query: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(query).fetchall()

    def columns(self, query: str) -> list[tuple[str, str]]:
        return [(row[0], row[1]) for row in self._connection.execute(f"describe {query}").fetchall()]

    def read(self, name: str) -> Table:
        if name not in self._read:
            self._read[name] = _read(self._connection, name)
        return self._read[name]

    def _keep(self, name: str, made_of: object, make: Callable[[], object]) -> None:
        if self._made_of.get(name) != made_of:
            self._made_of.pop(name, None)
            self._read.pop(name, None)
            make()
            self._made_of[name] = made_of

    def _content(self, reads: Sequence[str]) -> object:
        return [(name, self.read(name)) for name in reads]

    def shown(self, file: Path, names: Iterable[str]) -> list[Table]:
        """What a warehouse file shows."""
        with warehouse(self._connection, file):
            return [_read(self._connection, name) for name in names]


def _read(connection: duckdb.DuckDBPyConnection, name: str) -> Table:
    cursor = connection.execute(f"select cast(columns(*) as varchar) from {name}")
    columns = tuple(column[0] for column in cursor.description or ())
    return columns, Counter(cursor.fetchall())


def _with(query: str, values: dict[str, Any]) -> str:
    for name, value in values.items():
        query = query.replace(f"${name}", _literal(value))
    return query


def _literal(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool() | int():
            return str(value)
        case datetime():
            return f"timestamp '{value}'"
        case _:
            return f"'{value}'"
