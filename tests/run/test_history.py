"""Assets that keep every state (scd2): what a plan says of them, and what is published after each apply."""

from __future__ import annotations

from typing import Any

import pytest
from tests.run.conftest import Project

PIPELINE = """
[source.file.customers]
path = "customers.csv"
columns.id = "bigint"
columns.name = "varchar"
columns.city = "varchar"

[sql.history]
query = "select id, name, city from customers"
build = { mode = "scd2", key = ["id"] }

[sql.now]
query = "select id, name, city from history where valid_to is null"
"""


@pytest.fixture
def shop(project: Project) -> Project:
    project.pipeline(PIPELINE)
    customers(project, (1, "Ada", "London"), (2, "Bo", ""), (3, "Cy", "Rome"))
    project.apply()
    return project


def customers(project: Project, *rows: tuple[Any, ...]) -> None:
    lines = "".join(",".join(map(str, row)) + "\n" for row in rows)
    project.write("customers.csv", f"id,name,city\n{lines}")


def history(project: Project, environment: str = "dev") -> list[tuple[Any, ...]]:
    return project.query("SELECT CAST(COLUMNS(*) AS VARCHAR) FROM shop.history ORDER BY ALL", environment)


def states(project: Project) -> list[tuple[Any, ...]]:
    """Key, city, and of both times whether they are there: since when nobody knows before."""
    found = project.query("SELECT id, city, valid_to IS NULL FROM shop.history ORDER BY id, valid_from")
    [(broken,)] = project.query(
        "SELECT count(*) FROM (SELECT valid_to, lead(valid_from) OVER (PARTITION BY id ORDER BY valid_from) AS next "
        "FROM shop.history) WHERE valid_to > next OR (valid_to IS NULL AND next IS NOT NULL)"
    )
    assert broken == 0
    return found


def test_scd2_with_deleted_keys(shop: Project) -> None:
    """A key that is gone is closed, stays in the history, and opens again when it comes back."""
    customers(shop, (1, "Ada", "London"), (3, "Cy", "Rome"))
    assert shop.outcomes(shop.apply()) == {"customers": "built", "history": "built", "now": "built"}
    assert states(shop) == [(1, "London", True), (2, None, False), (3, "Rome", True)]
    customers(shop, (1, "Ada", "London"), (2, "Bo", ""), (3, "Cy", "Rome"))
    shop.apply()
    assert states(shop) == [(1, "London", True), (2, None, False), (2, None, True), (3, "Rome", True)]
    assert [row[0] for row in shop.rows("shop.now")] == [1, 2, 3]
    customers(shop)
    shop.apply()
    assert not any(is_open for *_, is_open in states(shop))
    assert shop.rows("shop.now") == []
    assert shop.plan().empty


def test_a_change_to_and_from_null_is_a_change(shop: Project) -> None:
    customers(shop, (1, "Ada", ""), (2, "Bo", "Oslo"), (3, "Cy", "Rome"))
    shop.apply()
    assert states(shop) == [
        (1, "London", False),
        (1, None, True),
        (2, None, False),
        (2, "Oslo", True),
        (3, "Rome", True),
    ]


def test_the_plans_time_is_when_a_state_begins_and_ends(shop: Project) -> None:
    customers(shop, (1, "Ada", "Paris"), (2, "Bo", ""), (3, "Cy", "Rome"))
    plan = shop.plan()
    shop.apply(plan)
    [(began,)] = shop.query("SELECT epoch_us(valid_from) FROM shop.history WHERE city = 'Paris'")
    [(ended,)] = shop.query("SELECT epoch_us(valid_to) FROM shop.history WHERE city = 'London'")
    assert began == ended == round(plan.created_at.timestamp() * 1_000_000)


def test_the_same_rows_in_another_order_change_nothing(shop: Project) -> None:
    customers(shop, (3, "Cy", "Rome"), (1, "Ada", "London"), (2, "Bo", ""))
    assert shop.outcomes(shop.apply()) == {"customers": "built", "history": "kept", "now": "kept"}
    assert shop.plan().empty


def test_a_new_environment_takes_over_the_history(shop: Project) -> None:
    shop.write("vp.toml", '[project]\nname = "trial"\n[environment.prod]\n')
    customers(shop, (1, "Ada", "Paris"))
    shop.apply()
    shop.apply(shop.plan(environment="prod"))
    assert history(shop, "prod") == history(shop)
    assert len(history(shop, "prod")) == 4


def test_a_key_that_comes_twice_is_refused(shop: Project) -> None:
    before = history(shop)
    customers(shop, (1, "Ada", "London"), (1, "Ada", "Rome"))
    result = shop.apply()
    assert [each.code for each in shop.task(result, "history").diagnostics] == ["VP521"]
    assert history(shop) == before
