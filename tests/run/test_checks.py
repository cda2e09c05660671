"""Every rule counts what breaks it, shows it, and says it in a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from vibepiper_interpreter.checks import run_checks
from vibepiper_interpreter.compile.build_settings import Merge
from vibepiper_interpreter.compile.compiled import Check, Column, CompiledAsset, SqlDefinition
from vibepiper_interpreter.engines.duckdb.copy import copy_statement, copy_to_parquet
from vibepiper_interpreter.engines.duckdb.session import SessionSettings, connect, use_pipeline
from vibepiper_interpreter.run.result import CheckResult
from vibepiper_interpreter.storage.version import Version
from vibepiper_spec.address import Address

ORDERS = Address("shop", "orders")
ROWS = """
    SELECT * FROM (VALUES
        (1, 'DE', 10, INTERVAL 1 DAY),
        (2, 'DE', NULL, INTERVAL 2 DAY),
        (2, 'XX', -5, NULL),
        (3, NULL, 20, NULL),
        (NULL, 'FR', 30, NULL)
    ) AS rows(id, country, amount, took)
"""


@pytest.fixture
def cursor(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    connection = connect(SessionSettings(threads=2, allowed_directories=[tmp_path]))
    connection.execute("CREATE SCHEMA shop; CREATE SCHEMA geo")
    connection.execute("CREATE TABLE geo.countries AS SELECT * FROM (VALUES ('DE'), ('FR'), (NULL)) AS rows(code)")
    use_pipeline(connection, "shop")
    yield connection
    connection.close()


@pytest.fixture
def version(cursor: duckdb.DuckDBPyConnection, tmp_path: Path) -> Version:
    part = copy_to_parquet(cursor, copy_statement(ROWS, tmp_path / "part.parquet"), "part.parquet")
    cursor.execute(f"CREATE VIEW shop.orders AS SELECT * FROM read_parquet('{tmp_path}/part.parquet')")
    columns = (Column("id", "INTEGER"), Column("country", "VARCHAR"), Column("amount", "INTEGER"))
    asset = CompiledAsset(ORDERS, "sql", "table", SqlDefinition(ROWS), (), columns, (), "f", "c")
    return Version(
        "v1", asset, "key", (), columns, (part,), (), part.rows, part.bytes, 0.0, None, "r", datetime.now(UTC)
    )


def check(rule: str, column: str | None = None, **more: Any) -> Check:
    return Check(more.pop("id", rule), rule, more.pop("severity", "error"), column, **more)


CASES = [
    (check("not_null", "id"), 1, "1 of 5 rows has no value in `id`."),
    (check("not_null", "took"), 3, "3 of 5 rows have no value in `took`."),
    (check("not_null", "amount", where="country = 'FR'"), 0, ""),
    (check("unique", "id"), 1, "1 of 5 rows repeats a value of `id` that stands in an earlier row."),
    (check("unique", "id", where="amount > 0"), 0, ""),
    (check("unique", arguments=(("columns", ("id", "country")),)), 0, ""),
    (
        check("unique", arguments=(("columns", ("id", "amount")),), where="true -- all"),
        0,
        "",
    ),
    (check("between", "amount", condition="amount BETWEEN 0 AND 25"), 2, "2 of 5 rows break the rule `between`."),
    (check("expression", condition="orders.amount > 0 -- positive"), 1, "1 of 5 rows breaks the rule `expression`."),
    (check("row_count", arguments=(("min", 1), ("max", 5))), 0, ""),
    (check("row_count", arguments=(("min", 6),)), 1, "The number of rows is 5, and must be at least 6."),
    (
        check("row_count", arguments=(("max", 1),), where="country = 'DE'"),
        1,
        "The number of rows that the check's `where` selects is 2, and must be at most 1.",
    ),
    (
        check("references", "country", arguments=(("asset", "geo.countries"), ("column", "code"))),
        1,
        "1 of 5 rows has a `country` that is in no row of `geo.countries` as `code`.",
    ),
    (
        check("query", arguments=(("query", "select * from orders where amount < 0 -- debts"),)),
        1,
        "The query of `query` returns 1 row, and must return none.",
    ),
]


@pytest.mark.parametrize(("rule", "failing", "words"), CASES)
def test_rule(cursor: duckdb.DuckDBPyConnection, version: Version, rule: Check, failing: int, words: str) -> None:
    result = run_checks(cursor, "shop.orders", version, [rule]).results[0]
    assert (result.failing, result.detail, result.passed) == (failing, words, failing == 0)


def test_all_rules_together_give_what_each_gives_alone(cursor: duckdb.DuckDBPyConnection, version: Version) -> None:
    from dataclasses import replace

    rules = [replace(rule, id=f"{number}") for number, (rule, _, _) in enumerate(CASES)]
    together = run_checks(cursor, "shop.orders", version, rules).results
    assert [result.failing for result in together] == [failing for _, failing, _ in CASES]


def test_failing_rows_are_shown_as_text(cursor: duckdb.DuckDBPyConnection, version: Version) -> None:
    def sample(rule: Check) -> CheckResult:
        return run_checks(cursor, "shop.orders", version, [rule]).results[0]

    row = sample(check("not_null", "id"))
    assert row.sample_columns == ("id", "country", "amount", "took")
    assert row.sample_rows == (("NULL", "FR", "30", "NULL"),)
    assert sample(check("unique", "id")).sample_rows == (("2", "2"),)
    reference = check("references", "country", arguments=(("asset", "geo.countries"), ("column", "code")))
    assert sample(reference).sample_rows == (("XX", "1"),)


def test_a_check_that_cannot_run_fails_alone(cursor: duckdb.DuckDBPyConnection, version: Version) -> None:
    rules = [
        check("expression", id="casts", condition="country::INTEGER > 0"),
        check("between", "amount", id="fits", condition="amount BETWEEN -10 AND 100"),
    ]
    casts, fits = run_checks(cursor, "shop.orders", version, rules).results
    assert not casts.passed
    assert casts.detail.startswith("The check could not be run: Could not convert string")
    assert fits.passed


def test_only_failed_errors_count_as_failure(cursor: duckdb.DuckDBPyConnection, version: Version) -> None:
    assert run_checks(cursor, "shop.orders", version, [check("not_null", "id", severity="warn")]).passed
    assert not run_checks(cursor, "shop.orders", version, [check("not_null", "id")]).passed


def test_only_rules_of_our_own_go_without_the_optimizer(cursor: duckdb.DuckDBPyConnection, version: Version) -> None:
    """Told apart by what the cursor that does not optimise sees: no rows at all."""
    plain = duckdb.connect()
    plain.execute("create schema shop")
    plain.execute("create table shop.orders (id integer, country varchar, amount integer, took integer)")

    def failing(rule: Check) -> int:
        return run_checks(cursor, "shop.orders", version, [rule], plain).results[0].failing

    assert failing(check("between", "amount", condition="amount BETWEEN 0 AND 25")) == 0
    assert failing(check("unique", "id")) == 0
    assert failing(check("expression", condition="orders.amount > 0")) == 1
    assert failing(check("not_null", "took", where="id > 0 OR id IS NULL")) == 3
    many = ", ".join(f"'{number}'" for number in range(1000))
    assert failing(check("accepted_values", "country", condition=f"country IN ({many})")) == 4


def test_that_a_key_is_unique_is_not_looked_for_where_merging_proves_it(
    cursor: duckdb.DuckDBPyConnection, version: Version
) -> None:
    merged = replace(version, asset=replace(version.asset, settings=Merge(("Id",))))
    more = check("unique", id="more", arguments=(("columns", ("id", "country")),), where="amount > 0")
    found = run_checks(cursor, "nowhere", merged, [check("unique", "id"), more])
    assert [(result.passed, result.detail) for result in found.results] == [
        (True, "Not looked for: rows are merged by `Id`, so no two have the same."),
    ] * 2
    for key in (("id", "country"), ("country",)):
        other = replace(version, asset=replace(version.asset, settings=Merge(key)))
        assert not run_checks(cursor, "shop.orders", other, [check("unique", "id")]).passed
