"""Applying a plan: what is declared becomes tables, once, and only what changed is made again."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from vibepiper_spec.diagnostics import DiagnosticError

if TYPE_CHECKING:
    from tests.run.conftest import Project

SHOP = '''
[source.file.orders]
path = "orders.csv"

[source.file.rates]
path = "rates/*.csv"
build = "view"

[sql.euros]
query = """
select o.id, o.day, cast(o.amount * r.rate as decimal(12,2)) as amount
from orders as o join rates as r using (currency)
"""
order_by = ["id"]
columns.id = { checks = ["not_null", "unique"] }

[sql.recent]
query = "select * from euros where day >= date '2024-01-02'"
build = "view"

[sql.daily]
query = "select day, sum(amount) as amount from recent group by day"
checks = [{ row_count = { min = 1 } }]
'''
ORDERS = "id,day,currency,amount\n1,2024-01-01,EUR,10\n2,2024-01-02,USD,20\n3,2024-01-02,EUR,30\n"


@pytest.fixture
def shop(project: Project) -> Project:
    project.pipeline(SHOP)
    project.write("orders.csv", ORDERS)
    project.write("rates/2024.csv", "currency,rate\nEUR,1.0\nUSD,0.5\n")
    return project


def test_first_apply_builds_and_the_second_plan_is_empty(shop: Project) -> None:
    result = shop.apply()
    assert result.status == "succeeded", result
    assert set(shop.outcomes(result).values()) == {"built"}
    assert all(each.published for each in result.tasks)
    assert [(str(day), str(amount)) for day, amount in shop.rows("shop.daily")] == [("2024-01-02", "40.00")]
    assert shop.plan().empty


def test_events_tell_the_story_in_order(shop: Project) -> None:
    result = shop.apply()
    types = [event.type for event in shop.events]
    assert types[0] == "run_started" and types[-1] == "run_finished"
    assert [event.number for event in shop.events] == list(range(1, len(types) + 1))
    recorded = shop.state.run(result.run_id)
    assert [event.type for event in recorded.events] == types
    assert recorded.summary.status == "succeeded"
    assert {each.outcome for each in recorded.tasks} == {"built"}
    assert all(each.published for each in recorded.tasks)
    assert {attempt.outcome for attempt in recorded.attempts} == {"done"}


def test_a_version_carries_its_manifest(shop: Project) -> None:
    shop.apply()
    version = shop.state.history(next(a for a in shop.state.pointers("dev") if a.name == "euros"))[0]
    manifest = json.loads((shop.storage.directory(version.address, version.id) / "manifest.json").read_text())
    assert manifest["rows"] == 3
    assert manifest["columns"] == [["id", "BIGINT"], ["day", "DATE"], ["amount", "DECIMAL(12,2)"]]
    assert manifest["parts"][0]["statistics"]["id"] == [0, "1", "3"]
    assert str(shop.root) not in json.dumps(manifest)


def test_new_rows_reach_exactly_their_readers(shop: Project) -> None:
    shop.apply()
    shop.write("orders.csv", ORDERS + "4,2024-01-03,EUR,5\n")
    result = shop.apply()
    assert result.status == "succeeded"
    assert shop.outcomes(result)["orders"] == "built"
    assert "rates" not in shop.outcomes(result)
    assert len(shop.rows("shop.daily")) == 2


def test_a_table_that_comes_out_equal_stops_the_wave(shop: Project) -> None:
    shop.apply()
    lines = ORDERS.splitlines()
    shop.write("orders.csv", "\n".join([lines[0], *reversed(lines[1:])]) + "\n")
    result = shop.apply()
    assert shop.outcomes(result)["orders"] == "built"
    assert shop.outcomes(result)["euros"] == "kept"
    assert result.status == "succeeded"
    assert shop.plan().empty


def test_a_column_nobody_uses_rebuilds_no_reader(shop: Project) -> None:
    shop.apply()
    shop.write("orders.csv", "\n".join(f"{line},{note}" for line, note in zip(ORDERS.split(), "nxyz", strict=True)))
    result = shop.apply()
    assert shop.outcomes(result)["orders"] == "built"
    assert shop.outcomes(result)["euros"] == "kept"


def test_a_view_that_comes_out_equal_stops_the_wave(shop: Project) -> None:
    shop.apply()
    # An order before the view's first day changes `euros`, and nothing that the view shows.
    shop.write("orders.csv", ORDERS + "4,2023-12-31,EUR,5\n")
    result = shop.apply()
    assert shop.outcomes(result)["euros"] == "built"
    assert shop.outcomes(result)["daily"] == "kept"
    assert shop.plan().empty


def test_a_failed_check_holds_back_its_component_and_keeps_the_old(shop: Project) -> None:
    shop.apply()
    before = shop.tables()
    shop.write("orders.csv", ORDERS + "3,2024-01-05,EUR,99\n")
    result = shop.apply()
    assert result.status == "failed"
    failed = shop.task(result, "euros")
    assert failed.outcome == "failed"
    assert [each.code for each in failed.diagnostics] == ["VP506"]
    assert failed.diagnostics[0].notes == ("id  rows", "3   2")
    assert shop.outcomes(result)["daily"] == "skipped"
    assert not shop.task(result, "orders").published
    assert shop.tables() == before


def test_after_the_correction_only_the_rest_is_done(shop: Project) -> None:
    shop.apply()
    shop.write("orders.csv", ORDERS + "3,2024-01-05,EUR,99\n")
    shop.apply()
    shop.pipeline(SHOP.replace(', "unique"', ""))
    result = shop.apply()
    assert result.status == "succeeded"
    assert shop.outcomes(result)["orders"] == "repointed"
    assert shop.outcomes(result)["euros"] == "repointed"
    assert [check.check for check in shop.task(result, "euros").checks] == ["not_null(id)"]
    assert len(shop.rows("shop.daily")) == 2


def test_changed_checks_only_are_run_again(shop: Project) -> None:
    shop.apply()
    shop.pipeline(SHOP.replace("min = 1", "min = 100"))
    result = shop.apply()
    assert shop.outcomes(result) == {"daily": "failed"}
    shop.pipeline(SHOP.replace("min = 1", "max = 100"))
    assert shop.outcomes(shop.apply()) == {"daily": "rechecked"}
    assert shop.plan().empty


def test_a_warning_is_told_and_holds_nothing_back(shop: Project) -> None:
    shop.pipeline(SHOP.replace("{ row_count = { min = 1 } }", '{ row_count = { min = 9 }, severity = "warn" }'))
    result = shop.apply()
    assert result.status == "succeeded"
    [check] = shop.task(result, "daily").checks
    assert (check.passed, check.detail) == (False, "The number of rows is 1, and must be at least 9.")


def test_other_components_publish_when_one_fails(project: Project) -> None:
    project.pipeline(
        """
        [sql.good]
        query = "select 1 as a"
        [sql.bad]
        query = "select cast(a as integer) as a from (values ('1'), ('x')) as t(a)"
        [sql.reader]
        query = "select a from bad"
        """
    )
    result = project.apply()
    assert result.status == "failed"
    assert project.outcomes(result) == {"good": "built", "bad": "failed", "reader": "skipped"}
    assert project.task(result, "bad").diagnostics[0].code == "VP507"
    assert project.rows("shop.good") == [(1,)]
    assert {event.type for event in project.events} >= {"published", "held_back", "task_skipped", "task_failed"}


def test_a_removed_asset_leaves_the_environment(shop: Project) -> None:
    shop.apply()
    shop.pipeline(SHOP[: SHOP.index("[sql.daily]")])
    result = shop.apply()
    assert shop.outcomes(result) == {"daily": "removed"}
    assert "shop.daily" not in shop.tables()
    with pytest.raises(Exception, match="daily does not exist"):
        shop.rows("shop.daily")


def test_environments_share_versions(shop: Project) -> None:
    shop.write("vp.toml", '[project]\nname = "trial"\n[environment.prod]\n')
    shop.apply()
    result = shop.apply(shop.plan(environment="prod"))
    assert set(shop.outcomes(result).values()) == {"repointed"}
    assert shop.tables("prod") == shop.tables("dev")


def test_a_stale_plan_is_refused_before_anything_is_written(shop: Project) -> None:
    plan = shop.plan()
    shop.apply(plan)
    files = shop.part_files()
    with pytest.raises(DiagnosticError) as caught:
        shop.apply(plan)
    assert caught.value.diagnostics[0].code == "VP701"
    assert shop.part_files() == files


def test_parameters_reach_queries_views_and_checks(project: Project) -> None:
    project.write(
        "vp.toml",
        '[project]\nname = "trial"\n[variables]\nleast = 2\nname = { type = "varchar", default = "it\'s" }\n'
        "[environment.prod]\nvariables = { least = 3 }\n",
    )
    project.pipeline(
        """
        [sql.numbers]
        query = "select range as id, $name as name, $env as env from range(5) where range >= $least"
        checks = [{ expression = "id >= $least" }]
        [sql.shown]
        query = "select * from numbers where id > $least"
        build = "view"
        """
    )
    project.apply()
    assert [row[:3] for row in project.rows("shop.numbers")] == [(i, "it's", "dev") for i in (2, 3, 4)]
    assert len(project.rows("shop.shown")) == 2
    project.apply(project.plan(environment="prod"))
    assert [row[0] for row in project.rows("shop.shown", "prod")] == [4]


def test_the_clock_stands_still_at_the_plans_time(project: Project) -> None:
    project.pipeline('[sql.times]\nquery = "select cast(now() as varchar) as a, cast($now as varchar) as b"\n')
    plan = project.plan()
    project.apply(plan)
    [(shown, bound)] = project.rows("shop.times")
    assert shown == bound
    assert shown.startswith(f"{plan.created_at:%Y-%m-%d %H:%M:%S}")


def test_hugeints_keep_every_digit_and_overflow_is_an_error(project: Project) -> None:
    big = 2**100
    project.pipeline(f'[sql.big]\nquery = "select sum(v) as v from (values ({big}::hugeint), (1::hugeint)) as t(v)"\n')
    assert project.apply().status == "succeeded"
    assert int(project.rows("shop.big")[0][0]) == big + 1
    project.pipeline('[sql.big]\nquery = "select (10::hugeint ** 37)::hugeint * 100::hugeint as v"\n')
    [failed] = project.apply().tasks
    assert failed.outcome == "failed"


def test_names_with_quotes_unicode_and_reserved_words(project: Project) -> None:
    project.pipeline(
        """
        [sql.select]
        query = '''select 1 as "a""b", 2 as "größe", 3 as "select", 4 as "x.y"'''
        columns.'a"b' = { checks = ["not_null", "unique"] }
        columns."größe" = { checks = ["not_null"] }
        columns."x.y" = { checks = ["not_null"] }
        [sql.reader]
        query = '''select "a""b", "größe" from "select"'''
        """
    )
    assert project.apply().status == "succeeded"
    assert project.rows("shop.reader") == [(1, 2)]


def test_the_inline_executor_gives_the_same_tables(shop: Project, new_project: Callable[[str], Project]) -> None:
    shop.apply()
    other = new_project("inline")
    other.write("vp.toml", '[project]\nname = "trial"\n[executor]\nkind = "inline"\n')
    other.pipeline(SHOP)
    other.write("orders.csv", ORDERS)
    other.write("rates/2024.csv", "currency,rate\nEUR,1.0\nUSD,0.5\n")
    assert other.apply().status == "succeeded"
    assert other.tables() == shop.tables()
