"""Reads published tables for people: read-only, through the warehouse file, with the settings that runs use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import duckdb

from vibepiper_interpreter.engines.duckdb.session import RESULT_SETTINGS, literal
from vibepiper_interpreter.run.warehouse import WarehouseReach

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


@contextmanager
def open_warehouse(path: Path, reach: WarehouseReach) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse file, from which nothing else can be reached but what its views read.

    Reach is not only to read: DuckDB does not tell the two apart, so a caller lets only statements pass that read.
    """
    connection = duckdb.connect(str(path), read_only=True, config={"python_enable_replacements": False})
    try:
        for name, value in RESULT_SETTINGS.items():
            connection.execute(f"SET GLOBAL {name} = {literal(value)}")
        connection.execute(f"SET GLOBAL allowed_directories = [{literal(str(reach.storage))}]")
        if reach.files:
            listed = ", ".join(literal(str(file)) for file in reach.files)
            connection.execute(f"SET GLOBAL allowed_paths = [{listed}]")
        connection.execute("SET GLOBAL autoinstall_known_extensions = false")
        connection.execute("SET GLOBAL autoload_known_extensions = false")
        connection.execute("SET GLOBAL enable_external_access = false")
        connection.execute("SET GLOBAL errors_as_json = true")
        connection.execute("SET GLOBAL lock_configuration = true")
        yield connection
    finally:
        connection.close()


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
