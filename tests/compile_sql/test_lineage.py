"""Lineage of chosen queries: what is used, where each column comes from, what decides about rows."""

from __future__ import annotations

import duckdb
import pytest
from tests.compile_sql.cases import Case, cases

from vibepiper_interpreter.compile.compiled import Column
from vibepiper_interpreter.compile.lineage import QueryAnalysis, analyse_query
from vibepiper_interpreter.engines.duckdb.binder import Binder
from vibepiper_interpreter.engines.duckdb.syntax import Syntax, parse_queries
from vibepiper_spec.address import Address

Schemas = dict[Address, tuple[Column, ...]]


@pytest.fixture
def analyse(connection: duckdb.DuckDBPyConnection, binder: Binder, schemas: Schemas) -> Analyse:
    return Analyse(connection, binder, schemas)


class Analyse:
    def __init__(self, connection: duckdb.DuckDBPyConnection, binder: Binder, schemas: Schemas) -> None:
        self._connection = connection
        self._binder = binder
        self._schemas = schemas

    def __call__(self, query: str, **parameters: object) -> QueryAnalysis:
        bound = self._binder.bind("shop", query, dict.fromkeys(parameters, "VARCHAR"), parameters)
        assert bound.problems == ()
        (syntax,) = parse_queries(self._connection, [query])
        assert isinstance(syntax, Syntax)
        return analyse_query(syntax, "shop", self._schemas, bound.columns, parameters)


def shown(analysis: QueryAnalysis) -> tuple[str, ...]:
    def names(origins: tuple[tuple[Address, str], ...]) -> str:
        return ", ".join(f"{address.name}.{column}" for address, column in origins)

    used = "; ".join(
        f"{address.name}({'*' if columns is None else ', '.join(columns)})"
        for address, columns in analysis.used.items()
    )
    lines = [f"uses {used}".strip()]
    if analysis.influence:
        lines.append(f"rows by {names(analysis.influence)}")
    for lineage in analysis.lineage:
        by = f" by {names(lineage.influence)}" if lineage.influence else ""
        lines.append(f"{lineage.column} <- {names(lineage.projection)}{by}".rstrip())
    return tuple(lines)


@pytest.mark.parametrize("case", cases("lineage.sql"), ids=str)
def test_lineage(analyse: Analyse, case: Case) -> None:
    assert shown(analyse(case.query)) == case.expected


@pytest.mark.parametrize("case", cases("same_meaning.sql"), ids=str)
def test_same_meaning(analyse: Analyse, case: Case) -> None:
    assert analyse(case.query).fingerprint == analyse(case.expected[0]).fingerprint


@pytest.mark.parametrize("case", cases("other_meaning.sql"), ids=str)
def test_other_meaning(analyse: Analyse, case: Case) -> None:
    assert analyse(case.query).fingerprint != analyse(case.expected[0]).fingerprint


def test_a_changed_projection_reaches_its_column_only(analyse: Analyse) -> None:
    before = analyse(
        "with c as (select id, amount * 2 as twice, day from orders where day > '2024-01-01') select * from c"
    )
    after = analyse(
        "with c as (select id, amount * 3 as twice, day from orders where day > '2024-01-01') select * from c"
    )
    assert before.shape == after.shape != ""
    left, right = dict(before.column_fingerprints), dict(after.column_fingerprints)
    assert [name for name in left if left[name] != right[name]] == ["twice"]


@pytest.mark.parametrize(
    "after",
    [
        "select id, amount from orders where amount > 2",
        "select id, amount from orders where amount > 1 limit 3",
        "select distinct id, amount from orders where amount > 1",
        "select id, sum(amount) as amount from orders where amount > 1 group by id",
        "select o.id, o.amount from orders o join customers c using (id) where amount > 1",
        "select id, unnest([1, 2]) as amount from orders where amount > 1",
    ],
)
def test_a_change_of_the_rows_reaches_every_column(analyse: Analyse, after: str) -> None:
    assert analyse("select id, amount from orders where amount > 1").shape != analyse(after).shape


def test_a_first_aggregate_changes_the_shape(analyse: Analyse) -> None:
    assert (
        analyse("select 1 as one, id as x from orders").shape
        != analyse("select 1 as one, max(id) as x from orders").shape
    )


def test_a_subquery_may_aggregate_the_query_around_it(analyse: Analyse) -> None:
    """`(select sum(o.id))` makes one row of all orders, though no aggregate stands in the select list itself."""
    analysis = analyse("select (select sum(o.id)) as s from orders o")
    assert analysis.shape == ""
    assert analysis.used == {Address("shop", "orders"): None}


def test_values_of_parameters_are_part_of_the_meaning(analyse: Analyse) -> None:
    query = "select id from orders where customer = $who"
    assert analyse(query, who="Ann").fingerprint == analyse(query, who="Ann").fingerprint
    assert analyse(query, who="Ann").fingerprint != analyse(query, who="Bob").fingerprint


def test_a_type_that_changes_upstream_changes_the_fingerprint(
    connection: duckdb.DuckDBPyConnection, schemas: Schemas
) -> None:
    (syntax,) = parse_queries(connection, ["select id from orders"])
    assert isinstance(syntax, Syntax)
    found = {
        analyse_query(syntax, "shop", schemas, (Column("id", kind),)).fingerprint for kind in ("BIGINT", "INTEGER")
    }
    assert len(found) == 2


def test_what_is_not_understood_reaches_everything(analyse: Analyse) -> None:
    analysis = analyse("select o.id from orders o positional join customers c")
    assert analysis.used == {Address("shop", "customers"): None, Address("shop", "orders"): None}
    assert len(analysis.influence) == 10
    assert (analysis.shape, analysis.column_fingerprints, analysis.deterministic) == ("", (), False)
    assert analysis.fingerprint == analyse("SELECT o.id FROM orders o POSITIONAL JOIN customers c").fingerprint
