"""Binding: columns and types of a query, or all its mistakes at once, each at its very place."""

from __future__ import annotations

from datetime import date

import duckdb
import pytest
from tests.compile_sql.cases import Case, cases

from vibepiper_interpreter.compile.compiled import Column
from vibepiper_interpreter.engines.duckdb.binder import Binder
from vibepiper_interpreter.engines.duckdb.errors import SqlProblem
from vibepiper_interpreter.engines.duckdb.syntax import Syntax, parse_queries
from vibepiper_spec.address import Address


def shown(query: str, problem: SqlProblem) -> str:
    return f"{problem.code} {query[problem.start : problem.end]!r}: {problem.message} {problem.fix}".rstrip()


@pytest.mark.parametrize("case", cases("mistakes.sql"), ids=str)
def test_mistakes(binder: Binder, case: Case) -> None:
    parameters = {"limit": "BIGINT"} if "$limit" in case.query else {}
    bound = binder.bind("shop", case.query, parameters)
    assert [shown(case.query, problem) for problem in bound.problems] == list(case.expected)


@pytest.mark.parametrize("case", cases("mistakes.sql"), ids=str)
def test_places_do_not_move_with_what_stands_before(binder: Binder, case: Case) -> None:
    """Every mistake is found at the same words behind a comment of other letters and line breaks."""
    head = "-- größe 😀\r\n/* ü */ "
    parameters = {"limit": "BIGINT"} if "$limit" in case.query else {}
    query = head + case.query
    problems = binder.bind("shop", query, parameters).problems
    assert [shown(query, problem) for problem in problems] == list(case.expected)


@pytest.mark.parametrize("case", cases("mistakes.sql"), ids=str)
def test_suggestions_mend(binder: Binder, case: Case) -> None:
    """Putting every suggestion in its place removes the mistakes that had one."""
    bound = binder.bind("shop", case.query, {"limit": "BIGINT"} if "$limit" in case.query else {})
    mended = case.query
    for problem in sorted(bound.problems, key=lambda problem: problem.start, reverse=True):
        if problem.suggestion is not None:
            mended = mended[: problem.start] + problem.suggestion + mended[problem.end :]
    left = {problem.message for problem in binder.bind("shop", mended, {"limit": "BIGINT"}).problems}
    assert left.isdisjoint(problem.message for problem in bound.problems if problem.suggestion is not None)


# Queries that are sound, whatever else the other tests say about them.
SOUND = [case for name in ("lineage.sql", "same_meaning.sql", "other_meaning.sql") for case in cases(name)]


@pytest.mark.parametrize("case", SOUND, ids=str)
def test_a_sound_query_stays_sound_where_nobody_reads_it(binder: Binder, case: Case) -> None:
    assert binder.bind("shop", case.query).problems == ()
    for query in (
        f"with nobody_reads as ({case.query}\n) select 1 as one",
        f"with nobody_reads as ({case.query}\n) select 1 as one union all select 2",
        f"select (with nobody_reads as ({case.query}\n) select o.id) as id from orders o",
    ):
        assert binder.bind("shop", query).problems == ()


@pytest.mark.parametrize("case", SOUND, ids=str)
def test_nothing_is_told_of_a_sound_query_by_those_of_its_inputs_that_are_known(
    connection: duckdb.DuckDBPyConnection, binder: Binder, case: Case
) -> None:
    (syntax,) = parse_queries(connection, [case.query])
    assert isinstance(syntax, Syntax)
    for known in ((), (Address("shop", "orders"),), (Address("shop", "customers"), Address("shop", "größen"))):
        assert binder.bind_partly("shop", syntax, {}, {}, known) == ()


def test_what_is_wrong_whatever_the_unknown_inputs_are(connection: duckdb.DuckDBPyConnection, binder: Binder) -> None:
    """Only `orders` is known. About `k.colum` the unknown table has the last word: it may have a struct `k`."""
    query = """
        with a as (select idd, custmer.x, foo(id) from orders where day > $since),
             b as (select * from a join nothing using (id)),
             c as (select bb from b),
             nobody_reads as (select b2 from a),
             orders as (select whatever from c),
             d as (select something from orders)
        select sums(k.colum), x.nofun(), bars(1) over (), row_number() over (), coalesce(1, 2), struct_pack(a := 1)
        from shop.orders k, c, no_rows(3)
    """
    (syntax,) = parse_queries(connection, [query])
    assert isinstance(syntax, Syntax)
    types, values = {"since": "DATE"}, {"since": date(2024, 1, 1)}
    found = binder.bind_partly("shop", syntax, types, values, [Address("shop", "orders")])
    assert [(problem.code, query[problem.start : problem.end]) for problem in found] == [
        ("VP302", "idd"),
        ("VP302", "custmer.x"),
        ("VP305", "foo"),
        ("VP302", "b2"),
        ("VP305", "sums"),
        ("VP305", "x.nofun"),
        ("VP305", "bars"),
        ("VP305", "no_rows"),
    ]


def test_parameters_are_looked_at_in_what_nobody_reads_too(binder: Binder) -> None:
    query = "with u as (select date_trunc($grain, day) as d from orders, range($count)) select $count as n"
    types = {"grain": "VARCHAR", "count": "BIGINT"}
    assert binder.bind("shop", query, types, {"grain": "month", "count": 3}).problems == ()
    (problem,) = binder.bind("shop", query, types, {"grain": "moon", "count": 3}).problems
    assert problem.message == "`moon` is no part of a date or time."


def test_what_nobody_reads_is_not_judged_by_values_that_are_not_known(binder: Binder) -> None:
    """DuckDB looks up the function that `$how` names, so that without a value nothing can be said."""
    query = "with u as (select list_aggregate(tags, $how) as a from orders) select 1 as one"
    assert binder.bind("shop", query, {"how": "VARCHAR"}).problems == ()
    assert binder.bind("shop", query, {"how": "VARCHAR"}, {"how": "min"}).problems == ()
    assert binder.bind("shop", query, {"how": "VARCHAR"}, {"how": "no_such"}).problems != ()
    now = "with u as (select aa from range($now - interval 1 day, $now, interval 1 hour) r(a)) select $now as t"
    (problem,) = binder.bind("shop", now, {"now": "TIMESTAMP"}).problems
    assert now[problem.start : problem.end] == "aa"


def test_columns_have_stored_types(binder: Binder) -> None:
    query = "select sum(id) as total, 'a'::enum('a', 'b') as state, [id, 2]::bigint[2] as pair from orders group by all"
    bound = binder.bind("shop", query)
    assert bound.problems == ()
    assert bound.columns == (
        Column("total", "DECIMAL(38,0)"),
        Column("state", "VARCHAR"),
        Column("pair", "BIGINT[]"),
    )


def test_unnamed_columns_keep_the_engines_name(binder: Binder) -> None:
    assert [column.name for column in binder.bind("shop", "select count(*), 1 + 1 from orders").columns] == [
        "count_star()",
        "(1 + 1)",
    ]


def test_parameters_have_their_declared_types(binder: Binder) -> None:
    types = {
        "day": "DATE",
        "moment": "TIMESTAMP",
        "zoned": "TIMESTAMP WITH TIME ZONE",
        "count": "BIGINT",
        "share": "DOUBLE",
        "price": "DECIMAL(10,2)",
        "word": "VARCHAR",
        "flag": "BOOLEAN",
        "ids": "INTEGER[]",
    }
    query = "select " + ", ".join(f"${name} as {name}" for name in types)
    bound = binder.bind("shop", query, types)
    assert {column.name: column.type for column in bound.columns} == types


def test_parameter_that_is_looked_at_while_binding(binder: Binder) -> None:
    query = "select date_trunc($grain, day) as d from orders"
    assert binder.bind("shop", query, {"grain": "VARCHAR"}).columns == (Column("d", "TIMESTAMP"),)
    assert binder.bind("shop", query, {"grain": "VARCHAR"}, {"grain": "month"}).problems == ()
    (problem,) = binder.bind("shop", query, {"grain": "VARCHAR"}, {"grain": "moon"}).problems
    assert problem.message == "`moon` is no part of a date or time."


def test_mistakes_beside_parameters(binder: Binder) -> None:
    query = "select id + $word as x, amuont from orders where day > $day"
    types = {"word": "VARCHAR", "day": "DATE"}
    problems = binder.bind("shop", query, types, {"day": date(2024, 1, 1)}).problems
    assert [query[problem.start : problem.end] for problem in problems] == ["id + $word", "amuont"]


def test_assets_of_other_pipelines_and_odd_names(connection: duckdb.DuckDBPyConnection) -> None:
    binder = Binder(connection)
    binder.declare(
        {
            Address("select", "order"): (Column('a "b"', "INTEGER"), Column("from", "VARCHAR")),
            Address("shop", "order"): (Column("id", "BIGINT"),),
        }
    )
    query = 'select o."a ""b""", o."from", p.id from "select"."order" o, "order" p'
    assert [column.name for column in binder.bind("shop", query).columns] == ['a "b"', "from", "id"]
    assert [column.name for column in binder.bind("select", 'from "order"').columns] == ['a "b"', "from"]


def test_declaring_again_replaces(binder: Binder) -> None:
    binder.declare({Address("shop", "customers"): (Column("email", "VARCHAR"),)})
    assert binder.bind("shop", "from customers").columns == (Column("email", "VARCHAR"),)


def test_a_query_with_very_many_mistakes_ends(binder: Binder) -> None:
    query = f"select {', '.join(f'missing_{n}' for n in range(50))} from orders"
    assert len(binder.bind("shop", query).problems) == 20


def test_every_clause_is_searched(binder: Binder) -> None:
    query = """
    with one as (select x1 from orders where x2 = 1)
    select x3, (select x4 from customers) as s, sum(amount) over (partition by x5 order by x6) as w
    from orders join customers on x7 = 1, one
    where x8 = 1
    qualify x9 = 1
    order by x10
    """
    problems = binder.bind("shop", query).problems
    found = [query[problem.start : problem.end] for problem in problems]
    assert sorted(found) == sorted(f"x{n}" for n in range(1, 11))


def test_a_wrong_name_is_told_where_it_begins(binder: Binder) -> None:
    """What reads the wrong column under its wrong name further out is an echo, not a mistake of its own."""
    query = "with recent as (select amuont from orders) select amuont, r.amuont from recent r where amuont > 1"
    (problem,) = binder.bind("shop", query).problems
    assert problem.start == query.index("amuont")


@pytest.mark.parametrize("query", ["select {} as s", "select [{}] as s", "select {'a': {}, 'b': 1} as s"])
def test_a_struct_without_fields_cannot_be_stored(binder: Binder, query: str) -> None:
    [problem] = binder.bind("shop", query).problems
    assert (problem.code, bool(problem.fix)) == ("VP112", True)
    assert "a struct without fields" in problem.message
