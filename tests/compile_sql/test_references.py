"""What a query refers to: tables in the scope of its CTEs, parameters, and what only specs may name."""

from __future__ import annotations

import duckdb
import pytest

from vibepiper_interpreter.compile.sql_references import References, references
from vibepiper_interpreter.engines.duckdb.syntax import Syntax, parse_queries


def found(connection: duckdb.DuckDBPyConnection, query: str) -> References:
    (syntax,) = parse_queries(connection, [query])
    assert isinstance(syntax, Syntax), syntax
    return references(syntax)


@pytest.mark.parametrize(
    ("query", "tables"),
    [
        ("select * from orders", ["orders"]),
        ("from Orders o join other.rates r using (id)", ["Orders", "other.rates"]),
        ('select * from "täble", x."y z"', ['"täble"', 'x."y z"']),
        ("table orders", ["orders"]),
        ("pivot orders on day in (1, 2) using sum(amount)", ["orders"]),
        ("select (select max(id) from a) from b where exists (from c) and id in (select id from d)", list("abcd")),
        ("select * from a, lateral (select a.id + b.id from b)", ["a", "b"]),
        ("select * from a union all (select * from b except select * from c)", list("abc")),
        ("select * from orders o1, orders o2", ["orders", "orders"]),
        # a CTE shadows an asset, from behind its own definition on
        ("with orders as (select 1) select * from orders", []),
        ("with Orders as (select 1) select * from ORDERS", []),
        ("with orders as (select * from orders) select * from orders", ["orders"]),
        ("with a as (select * from b), b as (select 1) select * from a, b", ["b"]),
        ("with b as (select 1), a as (select * from b) select * from a", []),
        ("with orders as (select 1) select * from shop.orders", ["shop.orders"]),
        ("with a as (with b as (select 1) select * from b) select * from a, b", ["b"]),
        ("with a as (select 1) select * from (with c as (select * from a, d) select * from c)", ["d"]),
        ("with a as (select 1) select (select count(*) from a), x.* from x where exists (from a)", ["x"]),
        ("select * from a union all (with a as (select 1) select * from a)", ["a"]),
        ("with recursive r as (select * from a union all select * from r, b) select * from r", ["a", "b"]),
        ("with recursive r as (select * from r) select * from r", ["r"]),
        ("with recursive r as (select * from r union all select * from b) select * from r", ["b"]),
        ("with recursive r as (select 1 union select * from s, r), s as (select 1) select * from r", ["s"]),
        # functions that make rows from their arguments
        ("select * from range(3), unnest([1]), generate_series(1, 2)", []),
    ],
)
def test_tables(connection: duckdb.DuckDBPyConnection, query: str, tables: list[str]) -> None:
    references = found(connection, query)
    assert [query[table.start : table.end] for table in references.tables] == tables
    assert references.problems == ()


def test_shadowing_agrees_with_the_engine(connection: duckdb.DuckDBPyConnection) -> None:
    """A query binds exactly when all tables that we say it needs are there."""
    queries = [
        "with t as (select * from t) select * from t",
        "with recursive t as (select * from t) select * from t",
        "with recursive t as (select 1 as x union all select x + 1 from t where x < 3) select * from t",
        "with a as (select * from b), b as (select 1 as x) select * from a",
        "with a as (with t as (select 1 as x) select * from t) select * from a, t",
        "with t as (select 5 as x) select * from (select 1) where exists (select x from t)",
        "with t as (select 5 as x) select * from (select 1), lateral (select * from t)",
    ]
    for query in queries:
        needed = {table.name for table in found(connection, query).tables}
        for name in ("t", "b"):
            connection.execute(f"DROP TABLE IF EXISTS {name}")
        for name in needed:
            connection.execute(f"CREATE TABLE {name} (x INTEGER)")
        connection.execute("DESCRIBE " + query)
        for name in needed:
            connection.execute(f"DROP TABLE {name}")
            with pytest.raises(duckdb.Error, match=r"does not exist|Circular reference"):
                connection.execute("DESCRIBE " + query)
            connection.execute(f"CREATE TABLE {name} (x INTEGER)")


def test_parameters(connection: duckdb.DuckDBPyConnection) -> None:
    query = "select 'ü', $start as s from t where a > $größe and b = '$text' -- $note\n and c = $start"
    parameters = found(connection, query).parameters
    assert [(each.name, query[each.start : each.end]) for each in parameters] == [
        ("start", "$start"),
        ("größe", "$größe"),
        ("start", "$start"),
    ]


@pytest.mark.parametrize(
    ("query", "code", "place"),
    [
        ("select * from 'data/a.csv'", "VP307", "'data/a.csv'"),
        ('select * from "a.parquet" as x', "VP307", '"a.parquet"'),
        ("select * from 'https://example.com/a.json'", "VP307", "'https://example.com/a.json'"),
        ("select * from read_csv('a.csv', header = true) as x", "VP307", "read_csv('a.csv', header = true) as x"),
        ("select * from read_parquet(['a', 'b'])", "VP307", "read_parquet(['a', 'b'])"),
        ("select * from glob('*')", "VP307", "glob('*')"),
        ("select * from read_text('secret')", "VP307", "read_text('secret')"),
        ("select * from sniff_csv('a')", "VP307", "sniff_csv('a')"),
        ("select * from parquet_schema('a')", "VP307", "parquet_schema('a')"),
        ("select read_csv('a')", "VP307", "read_csv('a')"),
        ("select * from information_schema.tables", "VP314", "information_schema.tables"),
        ("select * from duckdb_tables()", "VP314", "duckdb_tables()"),
        ("select * from query('select 1')", "VP314", "query('select 1')"),
        ("select * from query_table('t')", "VP314", "query_table('t')"),
        ("select * from main.t", "VP314", "main.t"),
        ("select * from memory.shop.t", "VP202", "memory.shop.t"),
        ("select $1", "VP308", "$1"),
        ("select ?", "VP308", "?"),
    ],
)
def test_what_sql_may_not_name(connection: duckdb.DuckDBPyConnection, query: str, code: str, place: str) -> None:
    (problem,) = found(connection, query).problems
    assert (problem.code, query[problem.start : problem.end]) == (code, place)
    assert problem.fix


def test_every_table_function_of_the_engine_is_judged(connection: duckdb.DuckDBPyConnection) -> None:
    """A function that reads something outside the query's assets is refused, whatever DuckDB adds."""
    harmless = {"range", "generate_series", "unnest", "repeat", "repeat_row", "json_each", "json_tree"}
    names = connection.execute(
        "select distinct function_name from duckdb_functions() where function_type in ('table', 'table_macro')"
    ).fetchall()
    unjudged = {
        name
        for (name,) in names
        if name not in harmless and not found(connection, f"select * from {name}('x')").problems
    }
    assert unjudged == set()
