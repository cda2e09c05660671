"""A declared type is an assertion: a returned column is cast only where every value survives it."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from vibepiper_interpreter.compile.compiled import Column
from vibepiper_interpreter.engines.duckdb.session import SessionSettings, connect
from vibepiper_interpreter.run.python.columns import fit


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = connect(SessionSettings(threads=1))
    yield connection
    connection.close()


@pytest.mark.parametrize(
    ("returned", "values", "declared"),
    [
        ("BIGINT", "1, NULL", "BIGINT"),
        ("BIGINT", "1, -1, NULL", "TINYINT"),
        ("INTEGER", "1", "DOUBLE"),
        ("DOUBLE", "1, 2, NULL", "BIGINT"),
        ("DOUBLE", "1.5", "DECIMAL(4,2)"),
        ("TIMESTAMP_NS", "TIMESTAMP '2024-01-02 03:04:05'", "TIMESTAMP"),
        ("TIMESTAMP_NS", "TIMESTAMP '2024-01-02'", "DATE"),
        ("INTEGER[]", "[1, NULL]", "BIGINT[]"),
        ("STRUCT(a INTEGER)", "{'a': 1}", "STRUCT(a BIGINT)"),
        ('"NULL"', "NULL", "VARCHAR"),
    ],
)
def test_exact_casts_are_made(connection: duckdb.DuckDBPyConnection, returned: str, values: str, declared: str) -> None:
    fitted = fit([Column("V", returned)], [Column("v", declared)])
    assert fitted.problems == ()
    source = f'SELECT CAST(unnest([{values}]) AS {returned}) AS "V"' if returned != '"NULL"' else 'SELECT NULL AS "V"'
    rows = connection.execute(
        f"SELECT typeof(v), v IS NULL FROM (SELECT {fitted.projection} FROM ({source}))"
    ).fetchall()
    assert {row[0] for row in rows} == {declared}


@pytest.mark.parametrize(
    ("returned", "value", "declared"),
    [
        ("BIGINT", "300", "TINYINT"),
        ("BIGINT", "9007199254740993", "DOUBLE"),
        ("DOUBLE", "1.5", "BIGINT"),
        ("DOUBLE", "'nan'", "BIGINT"),
        ("DOUBLE", "0.125", "DECIMAL(4,2)"),
        ("TIMESTAMP", "TIMESTAMP '2024-01-02 03:04:05'", "DATE"),
    ],
)
def test_a_value_that_would_change_stops(
    connection: duckdb.DuckDBPyConnection, returned: str, value: str, declared: str
) -> None:
    fitted = fit([Column("v", returned)], [Column("v", declared)])
    assert fitted.problems == ()
    with pytest.raises(duckdb.Error, match="inexact cast: v: "):
        connection.execute(f"SELECT {fitted.projection} FROM (SELECT CAST({value} AS {returned}) AS v)").fetchall()


@pytest.mark.parametrize(
    ("returned", "declared"),
    [
        ("VARCHAR", "BIGINT"),
        ("BIGINT", "VARCHAR"),
        ("BOOLEAN", "INTEGER"),
        ("VARCHAR", "DATE"),
        ("INTEGER[]", "INTEGER"),
    ],
)
def test_another_kind_of_type_is_a_mistake(returned: str, declared: str) -> None:
    fitted = fit([Column("v", returned)], [Column("v", declared)])
    assert fitted.problems == (f"Column `v` is {returned}, and {declared} is declared.",)


def test_missing_and_extra_columns_are_named() -> None:
    fitted = fit(
        [Column("id", "BIGINT"), Column("amuont", "DOUBLE")], [Column("id", "BIGINT"), Column("amount", "DOUBLE")]
    )
    assert fitted.problems == (
        "Column `amount` is missing.",
        "Column `amuont` is not declared. Did you mean `amount`?",
    )


def test_nothing_declared_takes_what_comes() -> None:
    fitted = fit([Column("id", "BIGINT"), Column("mood", "ENUM('a', 'b')")], [])
    assert fitted.columns == (Column("id", "BIGINT"), Column("mood", "VARCHAR"))
