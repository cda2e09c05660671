"""Real tables in a real DuckDB, and what must hold between their content, a query's analysis and its result."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

import duckdb
from tests.compile_sql.random_queries import SCHEMAS, TABLES

from vibepiper_interpreter.compile.compiled import Column
from vibepiper_interpreter.compile.lineage import QueryAnalysis, analyse_query
from vibepiper_interpreter.engines.duckdb.syntax import Syntax, parse_queries

Rows = dict[str, list[list[Any]]]


def random_rows(random: Random) -> Rows:
    return {
        table: [[random_value(kind, random) for _, kind in columns] for _ in range(random.choice([0, 1, 3, 5]))]
        for table, columns in TABLES.items()
    }


def random_value(kind: str, random: Random) -> Any:
    return random.choice([0, 1, 2, 3, None] if kind == "int" else ["x", "y", "xy", None])


def with_other_values(rows: Rows, table: str, column: str, random: Random) -> Rows:
    """The same rows, but for one column."""
    index, kind = next((i, k) for i, (name, k) in enumerate(TABLES[table]) if name == column)
    other = [[*row[:index], random_value(kind, random), *row[index + 1 :]] for row in rows[table]]
    return {**rows, table: other}


def fill(connection: duckdb.DuckDBPyConnection, rows: Rows) -> None:
    for table, lines in rows.items():
        connection.execute(f"DELETE FROM shop.{table}")
        if lines:
            connection.executemany(f"INSERT INTO shop.{table} VALUES ({', '.join('?' * len(lines[0]))})", lines)


class Bench:
    """A DuckDB with the two tables, and the analysis of queries over them."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        connection.execute("CREATE SCHEMA IF NOT EXISTS shop")
        for address, columns in SCHEMAS.items():
            fields = ", ".join(f"{column.name} {column.type}" for column in columns)
            connection.execute(f"CREATE OR REPLACE TABLE shop.{address.name} ({fields})")
        connection.execute("SET search_path = 'shop,main'")

    def analyse(self, query: str) -> QueryAnalysis | None:
        """None where the query does not bind."""
        try:
            output = self.connection.execute("DESCRIBE " + query).fetchall()
        except duckdb.Error:
            return None
        (syntax,) = parse_queries(self.connection, [query])
        assert isinstance(syntax, Syntax), query
        return analyse_query(syntax, "shop", SCHEMAS, tuple(Column(row[0], row[1]) for row in output))

    def result(self, query: str) -> tuple[list[str], list[tuple[Any, ...]]] | None:
        """Names and rows; None where the query fails on this content."""
        try:
            cursor = self.connection.execute(query)
            return [item[0] for item in cursor.description or ()], cursor.fetchall()
        except duckdb.Error:
            return None


def multiset(rows: Sequence[tuple[Any, ...]], indices: Sequence[int] | None = None) -> Counter[str]:
    picked = rows if indices is None else [tuple(row[index] for index in indices) for row in rows]
    return Counter(json.dumps(row, default=str) for row in picked)


def described(query: str, rows: Mapping[str, Any], **more: object) -> str:
    return f"{query}\n{rows}\n" + "\n".join(f"{key}: {value}" for key, value in more.items())
