"""Tests in plans and runs: they are done before their asset is made, and hold it back where they fail."""

from __future__ import annotations

import pytest
from tests.run.conftest import Project
from tests.trials.conftest import add, add_python

from vibepiper_interpreter.plan.serial import plan_from_json, plan_to_json

TESTS = """
[test.adds_up]
asset = "daily"
given.orders = [
  { day = 2024-01-01, amount = 10, country = "FR" },
  { day = 2024-01-01, amount = 5.5, country = "FR" },
  { day = 2024-01-02, amount = 1, country = "DE" },
]
variables.country = "FR"
now = 2024-05-05T23:30:00
expect = [{ day = 2024-01-01, revenue = 15.5, today = 2024-05-05 }]
expect_cte.ours = [{ amount = 10 }, { amount = 5.5 }]
"""
OTHER = """
[sql.other]
query = "select 1 as x"

[test.of_other]
asset = "other"
expect = [{ x = 1 }]
"""
OF_PYTHON = """
[test.doubles]
asset = "doubled"
given.daily = [{ day = 2024-01-01, revenue = 2 }, { day = 2024-01-02 }]
expect = [{ day = 2024-01-01, revenue = 4 }, { day = 2024-01-02 }]
"""


def verbs(project: Project) -> dict[str, str]:
    return {action.address.name: action.verb for action in project.plan().actions}


def test_a_plan_lists_the_tests_of_what_it_changes_and_they_come_first(shop: Project) -> None:
    add(shop, TESTS)
    plan = shop.plan()
    actions = {action.address.name: action for action in plan.actions}
    assert actions["adds_up"].verb == "do"
    assert [str(each) for each in actions["daily"].after] == ["shop.orders", "shop.adds_up"]
    assert plan_from_json(plan_to_json(plan)) == plan
    result = shop.apply(plan)
    assert result.status == "succeeded"
    ended = [event.address.name for event in shop.events if event.type == "task_finished" and event.address]
    assert ended.index("adds_up") < ended.index("daily")
    assert shop.rows("shop.daily")[0][1:3] == (15, 2)
    assert shop.plan().empty


def test_what_has_passed_is_not_done_again_until_it_or_its_asset_is_another(shop: Project) -> None:
    add(shop, TESTS + OTHER)
    assert shop.apply().status == "succeeded"
    file = shop.root / "shop.vp.toml"
    text = file.read_text()
    file.write_text(text.replace("sum(amount) as revenue", "sum(amount) + 0 as revenue"))
    assert verbs(shop) == {"daily": "rebuild", "adds_up": "do"}
    file.write_text(text.replace("expect = [{ x = 1 }]", "expect = [{ x = 1 }]\ndescription = 'one'"))
    assert verbs(shop) == {}
    file.write_text(text.replace("expect = [{ x = 1 }]", "expect = [{ x = 2 }]"))
    assert verbs(shop) == {"of_other": "do"}
    shop.write("data/orders.csv", "id,day,amount,country\n1,2024-01-01,1,DE\n")
    file.write_text(text)
    assert verbs(shop) == {"orders": "rebuild", "daily": "rebuild"}


@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_a_test_that_fails_holds_back_its_asset_and_its_readers(shop: Project, executor: str) -> None:
    add(shop, TESTS.replace("revenue = 15.5", "revenue = 15"))
    add_python(shop)
    result = shop.apply(executor=executor)
    assert result.status == "failed"
    assert shop.outcomes(result) == {
        "orders": "built",
        "adds_up": "failed",
        "daily": "skipped",
        "doubled": "skipped",
    }
    (found,) = shop.task(result, "adds_up").diagnostics
    assert found.code == "VP820" and found.place is not None and found.place.range.start_line > 1
    assert found.notes == ("  day         revenue  today\n- 2024-01-01  15.00    2024-05-05\n+ ·           15.50    ·",)
    assert sorted(shop.state.pointers("dev")) == []
    add(shop, "")
    file = shop.root / "shop.vp.toml"
    file.write_text(file.read_text().replace("revenue = 15,", "revenue = 15.5,"))
    assert shop.apply(executor=executor).status == "succeeded"


@pytest.mark.parametrize("executor", ["inline", "processes"])
def test_a_function_is_given_what_the_test_gives(shop: Project, executor: str) -> None:
    add_python(shop)
    add(shop, OF_PYTHON)
    assert shop.apply(executor=executor).status == "succeeded"
    assert shop.rows("shop.doubled")[0][1] == 30.0


def test_a_common_table_expression_is_really_checked(shop: Project) -> None:
    add(shop, TESTS.replace("{ amount = 5.5 }]", "{ amount = 5 }]"))
    (found,) = shop.task(shop.apply(), "adds_up").diagnostics
    assert "The common table expression `ours` gives other rows than expected." in found.detail
    add(shop, "")
    file = shop.root / "shop.vp.toml"
    file.write_text(file.read_text().replace("{ amount = 5 }]", "{ nothing = 5 }]"))
    (found,) = shop.task(shop.apply(), "adds_up").diagnostics
    assert "There is no column `nothing`; it has `id`, `day`, `amount`, `country`." in found.detail


def test_what_the_asset_itself_fails_with_is_told_of_the_test(shop: Project) -> None:
    add_python(shop)
    add(shop, OF_PYTHON)
    code = shop.root / "shop_code.py"
    code.write_text(code.read_text().replace('daily["revenue"] =', '1 / 0\n    daily["revenue"] ='))
    (found,) = shop.task(shop.apply(), "doubles").diagnostics
    assert found.code == "VP402" or "ZeroDivisionError" in found.detail
    assert found.notes[-1] == "while the test `shop.doubles` ran"


def test_a_slice_is_made_of_what_it_is_given(shop: Project) -> None:
    add(
        shop,
        """
[sql.hourly]
query = "select day, count(*) as n, $start as begins from orders where day >= $start and day < $end group by day"
build = { mode = "interval", column = "day", grain = "day", start = 2024-01-01, end = 2024-01-03 }

[test.of_a_day]
asset = "hourly"
given.orders = [{ day = 2020-01-01 }, { day = 2020-01-02 }]
start = 2020-01-01
end = 2020-01-02
expect = [{ day = 2020-01-01, n = 1, begins = 2020-01-01T00:00:00 }]

[sql.each]
query = "select country, count(*) as n from orders where country = $partition group by country"
build = { mode = "partition", column = "country", values = ["DE"] }

[test.of_a_country]
asset = "each"
given.orders = [{ country = "IT" }, { country = "DE" }]
partition = "IT"
expect = [{ country = "IT", n = 1 }]

[sql.running]
query = '''select day, (select coalesce(max(total), 0) from running) + count(*) as total
from orders where day >= $start and day < $end group by day'''
build = { mode = "interval", column = "day", grain = "day", start = 2024-01-01, end = 2024-01-03 }
columns.day = "date"
columns.total = "bigint"

[test.goes_on]
asset = "running"
given.orders = [{ day = 2020-01-02 }]
given.running = [{ day = 2020-01-01, total = 4 }]
start = 2020-01-02
end = 2020-01-03
expect = [{ day = 2020-01-02, total = 5 }]
""",
    )
    result = shop.apply()
    assert result.status == "succeeded", [task.diagnostics for task in result.tasks]


def test_nothing_is_expected_and_something_comes(shop: Project) -> None:
    add(shop, '\n[sql.one]\nquery = "select 1 as x"\n[test.none]\nasset = "one"\nexpect = []\n')
    (found,) = shop.task(shop.apply(), "none").diagnostics
    assert found.notes == ("  x\n+ 1",)


def test_a_test_sees_nothing_but_what_it_is_given(shop: Project) -> None:
    assert shop.apply().status == "succeeded"
    add(shop, "\n[test.of_nothing]\nasset = 'daily'\ngiven.orders = []\nexpect = []\n")
    file = shop.root / "shop.vp.toml"
    file.write_text(file.read_text().replace("count(*) as n", "count(day) as n"))
    result = shop.apply()
    assert shop.outcomes(result) == {"daily": "built", "of_nothing": "done"}
    assert shop.rows("shop.daily")


def test_an_asset_that_is_selected_brings_its_tests(shop: Project) -> None:
    add(shop, TESTS + OTHER)
    assert [action.address.name for action in shop.plan("daily").actions] == ["orders", "daily", "adds_up"]


def test_a_new_test_of_what_stays_is_not_part_of_a_plan(shop: Project) -> None:
    shop.apply()
    add(shop, TESTS)
    assert verbs(shop) == {}
    file = shop.root / "shop.vp.toml"
    file.write_text(file.read_text().replace("count(*) as n", "count(day) as n"))
    assert verbs(shop) == {"daily": "rebuild", "adds_up": "do"}
    assert shop.apply().status == "succeeded"
    file.write_text(file.read_text().replace("revenue = 15.5", "revenue = 15"))
    assert verbs(shop) == {"adds_up": "do"}


def test_types_of_all_kinds_are_compared(shop: Project) -> None:
    add(
        shop,
        """
[sql.types]
query = '''select sum(id) as s, list(country order by country) as l, {'a': max(id)} as st,
max(day)::timestamptz as tz, 1e300::double as d, null::varchar as nothing, map {'k': 1} as m, 'x'::blob as b,
[max(day)::timestamptz] as z from orders'''

[test.of_types]
asset = "types"
columns = ["s", "l", "st", "tz", "d", "nothing", "m", "b"]
given.orders = [{ id = 1, day = 2024-01-02, country = "it's" }, { id = 2, country = "x" }]
expect = [
  { s = 3, l = ["it's", "x"], st = { a = 2 }, tz = 2024-01-02T00:00:00Z, d = 1e300, m = { k = 1 }, b = "x" },
]
""",
    )
    result = shop.apply()
    assert result.status == "succeeded", [task.diagnostics for task in result.tasks]
