"""When the same inputs surely give the same rows, and where a result hangs on the order of rows by mistake."""

from __future__ import annotations

import duckdb
import pytest
from tests.compile_sql.test_lineage import Analyse, Schemas

from vibepiper_interpreter.compile import sql_functions
from vibepiper_interpreter.engines.duckdb.binder import Binder


@pytest.fixture
def analyse(connection: duckdb.DuckDBPyConnection, binder: Binder, schemas: Schemas) -> Analyse:
    return Analyse(connection, binder, schemas)


@pytest.mark.parametrize(
    "query",
    [
        "select id, upper(customer) as c from orders where amount > 1",
        "select day, sum(amount) as s, avg(id) as m, count(distinct customer) as n from orders group by day",
        "select rank() over (order by price) as r from orders",
        "select sum(id) over (partition by day) as s from orders",
        "select distinct day from orders order by day",
        "with a as (select id from orders) select * from a join customers using (id)",
        "select min(price) as low, sum(cast(price as decimal(10,2))) as s from orders",
        "select date_trunc('month', day) as m from orders group by m",
    ],
)
def test_deterministic(analyse: Analyse, query: str) -> None:
    assert analyse(query).deterministic


@pytest.mark.parametrize(
    "query",
    [
        "select random() as r from orders",
        "select uuid() as u from orders",
        "select now() as n, id from orders",
        "select current_date as d, id from orders",
        "select sum(price) as s from orders",
        "select avg(price) as s from orders group by day",
        "select sum(p) as s from (select price * 2 as p from orders)",
        "select sum(price) over (partition by day) as s from orders",
        "select stddev(id) as s from orders",
        "select id from orders order by day limit 3",
        "select distinct on (customer) id from orders order by day",
        "select first(id) as f from orders",
        "select list(id order by day) as l from orders",
        "select row_number() over (order by day) as n from orders",
        "select distinct on (day) day, id from orders order by day, id",
        "select lag(id) over (order by day) as n from orders",
        "select sum(id) over (order by day rows 1 preceding) as s from orders",
        "select id from orders using sample 10 rows",
        "select id from orders tablesample 10%",
        "select customer collate nocase as c from orders group by 1",
        "select o.id from orders o asof join customers c on o.day >= c.joined",
        "select current_setting('threads') as t",
        "select mode(customer) as m from orders",
    ],
)
def test_not_deterministic(analyse: Analyse, query: str) -> None:
    assert not analyse(query).deterministic


def test_a_parameter_is_fixed_only_where_its_value_is_known(analyse: Analyse, binder: Binder) -> None:
    assert analyse("select id from orders where customer = $who", who="Ann").deterministic


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("select id from orders limit 10", "10"),
        ("select id from orders offset 10", "10"),
        ("select (select id from customers limit 1) as x from orders", "1"),
        ("select first(id) as f from orders", "first(id)"),
        ("select day, any_value(customer) as c from orders group by day", "any_value(customer)"),
        ("select list(id) as l from orders", "list(id)"),
        ("select 'ü', string_agg(customer, ',') as s from orders", "string_agg(customer, ',')"),
        ("select array(select id from customers) as a from orders", "array"),
        ("select row_number() over (partition by day) as n from orders", "row_number() over (partition by day)"),
        ("select distinct on (day) day, id from orders", "day"),
        ("select id from orders using sample 10", "sample"),
        ("select id from orders tablesample 10%", "orders tablesample 10%"),
        ("with a as (select id from orders limit 5) select count(*) as n from a", "5"),
        ("(select id from orders) union all (select id from customers) limit 7", "7"),
    ],
)
def test_order_dependent(analyse: Analyse, query: str, place: str) -> None:
    warning = analyse(query).order_dependent
    assert warning is not None
    assert (warning.code, query[warning.start : warning.end]) == ("VP313", place)
    assert warning.fix


@pytest.mark.parametrize(
    "query",
    [
        "select id from orders order by id limit 10",
        "select * from (select id from orders order by id) limit 10",
        "select max(id) as m from orders limit 1",
        "select 1 as one limit 1",
        "select id from orders limit all",
        "select first(id order by day) as f from orders",
        "select list(id) as l from (select id from orders order by id)",
        "select string_agg(customer, ',' order by customer) as s from orders",
        "select row_number() over (order by day) as n from orders",
        "select distinct on (day) day, id from orders order by day, id",
        "select distinct day from orders",
        "select array(select id from customers order by id) as a from orders",
        "select day, max(customer) as c from orders group by day",
    ],
)
def test_no_false_alarm(analyse: Analyse, query: str) -> None:
    assert analyse(query).order_dependent is None


def names(connection: duckdb.DuckDBPyConnection, condition: str) -> set[str]:
    rows = connection.execute(f"SELECT DISTINCT function_name FROM duckdb_functions() WHERE {condition}").fetchall()
    return {row[0] for row in rows}


def test_every_aggregate_of_the_engine_is_known(connection: duckdb.DuckDBPyConnection) -> None:
    """An aggregate taken for a scalar function would hide that a query has one row a group."""
    aggregates = names(connection, "function_type = 'aggregate'")
    expression = " OR ".join(f"regexp_matches(macro_definition, '\\b{name}\\(')" for name in sorted(aggregates))
    macros = names(connection, f"function_type = 'macro' AND ({expression})")
    # These run over a list, and count or choose rows of the catalogue.
    macros = {name for name in macros if not name.startswith(("list_", "array_", "pg_", "has_"))}
    assert aggregates | macros <= sql_functions.AGGREGATES | {"fdiv", "fmod"}


def test_every_row_multiplier_of_the_engine_is_known(connection: duckdb.DuckDBPyConnection) -> None:
    macros = names(connection, "function_type = 'macro' AND contains(lower(macro_definition), 'unnest(')")
    assert macros <= sql_functions.ROW_MULTIPLIERS


def test_no_volatile_function_is_called_pure(connection: duckdb.DuckDBPyConnection) -> None:
    # What hangs on the time zone alone is the same for all our sessions, which say which one it is.
    types = "concat_ws(' ', return_type, array_to_string(parameter_types, ' '))"
    in_a_zone = f"({types} SIMILAR TO '.*(TIME ZONE|TIMESTAMPTZ).*')"
    volatile = names(connection, f"stability = 'VOLATILE' OR stability = 'CONSISTENT_WITHIN_QUERY' AND NOT {in_a_zone}")
    assert volatile.isdisjoint(sql_functions.PURE_FUNCTIONS)
    assert volatile.isdisjoint(sql_functions.ORDERLESS_AGGREGATES)


def test_the_pure_functions_exist(connection: duckdb.DuckDBPyConnection) -> None:
    known = names(connection, "true") | {"->", "==", "__postfix"}
    known |= {"ifnull", "row"}
    assert {name for name in sql_functions.PURE_FUNCTIONS if name not in known} == set()
