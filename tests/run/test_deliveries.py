"""What is merged takes the deliveries of an input that only grows in the order in which they came."""

from __future__ import annotations

import pytest
from tests.run.conftest import Project

from vibepiper_interpreter.plan.plan import Plan
from vibepiper_interpreter.run.result import RunResult
from vibepiper_interpreter.run.tasks.deltas import append

TWO_ENVIRONMENTS = '[project]\nname = "trial"\n[environment.prod]\n'
SOURCE = """
[source.file.changes]
path = "changes/*.csv"
write = "append"
columns.id = "bigint"
columns.status = "varchar"
columns.note = "varchar"
"""
ORDERS = """
[sql.orders]
query = "select id, status, note from changes"
build = { mode = "merge", key = ["id"] }
"""


@pytest.fixture
def shop(project: Project) -> Project:
    project.write("vp.toml", TWO_ENVIRONMENTS)
    project.pipeline(SOURCE + ORDERS)
    return project


def came(project: Project, name: str, *rows: str) -> None:
    project.write(f"changes/{name}.csv", "id,status,note\n" + "".join(f"{row}\n" for row in rows))


def told(result: RunResult) -> list[str]:
    return [each.detail for task in result.tasks for each in task.diagnostics]


def test_several_deliveries_at_once_come_to_what_they_came_to_one_by_one(shop: Project) -> None:
    came(shop, "1", "1,new,a", "2,new,a")
    shop.apply()
    for name, row in (("3", "1,paid,b"), ("2", "1,sent,c"), ("4", "3,new,d")):
        came(shop, name, row)
        shop.apply(shop.plan("shop.changes"))
    shop.apply()
    assert shop.rows("shop.orders") == [(1, "sent", "c"), (2, "new", "a"), (3, "new", "d")]


def test_what_is_made_anew_takes_them_one_by_one_too(shop: Project) -> None:
    came(shop, "1", "1,new,a", "2,new,a")
    shop.apply()
    came(shop, "2", "1,paid,b")
    shop.apply()
    shop.pipeline(SOURCE + ORDERS.replace("select id, status,", "select id, upper(status) as status,"))
    shop.apply()
    assert shop.rows("shop.orders") == [(1, "PAID", "b"), (2, "NEW", "a")]


def test_each_has_its_say_where_only_some_columns_change(shop: Project) -> None:
    shop.pipeline(SOURCE + ORDERS.replace('["id"]', '["id"], update_columns = ["status"]'))
    came(shop, "1", "1,new,a")
    shop.apply()
    for name, rows in (("2", ["2,new,b", "1,paid,b"]), ("3", ["2,paid,c"])):
        came(shop, name, *rows)
        shop.apply(shop.plan("shop.changes"))
    shop.apply()
    assert shop.rows("shop.orders") == [(1, "paid", "a"), (2, "paid", "b")]


def test_an_environment_that_is_behind_ends_as_the_one_that_was_not(shop: Project) -> None:
    came(shop, "1", "1,new,a", "2,new,a")
    shop.apply()
    shop.apply(shop.plan(environment="prod"))
    for name, row in (("3", "1,paid,b"), ("2", "1,sent,c")):
        came(shop, name, row)
        shop.apply()
    came(shop, "4", "2,lost,d")
    plan = shop.plan(environment="prod")
    assert [file.path for action in plan.actions for file in action.source_files] == ["changes/4.csv"]
    assert reasons(plan, "changes") == [
        "3 new files: `changes/2.csv`, `changes/3.csv`, `changes/4.csv`",
        "2 of them were read already, by another environment: it goes on from there",
    ]
    shop.apply(plan)
    shop.apply()
    assert shop.rows("shop.orders", "prod") == [(1, "sent", "c"), (2, "lost", "d")] == shop.rows("shop.orders")
    assert shop.plan().empty
    assert shop.plan(environment="prod").empty


def reasons(plan: Plan, name: str) -> list[str]:
    [action] = (action for action in plan.actions if action.address.name == name)
    return [reason.words for reason in action.reasons]


def test_what_was_written_together_has_no_order_any_more(shop: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(append, "MANY", 2)
    for name, row in (("1", "1,new,a"), ("2", "1,paid,b"), ("3", "2,new,c")):
        came(shop, name, row)
        shop.apply()
    assert shop.rows("shop.orders") == [(1, "paid", "b"), (2, "new", "c")]
    shop.pipeline(SOURCE + ORDERS.replace("select id, status,", "select id, upper(status) as status,"))
    [detail] = told(shop.apply())
    assert "may have come to `shop.changes` one after the other, but many of its deliveries" in detail


def test_large_parts_stay_where_they_are_in_the_order(shop: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(append, "MANY", 2)
    came(shop, "1", "1,new,a")
    shop.apply()
    came(shop, "2", *(f"{number},paid,{number * 7919}" for number in range(1, 2000)))
    shop.apply()
    monkeypatch.setattr(append, "_LARGE", 2_000)
    for name in ("3", "4"):
        came(shop, name, f"{name}000,new,c")
        shop.apply()
    came(shop, "5", "5000,new,c")
    shop.apply()
    shop.pipeline(SOURCE + ORDERS.replace("select id, status,", "select id, upper(status) as status,"))
    shop.apply()
    assert shop.rows("shop.orders")[0] == (1, "PAID", "7919")


def test_rows_of_one_delivery_are_told_to_be_so(shop: Project) -> None:
    came(shop, "1", "1,new,a")
    came(shop, "2", "1,paid,b")
    [detail] = told(shop.apply())
    assert "They came to `shop.changes` in one delivery, by one apply" in detail


def test_rows_of_two_inputs_have_no_order(shop: Project) -> None:
    more = SOURCE.replace("changes", "others")
    both = ORDERS.replace("from changes", "from changes union all select id, status, note from others")
    shop.pipeline(SOURCE + more + both)
    came(shop, "1", "1,new,a")
    shop.write("others/1.csv", "id,status,note\n1,new,b\n")
    [detail] = told(shop.apply())
    assert "Rows of `shop.changes` and `shop.others` came at once" in detail
