"""How far back a query looks at the rows of its own asset, as a table of queries; and on chance rows, that it is so."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.compile_sql.cases import Case, cases

from vibepiper_interpreter.compile.build_settings import Intervals
from vibepiper_interpreter.compile.compiled import Column
from vibepiper_interpreter.compile.own_past import own_reach
from vibepiper_interpreter.engines.duckdb.parameters import fill_parameters, typed_literal
from vibepiper_interpreter.engines.duckdb.syntax import Syntax, parse_queries
from vibepiper_spec.address import Address

DAILY = Intervals("day", "day", datetime(2024, 1, 1), own_past=True)
OWN = Address("shop", "balances")
SCHEMAS = {
    OWN: (Column("id", "INTEGER"), Column("day", "DATE"), Column("due", "DATE"), Column("amount", "INTEGER")),
    Address("shop", "events"): (Column("id", "INTEGER"), Column("day", "DATE")),
}
CASES = cases("own_reach.sql")
START = datetime(2024, 1, 10)


def reach(connection: duckdb.DuckDBPyConnection, query: str, how: Intervals = DAILY) -> int | None:
    [syntax] = parse_queries(connection, [query])
    assert isinstance(syntax, Syntax), syntax
    return own_reach(syntax.node, "shop", OWN, SCHEMAS, how)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_how_far_a_query_looks_back(case: Case, connection: duckdb.DuckDBPyConnection) -> None:
    found = reach(connection, case.query)
    assert case.expected == ("any" if found is None else str(found),)


def test_longer_intervals_are_fewer(connection: duckdb.DuckDBPyConnection) -> None:
    week, month = (Intervals("day", grain, datetime(2024, 1, 1), own_past=True) for grain in ("week", "month"))  # type: ignore[arg-type]
    query = "select id from balances where day >= $start - interval {}"
    assert reach(connection, query.format("1 day"), week) == 1
    assert reach(connection, query.format("15 days"), week) == 3
    assert reach(connection, query.format("1 day"), month) == 1
    assert reach(connection, query.format("2 months"), month) == 2
    assert reach(connection, query.format("1 month"), week) is None


days = st.integers(-12, -1).map(lambda back: (START + timedelta(days=back)).date())
numbers = st.integers(0, 3)


@pytest.mark.parametrize("case", [case for case in CASES if case.expected != ("any",)], ids=str)
@settings(max_examples=20, deadline=None)
@given(rows=st.lists(st.tuples(numbers, days, numbers), max_size=8))
def test_rows_of_further_back_do_not_reach_it(case: Case, rows: list[tuple[int, date, int]]) -> None:
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE balances (id INTEGER, day DATE, amount INTEGER)")
        values = {"start": typed_literal(START, "TIMESTAMP")}
        query = fill_parameters(case.query, values).text

        def given_of(shown: list[tuple[int, date, int]]) -> list[str]:
            connection.execute("DELETE FROM balances")
            if shown:
                connection.executemany("INSERT INTO balances VALUES (?, ?, ?)", shown)
            return sorted(map(str, connection.execute(query).fetchall()))

        first = (START - timedelta(days=int(case.expected[0]))).date()
        assert given_of(rows) == given_of([row for row in rows if row[1] >= first])
