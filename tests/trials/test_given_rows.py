"""Rows that somebody wrote down, as SQL."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibepiper_interpreter.engines.duckdb.given_rows import GivenRows, inferred, misfits
from vibepiper_interpreter.engines.duckdb.session import SessionSettings, connect

CONNECTION = connect(SessionSettings(threads=1))
VALUES = {
    "BIGINT": st.integers(-(2**63), 2**63 - 1),
    "DOUBLE": st.floats(allow_nan=False, allow_infinity=False),
    "BOOLEAN": st.booleans(),
    "VARCHAR": st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    "DATE": st.dates(),
    "TIMESTAMP": st.datetimes(),
    "BIGINT[]": st.lists(st.integers(-(2**63), 2**63 - 1)),
    "STRUCT(a BIGINT, b VARCHAR)": st.fixed_dictionaries({"a": st.integers(0, 9), "b": st.sampled_from(["x", "'"])}),
}


def rows_of(found: GivenRows) -> list[tuple[Any, ...]]:
    return CONNECTION.execute(found.query()).fetchall()


@given(st.data())
def test_what_is_written_is_what_comes_back(data: st.DataObject) -> None:
    kinds = data.draw(st.lists(st.sampled_from(sorted(VALUES)), min_size=1, max_size=4))
    row = st.tuples(*(st.none() | VALUES[kind] for kind in kinds))
    rows = tuple(data.draw(st.lists(row, max_size=4)))
    found = GivenRows(tuple((f"c {number}", kind) for number, kind in enumerate(kinds)), rows)
    assert list(misfits(CONNECTION, found)) == []
    assert rows_of(found) == list(rows)


@pytest.mark.parametrize(
    ("value", "kind", "fits"),
    [
        (3, "INTEGER", True),
        (3.0, "INTEGER", True),
        (3.7, "INTEGER", False),
        (300, "TINYINT", False),
        ("3", "INTEGER", True),
        ("three", "INTEGER", False),
        (1.25, "DECIMAL(10,2)", True),
        (1.255, "DECIMAL(10,2)", False),
        ("1.25", "DECIMAL(10,2)", True),
        (0.1, "FLOAT", True),
        ("2024-02-30", "DATE", False),
        (date(2024, 2, 1), "TIMESTAMP", True),
        (True, "BIGINT[]", False),
        ([1, "x"], "BIGINT[]", False),
        ({"a": 1}, "STRUCT(a BIGINT)", True),
        ({"z": 1}, "STRUCT(a BIGINT)", False),
    ],
)
def test_a_value_that_would_not_stay_what_it_is_is_found(value: Any, kind: str, fits: bool) -> None:
    found = GivenRows((("x", "BIGINT"), ("y", kind)), ((1, None), (2, value)))
    assert list(misfits(CONNECTION, found)) == ([] if fits else [(1, 1)])


def test_many_values_are_judged_in_parts() -> None:
    rows = tuple((number if number % 100 else "none",) for number in range(1, 1201))
    found = GivenRows((("x", "BIGINT"),), rows)
    assert [row for row, _ in misfits(CONNECTION, found)] == list(range(99, 1200, 100))


def test_without_a_type_the_values_say_it() -> None:
    assert inferred([1, None, 2.5]) == "DOUBLE"
    assert inferred([1, "x"]) == "VARCHAR"
    assert inferred([date(2024, 1, 1)]) == "DATE"
    assert inferred([datetime(2024, 1, 1)]) == "TIMESTAMP"
    assert inferred([]) == "VARCHAR"
    assert rows_of(GivenRows((("x", ""),), ((1,), (None,)))) == [(1,), (None,)]
    typed = GivenRows((("X", ""),), ((1,),)).typed({"x": "DECIMAL(5,2)"})
    assert rows_of(typed) == [(Decimal("1.00"),)]


def test_no_rows_have_their_columns() -> None:
    result = CONNECTION.execute(GivenRows((('a "b"', "DATE"),), ()).query())
    assert [column[0] for column in result.description or ()] == ['a "b"']
    assert result.fetchall() == []
    assert isinstance(CONNECTION, duckdb.DuckDBPyConnection)
