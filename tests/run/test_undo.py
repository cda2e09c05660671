"""Going back moves pointers and nothing else, to exactly what they were."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from tests.run.test_environments import ORDERS, SHOP, VP_TOML

from vibepiper_interpreter.plan import load_plan, plan_as_of, plan_undo, save_plan
from vibepiper_interpreter.plan.plan import Plan
from vibepiper_interpreter.run import ensure_warehouse
from vibepiper_interpreter.run.events import Event
from vibepiper_interpreter.run.relations import changed_file
from vibepiper_interpreter.run.result import RunResult
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError

if TYPE_CHECKING:
    from tests.run.conftest import Project


def undo(project: Project, run_id: str | None = None, environment: str = "dev") -> Plan:
    return plan_undo(
        project.state,
        environment,
        run_id,
        storage_has=project.storage.has,
        files_unchanged=lambda files: changed_file(project.root, tuple(files)) is None,
    )


def as_of(project: Project, time: datetime) -> Plan:
    return plan_as_of(
        project.state,
        "dev",
        time,
        storage_has=project.storage.has,
        files_unchanged=lambda files: changed_file(project.root, tuple(files)) is None,
    )


def refusal(project: Project, run_id: str | None = None, environment: str = "dev") -> Diagnostic:
    with pytest.raises(DiagnosticError) as caught:
        undo(project, run_id, environment)
    return caught.value.diagnostics[0]


def edited(project: Project, number: int) -> RunResult:
    project.pipeline(SHOP.replace("sum(amount) as amount", f"sum(amount) + {number} as amount"))
    return project.apply()


@pytest.fixture
def shop(project: Project) -> Project:
    project.write("vp.toml", VP_TOML)
    project.pipeline(SHOP)
    project.write("orders.csv", ORDERS)
    project.apply()
    return project


def test_undo_puts_the_pointers_back_and_can_be_undone(shop: Project) -> None:
    before, tables = shop.state.pointers("dev"), shop.tables()
    edited(shop, 1)
    after, changed = shop.state.pointers("dev"), shop.tables()
    files = shop.part_files()
    plan = undo(shop)
    assert {action.address.name: action.verb for action in plan.actions} == {"daily": "repoint", "recent": "repoint"}
    result = shop.apply(plan)
    assert (result.status, set(shop.outcomes(result).values())) == ("succeeded", {"repointed"})
    assert (shop.state.pointers("dev"), shop.tables()) == (before, tables)
    assert shop.part_files() == files
    record = shop.state.run(result.run_id)
    assert record.summary.status == "succeeded"
    assert all(task.published for task in record.tasks)
    # The specs still say what was undone: the next apply would do it again, and finds what it made.
    assert {action.verb for action in shop.plan().actions} == {"repoint"}
    shop.apply(undo(shop))
    assert (shop.state.pointers("dev"), shop.tables()) == (after, changed)
    assert shop.plan().empty


def test_undoing_a_run_undoes_later_ones_too(shop: Project) -> None:
    tables = shop.tables()
    first = edited(shop, 1)
    second = edited(shop, 2)
    plan = undo(shop, first.run_id)
    assert plan.purpose == (f"goes back to before run {first.run_id}, and so undoes 1 later run too ({second.run_id})")
    shop.apply(plan)
    assert shop.tables() == tables


def test_undoing_what_was_removed_and_what_was_new(shop: Project) -> None:
    tables = shop.tables()
    shop.pipeline(SHOP.split("[sql.large]")[0] + '[sql.fresh]\nquery = "select 1 as id"\n')
    shop.apply()
    plan = undo(shop)
    assert {action.address.name: action.verb for action in plan.actions} == {
        "fresh": "remove",
        "large": "repoint",
        "larger": "repoint",
    }
    shop.apply(plan)
    assert shop.tables() == tables
    assert undo(shop).actions


def test_a_stale_reader_is_stale_again_after_going_back(shop: Project) -> None:
    """The pointer comes back with the inputs it was known to be right for then, not with those of today."""
    shop.write("orders.csv", ORDERS + "4,2024-01-03,paid,40,e\n")
    shop.apply(shop.plan("paid"))
    assert {action.address.name for action in shop.plan().actions} == {"daily", "recent", "large", "larger"}
    shop.apply()
    assert shop.plan().empty
    shop.apply(undo(shop))
    assert {action.address.name for action in shop.plan().actions} == {"daily", "recent", "large", "larger"}
    shop.apply()
    assert shop.plan().empty


def test_going_back_to_a_time(shop: Project) -> None:
    tables = shop.tables()
    edited(shop, 1)
    [_, first] = [run.finished_at for run in shop.state.runs()]
    assert first is not None
    plan = as_of(shop, first)
    saved = shop.root / "back.vpplan"
    save_plan(plan, saved)
    assert load_plan(saved) == plan
    shop.apply(load_plan(saved))
    assert shop.tables() == tables
    assert as_of(shop, first).empty
    with pytest.raises(DiagnosticError) as caught:
        as_of(shop, datetime(2020, 1, 1, tzinfo=UTC))
    assert caught.value.diagnostics[0].code == "VP713"


def test_a_plan_to_go_back_is_refused_when_something_was_published_since(shop: Project) -> None:
    edited(shop, 1)
    plan = undo(shop)
    edited(shop, 2)
    with pytest.raises(DiagnosticError) as caught:
        shop.apply(plan)
    assert caught.value.diagnostics[0].code == "VP701"


def test_it_is_refused_where_what_was_there_cannot_be_read_any_more(shop: Project) -> None:
    daily = shop.state.pointers("dev")
    edited(shop, 1)
    plan = undo(shop)
    (lost,) = [
        v for v in shop.state.versions(p.version_id for p in daily.values()).values() if v.address.name == "daily"
    ]
    shutil.rmtree(shop.storage.directory(lost.address, lost.id))
    pointers = shop.state.pointers("dev")
    found = refusal(shop)
    # The view `recent` of then shows it.
    assert (found.code, "`shop.daily`, `shop.recent`" in found.detail) == ("VP712", True)
    with pytest.raises(DiagnosticError) as caught:
        shop.apply(plan)
    assert caught.value.diagnostics[0].code == "VP712"
    assert shop.state.pointers("dev") == pointers


def test_a_file_read_in_place_that_has_changed_cannot_come_back(shop: Project) -> None:
    shop.pipeline(SHOP.replace('path = "orders.csv"', 'path = "orders.csv"\nbuild = "view"'))
    shop.apply()
    shop.write("orders.csv", ORDERS + "4,2024-01-03,paid,40,e\n")
    shop.apply()
    found = refusal(shop)
    assert (found.code, "`shop.orders`" in found.detail) == ("VP712", True)


def test_there_is_nothing_to_undo(shop: Project) -> None:
    assert refusal(shop, environment="prod").code == "VP713"
    assert refusal(shop, "20200101-000000-abcdef").code == "VP713"


def test_dying_right_after_the_pointers_moved_loses_nothing(shop: Project) -> None:
    class Died(BaseException):
        pass

    def die(event: Event) -> None:
        if event.type == "published":
            raise Died

    tables, before = shop.tables(), shop.state.pointers("dev")
    edited(shop, 1)
    after = shop.state.pointers("dev")
    with pytest.raises(Died):
        shop.apply(undo(shop), listener=die)
    assert shop.state.pointers("dev") == before
    assert [run.status for run in shop.state.runs(1)] == ["interrupted"]
    ensure_warehouse(shop.root, shop.settings, shop.state, "dev")
    assert shop.tables() == tables
    shop.apply(undo(shop))
    assert shop.state.pointers("dev") == after


def test_a_protected_environment_does_not_go_back_by_a_plan_nobody_could_look_at(shop: Project) -> None:
    shop.apply(shop.plan(environment="prod"))
    shop.write("vp.toml", VP_TOML.replace("[environment.prod]", "[environment.prod]\nprotected = true"))
    plan = undo(shop, environment="prod")
    with pytest.raises(DiagnosticError) as caught:
        shop.apply(plan)
    assert [found.code for found in caught.value.diagnostics] == ["VP607"]
    save_plan(plan, shop.root / "back.vpplan")
    assert shop.apply(load_plan(shop.root / "back.vpplan")).status == "succeeded"
    assert not shop.state.pointers("prod")
