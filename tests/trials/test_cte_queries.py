"""The query that shows a common table expression of another."""

from __future__ import annotations

import duckdb
import pytest

from vibepiper_interpreter.engines.duckdb.cte_queries import cte_names, cte_query

HARD = """-- with x as (select 0) select
WITH RECURSIVE a(x, "y z") AS MATERIALIZED (select (1 + 1) * 2, ')' union all select x + 1, 'ü' from a where x < 5),
     "b ""c" as not materialized (select x /* ) */ from a -- ) ,
     ), d AS (with a as (select 7 as x) select x from a)
select sum(x) from "b ""c", (with e as (select 1) select * from e)"""


def test_the_names_at_the_head() -> None:
    assert cte_names(HARD) == ("a", 'b "c', "d")
    assert cte_names("select 1") == ()
    assert cte_names("(with a as (select 1) select * from a)") == ()
    assert cte_names("with a as (select 1) from a") == ("a",)


@pytest.mark.parametrize(
    ("name", "rows"),
    [("a", [(4, ")"), (5, "ü")]), ('b "c', [(4,), (5,)]), ("d", [(7,)])],
)
def test_its_rows(name: str, rows: list[tuple[object, ...]]) -> None:
    assert sorted(duckdb.sql(cte_query(HARD, name)).fetchall()) == rows
