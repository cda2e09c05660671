"""Checks: what becomes of them, and that their mistakes are found before anything runs."""

from __future__ import annotations

import duckdb
import pytest
from tests.compile.conftest import Project, told

from vibepiper_interpreter.compile.compiled import Check


def checks(project: Project, body: str) -> dict[str, Check]:
    project.sources()
    project.pipeline(
        f'[sql.a]\nquery = "select id, amount, day, cast(id as varchar) as name, [id] as ids from orders"\n{body}'
    )
    return {check.id: check for check in project.asset("shop.a").checks}


def mistake(project: Project, body: str) -> tuple[str, str, str]:
    project.sources()
    project.pipeline(
        f'[sql.a]\nquery = "select id, amount, day, cast(id as varchar) as name, [id] as ids from orders"\n{body}'
    )
    found = project.only()
    return found.code, str(found.place), found.detail


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        ('columns.id.checks = ["not_null"]', "1", "NULL"),
        ("columns.id.checks = [{ between = [1, 3] }]", "3", "4"),
        ("columns.amount.checks = [{ min = 0.5 }]", "0.5", "0.4"),
        ("columns.amount.checks = [{ max = 0.5 }]", "0.5", "0.6"),
        ('columns.day.checks = [{ between = ["2024-01-01", 2024-12-31] }]', "DATE '2024-12-31'", "DATE '2025-01-01'"),
        ('columns.name.checks = [{ accepted_values = ["a", "it\'s"] }]', "'it''s'", "'b'"),
        ('columns.name.checks = [{ pattern = "[a-z]+" }]', "'abc'", "'abc1'"),
        ("columns.name.checks = [{ length = { min = 1, max = 2 } }]", "'ab'", "''"),
        ('columns.id.checks = [{ expression = "id % 2 = 0 -- even" }]', "2", "3"),
    ],
)
def test_row_rules_become_conditions_that_null_passes(project: Project, check: str, good: str, bad: str) -> None:
    (found,) = checks(project, check).values()
    column = found.column
    with duckdb.connect(":memory:") as connection:
        for value, expected in ((good, True), (bad, False)):
            row = connection.execute(f'SELECT ({found.condition}\n) FROM (SELECT {value} AS "{column}")').fetchone()
            assert row is not None
            assert row[0] is expected


def test_checks_are_named_apart(project: Project) -> None:
    found = checks(
        project,
        """
columns.id.checks = ["not_null", { min = 1 }, { max = 5 }, { unique = true, severity = "warn", name = "key" }]
checks = [{ expression = "id > 0" }, { row_count = { min = 1 } }, { unique = ["ID", "day"] }]
""",
    )
    assert list(found) == [
        "not_null(id)",
        "between(id)",
        "between(id) 2",
        "key",
        "id > 0",
        "row_count",
        "unique(id, day)",
    ]
    assert found["key"].severity == "warn"
    assert found["unique(id, day)"].arguments == (("columns", ("id", "day")),)


def test_references_and_queries_name_the_assets_they_read(project: Project) -> None:
    checks(
        project,
        """
columns.id.checks = [{ references = "orders.ID" }]
checks = [{ query = "select * from a where id not in (select id from b)" }]
[sql.b]
query = "select 1::bigint as id"
""",
    )
    asset = project.asset("shop.a")
    assert [str(address) for address in asset.check_inputs] == ["shop.b", "shop.orders"]
    assert asset.checks[0].arguments == (("asset", "shop.orders"), ("column", "id"))


@pytest.mark.parametrize(
    ("body", "code", "place", "said"),
    [
        ('columns.id.checks = [{ between = ["a", "b"] }]', "VP304", "5:22", "`a` cannot be compared"),
        ('columns.day.checks = [{ between = ["2024-01-01", "oops"] }]', "VP304", "5:23", "`oops` cannot be compared"),
        ("columns.name.checks = [{ min = 3 }]", "VP304", "5:24", "VARCHAR"),
        ('columns.id.checks = [{ pattern = "x" }]', "VP304", "5:22", "matched against text"),
        ('columns.name.checks = [{ pattern = "(" }]', "VP109", "5:24", "pattern"),
        ("columns.id.checks = [{ length = { min = 1 } }]", "VP304", "5:22", "have a length"),
        ('columns.id.checks = [{ references = "ordrs.id" }]', "VP202", "5:37", "Did you mean `orders`?"),
        ('columns.id.checks = [{ references = "orders.idd" }]', "VP208", "5:37", "Did you mean `id`?"),
        ('columns.id.checks = [{ references = "orders.day" }]', "VP304", "5:37", "DATE"),
        ('columns.id.checks = [{ expression = "idd > 3" }]', "VP302", "5:38", "idd"),
        ('columns.id.checks = [{ expression = "id + 1" }]', "VP304", "5:38", "needs a condition"),
        ('columns.id.checks = [{ expression = "id > $lim" }]', "VP308", "5:43", "$lim"),
        ('columns.id.checks = [{ expression = "id > 1", where = "dayy > day" }]', "VP302", "5:56", "dayy"),
        ('columns.id.checks = [{ expression = "id >" }]', "VP301", "5:", ")"),
        ('checks = [{ expression = "true), (false" }]', "VP301", "5:27", "more than one expression"),
        (
            'checks = [{ expression = "id > 0 and sum(amount) > 3" }]',
            "VP314",
            "5:38",
            "`sum(amount)` looks at more than",
        ),
        ('checks = [{ expression = "id > lag(id) over ()" }]', "VP314", "5:32", "looks at more than one row"),
        ('columns.id.checks = [{ min = 1, where = "count(*) > 1" }]', "VP314", "5:42", "`count(*)` looks at"),
        ('checks = [{ expression = "(select sum(id)) > 3" }]', "VP314", "5:35", "looks at more than one row"),
        ('checks = [{ expression = "unnest(ids) > 0" }]', "VP314", "5:27", "several rows of one"),
        ("checks = [{ expression = \"amount > 1 and id <> 'x'\" }]", "VP304", "5:48", "'x' cannot be read"),
        ('checks = [{ row_count = { min = 1 }, name = "x" }, { unique = ["id"], name = "x" }]', "VP109", "5:78", "`x`"),
        ('checks = [{ unique = ["id", "dya"] }]', "VP208", "5:29", "Did you mean `day`?"),
        ('checks = [{ query = "select * from a where idd > 1" }]', "VP302", "5:44", "idd"),
        ('checks = [{ query = "select * from aa" }]', "VP202", "5:36", "`aa`"),
        ('order_by = ["idd"]', "VP302", "5:13", "Did you mean `id`?"),
    ],
)
def test_mistakes_in_checks(project: Project, body: str, code: str, place: str, said: str) -> None:
    found = mistake(project, body)
    assert found[0] == code
    assert found[1].startswith(f"shop.vp.toml:{place}")
    assert said in found[2]


def test_a_mistake_in_one_check_does_not_hide_others(project: Project) -> None:
    project.sources()
    project.pipeline(
        """
        [sql.a]
        query = "select id from orders"
        columns.id.checks = [{ expression = "idd > 0" }, { expression = "id > 0" }, { expression = "iddd > 0" }]
        """
    )
    assert told(project.compile()) == [("VP302", "shop.vp.toml:6:38"), ("VP302", "shop.vp.toml:6:93")]


def test_the_checks_of_a_source_are_bound_too(project: Project) -> None:
    project.pipeline('[source.file.s]\npath = "data/orders.csv"\nchecks = [{ expression = "amuont > 0" }]\n')
    assert project.only().code == "VP302"


def test_descriptions_are_no_part_of_what_checks_demand(project: Project) -> None:
    checks(project, 'columns.id.checks = [{ min = 1 }, "not_null"]')
    before = project.asset("shop.a")
    checks(project, 'columns.id.checks = ["not_null", { min = 1, description = "…" }]')
    after = project.asset("shop.a")
    assert after.checks_fingerprint == before.checks_fingerprint
    checks(project, 'columns.id.checks = ["not_null", { min = 2 }]')
    changed = project.asset("shop.a")
    assert changed.checks_fingerprint != before.checks_fingerprint
    assert changed.fingerprint == before.fingerprint
