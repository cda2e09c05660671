"""Casts that bind and can never work are found, at their very place; those that can are left alone."""

from __future__ import annotations

import duckdb
import pytest

from vibepiper_interpreter.compile.compiled import Column
from vibepiper_interpreter.engines.duckdb.binder import Binder
from vibepiper_interpreter.engines.duckdb.casts import impossible_casts
from vibepiper_interpreter.engines.duckdb.syntax import Syntax, parse_queries
from vibepiper_spec.address import Address

Schemas = dict[Address, tuple[Column, ...]]


def found(connection: duckdb.DuckDBPyConnection, binder: Binder, schemas: Schemas, query: str) -> list[str]:
    parameters = {"since": "DATE"} if "$since" in query else {}
    assert binder.bind("shop", query, parameters).problems == ()
    (syntax,) = parse_queries(connection, [query])
    assert isinstance(syntax, Syntax)
    problems = impossible_casts(connection, syntax, schemas.values())
    assert all(problem.code == "VP304" and problem.fix for problem in problems)
    return [query[problem.start : problem.end] for problem in problems]


@pytest.mark.parametrize(
    ("query", "places"),
    [
        ("select * from orders where id = 'foo'", ["'foo'"]),
        ("select 'größe' as g from orders where id in ('1', 'x') and day > '2024-13-01'", ["'x'", "'2024-13-01'"]),
        ("select cast('x' as date) as d, date '2024-01-01' as e from orders", ["'x'"]),
        ("select id from orders where day between '2024-01-01' and 'b'", ["'b'"]),
        ("select coalesce(id, 'x') as id from orders", ["'x'"]),
        ("select max(day) as d from orders group by id having max(day) > 'x'", ["'x'"]),
        ("select id from orders where price = day", ["price"]),
        ("select o.id from orders as o join customers as c on o.id = c.joined", ["o.id"]),
        ("select id from orders where id = (select max(day) from orders)", ["id"]),
        ("select day::int as d from orders", ["::int"]),
        ("select id from orders where day > $since and amount > 'much'", ["'much'"]),
    ],
)
def test_what_can_never_work(
    connection: duckdb.DuckDBPyConnection, binder: Binder, schemas: Schemas, query: str, places: list[str]
) -> None:
    assert found(connection, binder, schemas, query) == places


@pytest.mark.parametrize(
    "query",
    [
        "select * from orders where id = '12' and day >= '2024-01-01' and amount > '1.5'",
        "select try_cast('x' as int) as a, try(cast('x' as date)) as b from orders",
        "select cast(customer as bigint) as c, day::varchar as d, id::double as e from orders where customer = 'x'",
        "select o.id from orders as o join customers as c on c.joined > o.day and o.price = o.id",
        "select case when id = 1 then null else 'x' end as c from orders where day > $since",
        "select list_contains(tags, 'x') as t, address.city = 'x' as c from orders",
    ],
)
def test_what_may_work(connection: duckdb.DuckDBPyConnection, binder: Binder, schemas: Schemas, query: str) -> None:
    assert found(connection, binder, schemas, query) == []
