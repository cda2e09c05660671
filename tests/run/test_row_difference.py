"""How rows of two tables differ, against counting them in Python."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vibepiper_interpreter.compile.compiled import Column
from vibepiper_interpreter.diff.rows import compare_rows
from vibepiper_interpreter.engines.duckdb.session import SessionSettings, connect

COLUMNS = (Column("id", "BIGINT"), Column("a b", "BIGINT"), Column("text", "VARCHAR"))
Rows = list[tuple[int | None, int | None, str | None]]

small = st.one_of(st.none(), st.integers(0, 2))
rows = st.lists(st.tuples(small, small, st.sampled_from([None, "", "NULL", "ü"])), max_size=8)


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(SessionSettings(threads=1)) as opened:
        yield opened


def table(connection: duckdb.DuckDBPyConnection, name: str, values: Rows) -> str:
    connection.execute(f'CREATE OR REPLACE TABLE {name} (id BIGINT, "a b" BIGINT, text VARCHAR)')
    if values:
        connection.executemany(f"INSERT INTO {name} VALUES (?, ?, ?)", values)
    return name


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(left=rows, right=rows)
def test_without_a_key_rows_are_a_multiset(connection: duckdb.DuckDBPyConnection, left: Rows, right: Rows) -> None:
    found = compare_rows(connection, table(connection, "l", left), table(connection, "r", right), COLUMNS, ())
    assert found.only_left == sum((Counter(left) - Counter(right)).values())
    assert found.only_right == sum((Counter(right) - Counter(left)).values())
    assert (found.rows_left, found.rows_right, found.changed) == (len(left), len(right), 0)
    assert found.equal == (Counter(left) == Counter(right))
    assert len(found.sample_left) == min(5, found.only_left)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(left=rows, right=rows)
def test_with_a_key_rows_are_matched(connection: duckdb.DuckDBPyConnection, left: Rows, right: Rows) -> None:
    ours, theirs = ({row[0]: row for row in side if row[0] is not None} for side in (left, right))
    found = compare_rows(
        connection,
        table(connection, "l", list(ours.values())),
        table(connection, "r", list(theirs.values())),
        COLUMNS,
        ("id",),
    )
    both = ours.keys() & theirs.keys()
    assert found.changed == sum(ours[key] != theirs[key] for key in both)
    assert (found.only_left, found.only_right) == (len(ours.keys() - both), len(theirs.keys() - both))
    counts = {"a b": sum(ours[key][1] != theirs[key][1] for key in both)}
    counts["text"] = sum(ours[key][2] != theirs[key][2] for key in both)
    assert dict(found.changed_columns) == {name: number for name, number in counts.items() if number}
    for row in found.sample_changed:
        assert row.values == tuple(
            (name, *(None if side[position] is None else str(side[position]) for side in (ours[key], theirs[key])))
            for key in (int(row.key[0] or ""),)
            for position, name in ((1, "a b"), (2, "text"))
            if ours[key][position] != theirs[key][position]
        )


def test_keys_that_are_null_match_nothing(connection: duckdb.DuckDBPyConnection) -> None:
    left, right = table(connection, "l", [(None, 1, "a")]), table(connection, "r", [(None, 2, "a"), (None, 3, "a")])
    found = compare_rows(connection, left, right, COLUMNS, ("id",))
    assert (found.only_left, found.only_right, found.changed) == (1, 2, 0)


@pytest.mark.parametrize(
    ("one", "other", "type", "equal"),
    [
        ("0.0::double", "-0.0::double", "DOUBLE", False),
        ("'nan'::double", "'nan'::double", "DOUBLE", True),
        ("interval '1 month'", "interval '30 days'", "INTERVAL", False),
        ("[1, null]", "[1, null]", "INTEGER[]", True),
        ("{'a': 1, 'b': [null]}", "{'a': 1, 'b': []::integer[]}", 'STRUCT("a" INTEGER, "b" INTEGER[])', False),
        ("map {'a': 1}", "map {'a': 2}", "MAP(VARCHAR, INTEGER)", False),
        ("'a'::blob", "'a'::blob", "BLOB", True),
    ],
)
def test_values_are_told_apart(
    connection: duckdb.DuckDBPyConnection, one: str, other: str, type: str, equal: bool
) -> None:
    columns = (Column("id", "INTEGER"), Column("value", type))
    left, right = (f"(SELECT 1 AS id, {value} AS value)" for value in (one, other))
    for key in ((), ("id",)):
        assert compare_rows(connection, left, right, columns, key).equal is equal


def test_without_common_columns_only_numbers_are_compared(connection: duckdb.DuckDBPyConnection) -> None:
    found = compare_rows(connection, "range(3)", "range(5)", (), ())
    assert (found.only_left, found.only_right, found.equal) == (0, 2, False)
