"""What a query proves of its slices, as a table of queries; and on chance rows, that it is so."""

from __future__ import annotations

from datetime import datetime, timedelta

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.compile_sql.cases import Case, cases

from vibepiper_interpreter.compile.build_settings import Intervals
from vibepiper_interpreter.compile.compiled import Column
from vibepiper_interpreter.compile.placed_rows import lie_where_bounded
from vibepiper_interpreter.compile.separable import is_separable
from vibepiper_interpreter.compile.slice_columns import slice_columns
from vibepiper_interpreter.engines.duckdb.parameters import fill_parameters, typed_literal
from vibepiper_interpreter.engines.duckdb.syntax import Syntax, parse_queries
from vibepiper_interpreter.grains import cut
from vibepiper_interpreter.storage.slices import Range
from vibepiper_spec.address import Address

DAILY = Intervals("day", "day", datetime(2024, 1, 1), lookback=1)
TABLES = {
    "events": {"id": "INTEGER", "at_time": "TIMESTAMP", "kind": "VARCHAR", "amount": "INTEGER"},
    "visits": {"id": "INTEGER", "on_day": "DATE"},
    "kinds": {"kind": "VARCHAR", "label": "VARCHAR", "id": "INTEGER"},
    "logins": {"id": "INTEGER", "at_instant": "TIMESTAMP WITH TIME ZONE"},
}
SCHEMAS = {
    Address("shop", name): tuple(Column(column, kind) for column, kind in columns.items())
    for name, columns in TABLES.items()
}
CASES = cases("slices.sql")


def tree(connection: duckdb.DuckDBPyConnection, query: str) -> Syntax:
    [syntax] = parse_queries(connection, [query])
    assert isinstance(syntax, Syntax), syntax
    return syntax


def found(connection: duckdb.DuckDBPyConnection, query: str, how: Intervals = DAILY) -> tuple[bool, dict[str, str]]:
    node = tree(connection, query).node
    columns = slice_columns(node, "shop", SCHEMAS, how)
    return is_separable(node, how), {address.name: column for address, column in columns.items()}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_a_query_proves(case: Case, connection: duckdb.DuckDBPyConnection) -> None:
    separable, columns = found(connection, case.query)
    told = ["separable"] * separable + [f"{name}: {column}" for name, column in sorted(columns.items())]
    assert tuple(told) == case.expected


def test_a_time_zone_asks_for_its_own_wall_time(connection: duckdb.DuckDBPyConnection) -> None:
    berlin = Intervals("day", "day", datetime(2024, 1, 1), time_zone="Europe/Berlin")
    where = "select id from logins where {0} >= $start and {0} < $end"
    assert found(connection, where.format("at_instant"), berlin)[1] == {}
    assert found(connection, where.format("timezone('Europe/Paris', at_instant)"), berlin)[1] == {}
    right = {"logins": "at_instant"}
    assert found(connection, where.format("timezone('Europe/Berlin', at_instant)"), berlin)[1] == right
    assert found(connection, where.format("(at_instant at time zone 'Europe/Berlin')"), berlin)[1] == right


@pytest.mark.parametrize(
    ("query", "column", "lies"),
    [
        ("select id, at_time from events where {}", "at_time", True),
        ("select * from events where {}", "at_time", True),
        ("select e.* from events e where {}", "at_time", True),
        ("select *, amount + 1 as more from events e where {}", "at_time", True),
        ("select * exclude (kind) from events e where {}", "at_time", True),
        ("select id, date_trunc('hour', at_time) as hour from events where {}", "hour", True),
        ("select id, at_time::date as day from events where {}", "day", True),
        ("select id, at_time as t from events where {} union all select id, at_time from events where {}", "t", True),
        ("select id, at_time from events where at_time::date >= $start and at_time::date < $end", "at_time", True),
        ("with w as (select * from events where {}) select * from w", "at_time", True),
        (
            "with w as (select at_time::date as day from events where {}) select day, count(*) as n from w group by 1",
            "day",
            True,
        ),
        ("select e.id, e.at_time from (select * from events where {}) as e", "at_time", True),
        (
            "with w as (select at_time + interval 1 day as at_time from events where {}) select at_time from w",
            "at_time",
            False,
        ),
        (
            "with w as (select id, at_time from events where {}) select on_day from w join visits using (id)",
            "on_day",
            False,
        ),
        ("select id, at_time + interval 1 day as t from events where {}", "t", False),
        ("select id, date_trunc('month', at_time) as t from events where {}", "t", False),
        ("select * replace (at_time + interval 1 day as at_time) from events where {}", "at_time", False),
        ("select * exclude (at_time), date '2024-01-01' as at_time from events where {}", "at_time", False),
        ("select * from events e join visits v on v.id = e.id where {}", "at_time", False),
        ("select v.on_day from events e join visits v on v.id = e.id where {}", "on_day", False),
        (
            "select at_time as t from events where {} union all select on_day from events, visits where {}",
            "t",
            False,
        ),
    ],
)
def test_where_rows_lie(connection: duckdb.DuckDBPyConnection, query: str, column: str, lies: bool) -> None:
    """By the column of the asset they lie where the bounded expression does: proven, or not."""
    query = query.replace("{}", "at_time >= $start and at_time < $end")
    for name, kinds in TABLES.items():
        connection.execute(f"CREATE TABLE IF NOT EXISTS {name} ({', '.join(map(' '.join, kinds.items()))})")
    given = fill_parameters(
        query, {each: typed_literal(datetime(2024, 1, 1), "TIMESTAMP") for each in ("start", "end")}
    )
    described = connection.execute(f"DESCRIBE {given.text}").fetchall()
    columns = [Column(row[0], row[1]) for row in described]
    settings = Intervals(column, "day", datetime(2024, 1, 1))
    assert lie_where_bounded(tree(connection, query).node, columns, settings) is lies


moments = st.integers(-30, 5 * 24 + 6).map(lambda hours: datetime(2024, 1, 1) + timedelta(hours=hours))
numbers, kinds = st.integers(0, 3), st.sampled_from(["a", "b", None])
ROWS = {
    "events": st.tuples(numbers, st.none() | moments, kinds, numbers),
    "visits": st.tuples(numbers, st.none() | moments.map(datetime.date)),
    "kinds": st.tuples(kinds, kinds, numbers),
    "logins": st.tuples(numbers, moments),
}
worlds = st.fixed_dictionaries({name: st.lists(rows, max_size=8) for name, rows in ROWS.items()})
RUNNABLE = [case for case in CASES if "label >=" not in case.query]


def rows_of(
    connection: duckdb.DuckDBPyConnection, query: str, world: dict[str, list[tuple[object, ...]]], batch: Range
) -> list[str]:
    connection.execute("SET TimeZone = 'UTC'")
    for name, columns in TABLES.items():
        typed = ", ".join(f"{column} {kind}" for column, kind in columns.items())
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} ({typed})")
        if world[name]:
            connection.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * len(columns))})", world[name])
    values = {"start": typed_literal(batch.start, "TIMESTAMP"), "end": typed_literal(batch.end, "TIMESTAMP")}
    return sorted(map(str, connection.execute(fill_parameters(query, values).text).fetchall()))


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(RUNNABLE), worlds, st.integers(2, 4))
def test_a_separable_query_gives_the_same_at_once(
    case: Case, world: dict[str, list[tuple[object, ...]]], days: int
) -> None:
    if "separable" not in case.expected:
        return
    whole = Range(datetime(2024, 1, 1), datetime(2024, 1, 1 + days))
    with duckdb.connect() as connection:
        apart = [row for one in cut([whole], "day", 1) for row in rows_of(connection, case.query, world, one)]
        assert sorted(apart) == rows_of(connection, case.query, world, whole)


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(RUNNABLE), worlds, worlds)
def test_rows_of_other_slices_cannot_reach_it(
    case: Case, world: dict[str, list[tuple[object, ...]]], other: dict[str, list[tuple[object, ...]]]
) -> None:
    batch = Range(datetime(2024, 1, 2), datetime(2024, 1, 3))
    window = datetime(2024, 1, 1).date(), datetime(2024, 1, 3).date()  # with the lookback of a day
    changed = dict(world)
    for line in case.expected:
        name, colon, column = line.partition(": ")
        if colon:
            place = list(TABLES[name]).index(column)
            inside = [row for row in world[name] if _is_within(row[place], window)]
            changed[name] = inside + [row for row in other[name] if not _is_within(row[place], window)]
    with duckdb.connect() as connection:
        assert rows_of(connection, case.query, world, batch) == rows_of(connection, case.query, changed, batch)


def _is_within(value: object, window: tuple[object, object]) -> bool:
    if value is None:
        return False
    return window[0] <= (value.date() if isinstance(value, datetime) else value) < window[1]  # type: ignore[operator]
