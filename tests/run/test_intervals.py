"""Assets that are built by interval: created, filled as time passes, rebuilt where something changed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tests.run.conftest import VP_TOML, Project

from vibepiper_interpreter.plan.asked import Asked
from vibepiper_interpreter.plan.plan import Action
from vibepiper_interpreter.storage.slices import Range, built_ranges
from vibepiper_interpreter.storage.version import Version
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import DiagnosticError

ORDERS = """
[source.file.orders]
path = "orders.csv"
"""
DAILY = """
[sql.daily]
query = '''
select cast(placed as date) as day, count(*) as orders, sum(amount) as amount
from orders where placed >= $start and placed < $end
group by 1
'''
build = { mode = "interval", column = "day", grain = "day", start = 2024-01-01 }
checks = [{ row_count = { min = 1 } }]
"""


def day(number: int) -> datetime:
    return datetime(2024, 1, number)


def at(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


def orders(project: Project, *rows: str) -> None:
    project.write("orders.csv", "\n".join(["id,placed,amount", *rows]) + "\n")


FIRST = ("1,2024-01-01 08:00:00,10", "2,2024-01-02 09:00:00,20", "3,2024-01-02 10:00:00,5")


@pytest.fixture
def shop(project: Project) -> Project:
    project.pipeline(ORDERS + DAILY)
    orders(project, *FIRST)
    project.write("vp.toml", VP_TOML + "[environment.prod]\n")
    project.now = at(2024, 1, 3, 12)
    return project


def action(project: Project, name: str = "daily") -> Action:
    return next(each for each in project.plan().actions if each.address.name == name)


def daily(project: Project) -> list[tuple[str, int, int]]:
    return [(str(when), count, int(amount or 0)) for when, count, amount in project.rows("shop.daily")]


def test_all_closed_intervals_are_built(shop: Project) -> None:
    created = action(shop)
    assert (created.verb, created.slices) == ("create", (Range(day(1), day(3)),))
    assert shop.apply().status == "succeeded"
    assert daily(shop) == [("2024-01-01", 1, 10), ("2024-01-02", 2, 25)]
    assert shop.plan().empty


def test_time_that_passes_is_filled(shop: Project) -> None:
    shop.apply()
    before = shop.part_files()
    orders(shop, *FIRST, "4,2024-01-03 07:00:00,1")
    shop.now = at(2024, 1, 5)
    filled = action(shop)
    assert (filled.verb, filled.slices) == ("fill", (Range(day(3), day(5)),))
    assert shop.apply().status == "succeeded"
    assert daily(shop) == [("2024-01-01", 1, 10), ("2024-01-02", 2, 25), ("2024-01-03", 1, 1)]
    assert before < shop.part_files()
    assert shop.plan().empty


def test_an_edit_rebuilds_all_intervals(shop: Project) -> None:
    shop.apply()
    shop.pipeline(ORDERS + DAILY.replace("sum(amount)", "2 * sum(amount)"))
    assert action(shop).verb == "rebuild"
    shop.apply()
    assert daily(shop) == [("2024-01-01", 1, 20), ("2024-01-02", 2, 50)]
    assert shop.plan().empty


def test_late_rows_are_picked_up(shop: Project) -> None:
    shop.apply()
    orders(shop, *FIRST, "4,2024-01-01 23:00:00,7")
    shop.apply()
    assert daily(shop) == [("2024-01-01", 2, 17), ("2024-01-02", 2, 25)]
    assert shop.plan().empty


def test_rows_outside_their_interval_fail_the_task(shop: Project) -> None:
    shop.pipeline(ORDERS + DAILY.replace("cast(placed as date) as day", "cast(placed as date) + 1 as day"))
    result = shop.apply()
    [diagnostic] = shop.task(result, "daily").diagnostics
    assert diagnostic.code == "VP518"
    assert "2024-01-02" in diagnostic.notes[1]
    assert not any("daily" in file for file in shop.part_files())


def test_a_setting_that_changed_is_named(shop: Project) -> None:
    shop.apply()
    shop.pipeline(ORDERS + DAILY.replace('grain = "day"', 'grain = "week", time_zone = "Europe/Berlin"'))
    [reason] = action(shop).reasons
    assert reason.words == "`grain` changed: day → week; `time_zone` changed: UTC → Europe/Berlin"


def test_no_row_hides_in_another_interval_of_its_batch(shop: Project) -> None:
    """All days are asked for at once, and still a row belongs to the day that it was asked for.

    Else the row of the first day, which says that it is of the second, would be taken away when that one is empty.
    """
    shifted = (
        ORDERS
        + """
[sql.moved]
query = "select id, placed + interval 1 day as at_time from orders where placed >= $start and placed < $end"
build = { mode = "interval", column = "at_time", grain = "day", start = 2024-01-01, end = 2024-02-01 }
"""
    )
    shop.now = at(2024, 3, 1)
    shop.pipeline(shifted)
    [diagnostic] = shop.task(shop.apply(), "moved").diagnostics
    assert diagnostic.code == "VP518"
    shop.pipeline(shifted.replace("placed + interval 1 day", "date_trunc('hour', placed)"))
    shop.apply()
    orders(shop, FIRST[0])
    shop.apply()
    assert shop.query("select id, at_time from shop.moved") == [(1, datetime(2024, 1, 1, 8))]


def test_instants_lie_where_the_clock_of_the_time_zone_says(shop: Project) -> None:
    """What is bounded in UTC is not what lies in a day of Berlin, whatever else is asked for with it."""
    logins = """
[source.file.logins]
path = "logins.csv"
columns.seen = "timestamptz"

[sql.days]
query = "select id, seen from logins where TIME >= $start and TIME < $end"
build.mode = "interval"
build.column = "seen"
build.grain = "day"
build.start = 2024-01-01
build.end = 2024-02-01
build.time_zone = "Europe/Berlin"
"""
    shop.now = at(2024, 3, 1)
    shop.write("logins.csv", "id,seen\n1,2024-01-01T23:30:00Z\n2,2024-01-02T10:00:00Z\n")
    shop.pipeline(logins.replace("TIME", "seen"))
    [diagnostic] = shop.task(shop.apply(), "days").diagnostics
    assert diagnostic.code == "VP518"
    shop.pipeline(logins.replace("TIME", "timezone('Europe/Berlin', seen)"))
    shop.apply()
    shop.write("logins.csv", "id,seen\n1,2024-01-01T23:30:00Z\n")
    shop.apply()
    assert shop.query("select id from shop.days") == [(1,)]


def test_before_the_first_interval_is_over_there_is_an_empty_table(shop: Project) -> None:
    shop.pipeline(ORDERS + DAILY.replace("checks =", "# checks ="))
    shop.now = at(2023, 12, 31)
    shop.apply()
    assert daily(shop) == []
    assert shop.plan().empty
    shop.now = at(2024, 1, 2)
    shop.apply()
    assert daily(shop) == [("2024-01-01", 1, 10)]


def test_another_environment_shows_the_same_without_work(shop: Project) -> None:
    shop.apply()
    files = shop.part_files()
    shop.apply(shop.plan(environment="prod"))
    assert shop.part_files() == files
    assert shop.rows("shop.daily", "prod") == shop.rows("shop.daily")


def test_another_environment_goes_on_with_what_is_there(shop: Project) -> None:
    shop.apply()
    shop.now = at(2024, 1, 4)
    plan = shop.plan(environment="prod")
    created = next(each for each in plan.actions if each.address.name == "daily")
    assert (created.verb, created.slices) == ("create", (Range(day(3), day(4)),))
    shop.apply(plan)
    assert shop.rows("shop.daily", "prod") == shop.rows("shop.daily")
    assert shop.plan(environment="prod").empty


def test_start_can_be_moved(shop: Project) -> None:
    shop.apply()
    shop.pipeline(ORDERS + DAILY.replace("2024-01-01", "2024-01-02"))
    shop.apply()
    assert daily(shop) == [("2024-01-02", 2, 25)]
    assert shop.plan().empty
    shop.pipeline(ORDERS + DAILY)
    assert action(shop).slices == (Range(day(1), day(2)),)
    shop.apply()
    assert daily(shop) == [("2024-01-01", 1, 10), ("2024-01-02", 2, 25)]
    assert shop.plan().empty


def test_nothing_is_built_behind_the_end(shop: Project) -> None:
    shop.pipeline(ORDERS + DAILY.replace("start = 2024-01-01", "start = 2024-01-01, end = 2024-01-02"))
    shop.apply()
    assert daily(shop) == [("2024-01-01", 1, 10)]
    shop.now = at(2024, 2, 1)
    assert shop.plan().empty


def test_an_end_that_is_moved_back_takes_intervals_away(shop: Project) -> None:
    shop.apply()
    shop.pipeline(ORDERS + DAILY.replace("start = 2024-01-01", "start = 2024-01-01, end = 2024-01-02"))
    assert "outside of `start` and `end` now" in action(shop).reasons[0].words
    shop.apply()
    assert daily(shop) == [("2024-01-01", 1, 10)]


def test_an_end_in_an_interval_is_the_end_of_that_interval(shop: Project) -> None:
    shop.pipeline(ORDERS + DAILY.replace("start = 2024-01-01", "start = 2024-01-01, end = 2024-01-02T07:00:00"))
    shop.apply()
    assert [row[0] for row in daily(shop)] == ["2024-01-01", "2024-01-02"]


def made(project: Project, before: set[str]) -> list[str]:
    """The days whose files are new."""
    version = project.state.versions([project.state.pointers("dev")[Address("shop", "daily")].version_id]).popitem()[1]
    return [
        f"{each.start:%m-%d} {each.end:%m-%d}"
        for part in version.parts
        if part.path not in before
        for each in part.ranges
    ]


def test_only_intervals_with_other_rows_are_rebuilt(shop: Project) -> None:
    shop.now = at(2024, 1, 6)
    shop.apply()
    before = shop.part_files()
    # A late row of the first day; an order that moves from the second day to the fourth.
    orders(shop, FIRST[0], FIRST[1], "3,2024-01-04 10:00:00,5", "4,2024-01-01 23:00:00,7")
    shop.apply()
    assert daily(shop) == [("2024-01-01", 2, 17), ("2024-01-02", 1, 20), ("2024-01-04", 1, 5)]
    assert made(shop, before) == ["01-01 01-03", "01-04 01-05"]
    assert shop.plan().empty


def test_intervals_that_look_back_are_rebuilt_too(shop: Project) -> None:
    text = """
[sql.daily]
query = '''
select cast($end as date) - 1 as day, count(*) as orders, sum(amount) as amount
from orders where placed >= $start - interval 1 day and placed < $end
'''
build = { mode = "interval", column = "day", grain = "day", start = 2024-01-01, lookback = 1 }
"""
    shop.pipeline(ORDERS + text)
    shop.now = at(2024, 1, 6)
    shop.apply()
    before = shop.part_files()
    orders(shop, *FIRST, "4,2024-01-03 23:00:00,7")
    shop.apply()
    assert made(shop, before) == ["01-03 01-04", "01-04 01-05"]
    assert [row[1] for row in daily(shop)] == [1, 3, 3, 1, 0]


def test_readers_see_that_an_interval_has_become_empty(shop: Project) -> None:
    """No row tells it: the file that held its rows is still read, but for that interval."""
    copied = """
[sql.copied]
query = "select day, orders from daily where day >= $start and day < $end"
build = { mode = "interval", column = "day", grain = "day", start = 2024-01-01 }
"""
    shop.pipeline(ORDERS + DAILY + copied)
    shop.apply()
    assert [str(when) for when, _ in shop.rows("shop.copied")] == ["2024-01-01", "2024-01-02"]
    orders(shop, FIRST[0])
    shop.apply()
    assert [str(when) for when, _ in shop.rows("shop.copied")] == ["2024-01-01"]
    assert shop.plan().empty


def test_an_interval_that_came_out_equal_stays(shop: Project) -> None:
    shop.apply()
    files = shop.part_files()
    orders(shop, "1,2024-01-01 08:00:00,10", "2,2024-01-02 09:00:00,21", "3,2024-01-02 10:00:00,4")
    result = shop.apply()
    assert shop.outcomes(result)["daily"] == "kept"
    assert {file for file in shop.part_files() - files if "daily" in file} == set()
    assert shop.plan().empty


def test_what_is_filled_can_be_bounded(shop: Project) -> None:
    shop.now = at(2024, 1, 10)
    shop.apply(shop.plan(asked=Asked(day(2), day(4))))
    assert [row[0] for row in daily(shop)] == ["2024-01-02"]
    filled = action(shop)
    assert filled.slices == (Range(day(1), day(2)), Range(day(4), day(10)))
    assert filled.reasons[0].words == "7 days (2024-01-01 to 2024-01-02, 2024-01-04 to 2024-01-10) are missing"
    shop.apply()
    assert [row[0] for row in daily(shop)] == ["2024-01-01", "2024-01-02"]
    assert shop.plan().empty


def test_an_edit_keeps_what_is_built_out_of_bounds(shop: Project) -> None:
    shop.apply()
    shop.pipeline(ORDERS + DAILY.replace("sum(amount)", "2 * sum(amount)"))
    shop.apply(shop.plan(asked=Asked(day(2), None)))
    assert daily(shop) == [("2024-01-01", 1, 20), ("2024-01-02", 2, 50)]


def test_intervals_are_restated_on_purpose(shop: Project) -> None:
    shop.pipeline(ORDERS + DAILY.replace("sum(amount)", "random()"))
    shop.apply()
    before, files = shop.rows("shop.daily"), shop.part_files()
    plan = shop.plan(asked=Asked(day(2), day(3), ("daily",)))
    [restated] = plan.actions
    assert (restated.verb, restated.slices) == ("fill", (Range(day(2), day(3)),))
    assert restated.reasons[0].words.endswith("made anew: `--rebuild` asks for it")
    shop.apply(plan)
    after = shop.rows("shop.daily")
    assert (after[0], after[1] == before[1]) == (before[0], False)
    assert made(shop, files) == ["01-02 01-03"]
    assert shop.plan().empty


def test_a_table_is_rebuilt_on_purpose(shop: Project) -> None:
    shop.pipeline(ORDERS + '[sql.copied]\nquery = "select *, random() as r from orders"')
    shop.apply()
    before = shop.rows("shop.copied")
    plan = shop.plan(asked=Asked(rebuild=("copied",)))
    assert [(each.verb, each.reasons[0].code) for each in plan.actions] == [("rebuild", "restated")]
    shop.apply(plan)
    assert shop.rows("shop.copied") != before
    with pytest.raises(DiagnosticError, match="VP207"):
        shop.plan(asked=Asked(day(1), None))


def test_small_parts_are_written_together(shop: Project) -> None:
    """Fifty days one after the other, each an apply of its own or all at once, make a handful of files."""
    by_kind = "select id, placed, amount from orders where placed >= $start and placed < $end order by id limit 99"
    shop.pipeline(
        ORDERS
        + f'[sql.daily]\nquery = "{by_kind}"\n'
        + 'build = { mode = "interval", column = "placed", grain = "day", start = 2024-01-01 }'
    )
    orders(shop, *(f"{number},2024-{1 + number // 28:02}-{1 + number % 28:02} 10:00:00,1" for number in range(84)))
    shop.now = at(2024, 2, 20)
    shop.apply()
    version = published(shop)
    assert (len(version.parts), version.rows) == (5, 47)  # 3 × 16 together, and 2 days behind them
    assert built_ranges(version.built) == (Range(day(1), datetime(2024, 2, 20)),)
    for number in range(21, 29):
        shop.now = at(2024, 2, number)
        shop.apply()
    assert len(published(shop).parts) <= 16
    assert len(shop.rows("shop.daily")) == 55
    assert shop.plan().empty


def published(project: Project) -> Version:
    version_id = project.state.pointers("dev")[Address("shop", "daily")].version_id
    return project.state.versions([version_id])[version_id]


def test_rules_on_rows_see_only_new_ones(shop: Project) -> None:
    """The old row that breaks the rule was let through as a warning; it is not told again with every day."""
    rule = 'columns.amount = { checks = [{ between = [0, 9], severity = "warn" }] }\n'
    unique = 'columns.day = { checks = ["unique"] }\n'
    shop.pipeline(ORDERS + DAILY + rule + unique)
    first = shop.task(shop.apply(), "daily")
    assert {check.rule: check.failing for check in first.checks} == {"between": 2, "unique": 0, "row_count": 0}
    orders(shop, *FIRST, "4,2024-01-03 07:00:00,1", "5,2024-01-04 07:00:00,11")
    shop.now = at(2024, 1, 5)
    second = shop.task(shop.apply(), "daily")
    assert {check.rule: check.failing for check in second.checks} == {"between": 1, "unique": 0, "row_count": 0}
    shop.pipeline(ORDERS + DAILY + rule.replace("9]", "8]") + unique)
    again = shop.task(shop.apply(), "daily")
    assert next(check.failing for check in again.checks if check.rule == "between") == 3


def test_an_explosion_is_told_before_it_happens(shop: Project) -> None:
    shop.pipeline(
        ORDERS
        + DAILY.replace("2024-01-01", "1970-01-01")
        .replace('grain = "day"', 'grain = "five_minutes"')
        .replace("cast(placed as date) as day", "min(placed) as day")
        .replace("group by 1", "group by id")
    )
    plan = shop.plan()
    [warning] = plan.warnings
    assert (warning.code, warning.severity) == ("VP519", "warning")
    assert "5,680,944 intervals of five minutes to build, in 5,680,944 batches" in warning.detail
    assert shop.plan(asked=Asked(datetime(2024, 1, 1), day(2))).warnings == ()


def test_days_begin_where_the_time_zone_says(shop: Project) -> None:
    """The day on which the clocks are set back has 25 hours, and each of them is in it once."""
    shop.write(
        "orders.csv",
        "id,placed\n"
        + "".join(f"{hour},2024-10-{26 + (hour + 20) // 24}T{(hour + 20) % 24:02}:00:00Z\n" for hour in range(60)),
    )
    shop.pipeline(
        """
[source.file.orders]
path = "orders.csv"
columns = { id = "integer", placed = "timestamptz" }

[sql.daily]
query = '''
select cast(timezone('Europe/Berlin', placed) as date) as day, count(*) as orders, min(id) as amount
from orders
where timezone('Europe/Berlin', placed) >= $start and timezone('Europe/Berlin', placed) < $end
group by 1
'''
build = { mode = "interval", column = "day", grain = "day", start = 2024-10-27, time_zone = "Europe/Berlin" }
"""
    )
    shop.now = at(2024, 10, 27, 22, 59)
    shop.apply()
    assert daily(shop) == []
    shop.now = at(2024, 10, 28, 23)
    assert shop.plan().assets[Address("shop", "daily")].inputs[0].slice_column == "placed"
    shop.apply()
    assert daily(shop) == [("2024-10-27", 25, 2), ("2024-10-28", 24, 27)]


def test_a_function_is_given_its_interval(shop: Project) -> None:
    shop.write(
        "shop_code.py",
        "import pyarrow as pa\nimport pyarrow.compute as pc\n\ndef build(orders: pa.Table, context):\n"
        "    with open(__file__ + '.calls', 'a') as file:\n"
        "        print(context.start.date(), file=file)\n"
        "    placed = orders['placed']\n"
        "    inside = pc.and_(pc.greater_equal(placed, context.start), pc.less(placed, context.end))\n"
        "    return orders.filter(inside).select(['placed', 'amount'])\n",
    )
    shop.pipeline(
        ORDERS
        + """
[python.daily]
function = "shop_code:build"
inputs.orders = { time_column = "placed" }
build = { mode = "interval", column = "placed", grain = "day", start = 2024-01-01 }
columns.placed = "timestamp"
columns.amount = "bigint"
"""
    )
    assert shop.apply().status == "succeeded"
    assert [row[1] for row in shop.rows("shop.daily")] == [10, 20, 5]
    orders(shop, *FIRST, "4,2024-01-02 23:00:00,7")
    shop.apply()
    assert [row[1] for row in shop.rows("shop.daily")] == [10, 20, 5, 7]
    calls = (shop.root / "shop_code.py.calls").read_text().split()
    # The first two are made at once, where there are workers for both.
    assert sorted(calls[:2]) == ["2024-01-01", "2024-01-02"]
    assert calls[2:] == ["2024-01-02"]
    assert shop.plan().empty
