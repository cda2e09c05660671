"""What leaves the specs leaves what is published, unless that is prevented; on purpose it may go, and come back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.run.test_undo import undo

from vibepiper_interpreter.plan import load_plan, save_plan
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError

if TYPE_CHECKING:
    from tests.run.conftest import Project

ORDERS = '[source.file.orders]\npath = "orders.csv"\n'
DAILY = """
[sql.daily]
query = "select day, count(*) as orders from orders group by day"
columns.day.checks = ["not_null"]
"""
KEPT = DAILY + "prevent_destroy = true\n"
REMOVED = '[[removed]]\nasset = "daily"\nreason = "nobody reads it"\n'


@pytest.fixture
def shop(project: Project) -> Project:
    project.write("orders.csv", "id,day\n1,2026-01-01\n2,2026-01-01\n3,2026-01-02\n")
    project.write("vp.toml", '[project]\nname = "trial"\n[environment.prod]\nprotected = true\n')
    project.pipeline(ORDERS + KEPT)
    project.apply()
    return project


def refusal(project: Project, environment: str = "dev") -> Diagnostic:
    with pytest.raises(DiagnosticError) as caught:
        project.plan(environment=environment)
    return caught.value.diagnostics[0]


def reasons(project: Project) -> dict[str, tuple[str, list[str]]]:
    return {
        action.address.name: (action.verb, [reason.words for reason in action.reasons])
        for action in project.plan().actions
    }


def test_it_is_prevented_after_the_block_is_gone(shop: Project) -> None:
    shop.pipeline(ORDERS)
    found = refusal(shop)
    assert found.code == "VP716"
    assert "`shop.daily` would be removed from `dev`" in found.detail
    assert found.notes == ("It was declared in `shop.vp.toml`, line 6.",)


def test_a_block_lets_it_go_and_undo_brings_it_back(shop: Project) -> None:
    before, pointers = shop.tables(), shop.state.pointers("dev")
    shop.pipeline(ORDERS + REMOVED)
    assert reasons(shop) == {"daily": ("remove", ["on purpose: nobody reads it"])}
    shop.apply()
    assert set(shop.tables()) == {"shop.orders"}
    plan = shop.plan()
    assert plan.empty
    assert plan.notes == (
        "The block `[[removed]]` of `shop.daily` has nothing left to do in `dev`. Once that is so in every "
        "environment, it can go.",
    )
    shop.apply(undo(shop))
    assert (shop.tables(), shop.state.pointers("dev")) == (before, pointers)
    assert shop.plan().notes == ()


def test_setting_it_rewrites_nothing_and_is_remembered(shop: Project) -> None:
    shop.pipeline(ORDERS + DAILY)
    assert reasons(shop) == {"daily": ("record", ["`prevent_destroy` is not set any more"])}
    files, tables = shop.part_files(), shop.tables()
    result = shop.apply()
    assert shop.outcomes(result) == {"daily": "recorded"}
    assert (shop.part_files(), shop.tables()) == (files, tables)
    assert shop.plan().empty
    shop.pipeline(ORDERS)
    assert reasons(shop) == {"daily": ("remove", ["no spec declares it any more"])}
    # What was so before is only pointed to.
    shop.pipeline(ORDERS + KEPT)
    assert reasons(shop)["daily"][0] == "repoint"
    shop.apply()
    assert shop.plan().empty
    shop.pipeline(ORDERS)
    assert refusal(shop).code == "VP716"


def test_readers_of_what_is_recorded_anew_stay_right(shop: Project) -> None:
    reader = '[sql.total]\nquery = "select sum(orders) as orders from daily"\n'
    shop.pipeline(ORDERS + KEPT + reader)
    shop.apply()
    shop.pipeline(ORDERS + DAILY + reader)
    plan = shop.plan()
    assert {action.address.name for action in plan.actions} == {"daily"}
    save_plan(plan, shop.root / "saved.vpplan")
    shop.apply(load_plan(shop.root / "saved.vpplan"))
    assert shop.plan().empty
    shop.apply(undo(shop))
    assert reasons(shop)["daily"][0] == "repoint"


def test_a_changed_meaning_and_the_line_together(shop: Project) -> None:
    shop.pipeline(ORDERS + DAILY.replace("count(*)", "count(id)"))
    assert reasons(shop)["daily"][0] == "rebuild"
    shop.apply()
    assert shop.plan().empty


def test_an_input_that_came_out_equal_and_the_line_together(shop: Project) -> None:
    shop.pipeline(ORDERS + DAILY)
    shop.write("orders.csv", "id,day\n7,2026-01-01\n2,2026-01-01\n3,2026-01-02\n")
    files = shop.part_files()
    result = shop.apply()
    assert shop.outcomes(result) == {"orders": "built", "daily": "kept"}
    assert len(shop.part_files()) == len(files) + 1  # that of `orders`
    assert shop.plan().empty
    shop.pipeline(ORDERS)
    assert reasons(shop)["daily"][0] == "remove"


def test_a_protected_environment_wants_a_block(shop: Project) -> None:
    def apply_prod() -> None:
        save_plan(shop.plan(environment="prod"), shop.root / "prod.vpplan")
        shop.apply(load_plan(shop.root / "prod.vpplan"))

    shop.pipeline(ORDERS + DAILY)
    apply_prod()
    shop.pipeline(ORDERS)
    found = refusal(shop, "prod")
    assert found.code == "VP716"
    assert "`prod` is protected" in found.detail
    shop.pipeline(ORDERS + REMOVED)
    apply_prod()
    assert set(shop.tables("prod")) == {"shop.orders"}
