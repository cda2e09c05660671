"""The multiset hash keeps its law: equal exactly where the multisets of rows are equal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vibepiper_interpreter.compile.compiled import Column
from vibepiper_interpreter.engines.duckdb.multiset import multiset_hash
from vibepiper_interpreter.engines.duckdb.session import SessionSettings, connect

COLUMNS = (
    Column("number", "BIGINT"),
    Column("ratio", "DOUBLE"),
    Column("text", "VARCHAR"),
    Column("list", "INTEGER[][]"),
    Column("record", 'STRUCT(a INTEGER, "b c" VARCHAR[])'),
    Column("map", "MAP(VARCHAR, INTEGER)"),
)
SMALL = st.none() | st.integers(0, 2)
TEXT = st.none() | st.sampled_from(["", "a", "b", "NULL", "['a']"])
ROW = st.tuples(
    SMALL,
    st.none() | st.sampled_from([0.0, -0.0, 1.5]),
    TEXT,
    st.none() | st.lists(st.none() | st.lists(SMALL, max_size=2), max_size=2),
    st.none() | st.fixed_dictionaries({"a": SMALL, "b c": st.none() | st.lists(TEXT, max_size=2)}),
    st.none() | st.dictionaries(st.sampled_from(["k", "l"]), SMALL, max_size=2),
)


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = connect(SessionSettings(threads=2))
    columns = ", ".join(f'"{column.name}" {column.type}' for column in COLUMNS)
    for table in ("before", "after"):
        connection.execute(f"CREATE TABLE {table} ({columns})")
    yield connection
    connection.close()


def canonical(value: Any) -> Any:
    """A hashable Python form with the same equality as the value's."""
    if isinstance(value, dict):
        return ("dict", tuple((key, canonical(item)) for key, item in value.items()))
    if isinstance(value, float):
        return str(value)  # both zeros are equal in Python
    if isinstance(value, list):
        return ("list", tuple(canonical(item) for item in value))
    return value


def fill(connection: duckdb.DuckDBPyConnection, table: str, rows: list[Any]) -> None:
    connection.execute(f"DELETE FROM {table}")
    markers = ", ".join(f"CAST(? AS {column.type})" for column in COLUMNS)
    for row in rows:
        pairs = (
            None
            if row[5] is None
            else duckdb.Value({"key": list(row[5]), "value": list(row[5].values())}, "MAP(VARCHAR, INTEGER)")
        )
        connection.execute(f"INSERT INTO {table} VALUES ({markers})", [*row[:5], pairs])


@settings(deadline=None, max_examples=150)
@given(before=st.lists(ROW, max_size=4), after=st.lists(ROW, max_size=4), data=st.data())
def test_hashes_are_equal_exactly_where_the_multisets_are(
    connection: duckdb.DuckDBPyConnection, before: list[Any], after: list[Any], data: st.DataObject
) -> None:
    # Half the time the second table is the first one shuffled, or else almost equal tables would be rare.
    if data.draw(st.booleans()):
        after = data.draw(st.permutations(before))
    fill(connection, "before", before)
    fill(connection, "after", after)
    chosen = data.draw(st.lists(st.integers(0, len(COLUMNS) - 1), unique=True))
    columns = [COLUMNS[index] for index in chosen]
    hashes = [multiset_hash(connection, table, columns) for table in ("before", "after")]
    counters = [Counter(tuple(canonical(row[index]) for index in chosen) for row in rows) for rows in (before, after)]
    assert (hashes[0] == hashes[1]) == (counters[0] == counters[1])


@pytest.mark.parametrize(
    ("kind", "left", "right"),
    [
        ("INTEGER[]", "NULL", "[]"),
        ("INTEGER[]", "[]", "[NULL]"),
        ("INTEGER[][]", "[[1], [2]]", "[[1, 2]]"),
        ("INTEGER[2]", "[1, 2]", "[2, 1]"),
        ("STRUCT(a INTEGER)", "NULL", "{'a': NULL}"),
        ("STRUCT(a INTEGER, b INTEGER)", "{'a': 1, 'b': NULL}", "{'a': NULL, 'b': 1}"),
        ("INTERVAL", "INTERVAL 1 MONTH", "INTERVAL 30 DAY"),
        ("VARCHAR", "''", "NULL"),
        ("VARCHAR", "'a'", "'A'"),
        ("DOUBLE", "0.0", "'-0.0'"),
        ("FLOAT", "NULL", "0.0"),
        ("DOUBLE[]", "[0.0]", "['-0.0']"),
    ],
)
def test_values_that_look_alike_are_told_apart(
    connection: duckdb.DuckDBPyConnection, kind: str, left: str, right: str
) -> None:
    hashes = {
        multiset_hash(connection, f"(SELECT CAST({value} AS {kind}) AS v)", [Column("v", kind)])
        for value in (left, right)
    }
    assert len(hashes) == 2


def test_every_nan_is_the_same(connection: duckdb.DuckDBPyConnection) -> None:
    column = [Column("v", "DOUBLE")]
    nans = ("'nan'", "-('nan'::DOUBLE)")
    hashes = {multiset_hash(connection, f"(SELECT {value}::DOUBLE AS v)", column) for value in nans}
    assert len(hashes) == 1


def test_no_columns_count_the_rows(connection: duckdb.DuckDBPyConnection) -> None:
    assert multiset_hash(connection, "(VALUES (1), (2))", []).rows == 2


def test_a_pair_of_equal_rows_does_not_cancel(connection: duckdb.DuckDBPyConnection) -> None:
    column = [Column("v", "INTEGER")]
    pair = multiset_hash(connection, "(VALUES (1), (1)) AS t(v)", column)
    other = multiset_hash(connection, "(VALUES (2), (2)) AS t(v)", column)
    assert pair != other
