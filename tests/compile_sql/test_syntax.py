"""Parsing: DuckDB's tree, places in code points, and what is not one SELECT."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vibepiper_interpreter.engines.duckdb.errors import SqlProblem
from vibepiper_interpreter.engines.duckdb.syntax import Syntax, parse_queries, walk


def parse(connection: duckdb.DuckDBPyConnection, query: str) -> Syntax | SqlProblem:
    (parsed,) = parse_queries(connection, [query])
    return parsed


@pytest.mark.parametrize(
    ("query", "code", "place", "message"),
    [
        ("insert into t values (1)", "VP306", "insert", "`INSERT` is not a SELECT."),
        ("-- a note\n create table t as select 1", "VP306", "create", "`CREATE` is not a SELECT."),
        ("copy t to 'x.csv'", "VP306", "copy", "`COPY` is not a SELECT."),
        ("describe t", "VP306", "describe", "DESCRIBE, SHOW and SUMMARIZE"),
        ("summarize t", "VP306", "summarize", "DESCRIBE, SHOW and SUMMARIZE"),
        ("show tables", "VP306", "show", "DESCRIBE, SHOW and SUMMARIZE"),
        ("select 1; select 2", "VP306", "select 2", "The query holds 2 statements."),
        ("", "VP306", "", "The query is empty."),
        ("-- nothing but a note", "VP306", "-- nothing but a note", "The query is empty."),
        ("pivot t on y using sum(z)", "VP312", "pivot", "This PIVOT takes its columns from the data"),
        ("select * from (pivot t on y using sum(z))", "VP312", "pivot", "This PIVOT takes its columns from the data"),
        ("select $1 + $named", "VP308", "select $1 + $named", "Parameters are named"),
        ("select 'ä', b from", "VP301", "from", "The query breaks off after `from`."),
        ("select 'ä😀' frm t", "VP301", "frm", "`t` does not fit after `frm`."),
        ("select 1 /* never closed", "VP301", "/", "A comment is opened here and never closed."),
        ('select "a from t', "VP301", '"', "A quoted identifier is opened here and never closed."),
        ("select (a + (b * 2) from t", "VP301", "from", "`from` does not fit here."),
        ("select id, at, v from t", "VP301", "at", "`at` is a word of the language, and names no column as it is."),
        ("select full from t", "VP301", "full", "`full` is a word of the language"),
        ("select a from t where at = 1", "VP301", "at", "`at` is a word of the language"),
    ],
)
def test_not_one_select(connection: duckdb.DuckDBPyConnection, query: str, code: str, place: str, message: str) -> None:
    problem = parse(connection, query)
    assert isinstance(problem, SqlProblem)
    assert (problem.code, query[problem.start : problem.end]) == (code, place)
    assert problem.message.startswith(message)


@pytest.mark.parametrize(
    "query",
    [
        "select 1;",
        "from t",
        "values (1)",
        "table t",
        "with a as (select 1) select * from a",
        "(select 1)",
        "select 1 -- x",
        "pivot t on y in (1, 2) using sum(z)",
        "unpivot t on a, b",
        "select 1 union all select 2",
        "from t select a",
    ],
)
def test_one_select(connection: duckdb.DuckDBPyConnection, query: str) -> None:
    assert isinstance(parse(connection, query), Syntax)


def test_the_open_bracket_is_shown(connection: duckdb.DuckDBPyConnection) -> None:
    problem = parse(connection, "select (a + (b * 2) from t")
    assert isinstance(problem, SqlProblem)
    assert problem.related == ((7, 8, "opened here"),)


def test_a_batch_keeps_its_order(connection: duckdb.DuckDBPyConnection) -> None:
    parsed = parse_queries(connection, ["select 1", "selec 2", "select 3"])
    assert [type(each) for each in parsed] == [Syntax, SqlProblem, Syntax]
    assert parse_queries(connection, []) == []


@settings(deadline=None)
@given(
    names=st.lists(
        st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=6),
        min_size=1,
        max_size=5,
    )
)
def test_places_are_code_points(names: list[str]) -> None:
    quoted = ['"' + name.replace('"', '""') + '"' for name in names]
    query = "select " + ", ".join(f"'ü' || {name}" for name in quoted) + " from t -- 😀"
    with duckdb.connect() as connection:
        syntax = parse(connection, query)
    assert isinstance(syntax, Syntax)
    spans = [syntax.span(node) for node in walk(syntax.node) if node.get("class") == "COLUMN_REF"]
    assert [query[slice(*span)] for span in spans if span] == quoted
