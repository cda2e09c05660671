"""Environments are pointers: what exists in one is shown in another without making anything again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vibepiper_interpreter.plan import load_plan, save_plan
from vibepiper_spec.diagnostics import DiagnosticError

if TYPE_CHECKING:
    from tests.run.conftest import Project

VP_TOML = """
[project]
name = "trial"
[variables]
least = 0
[environment.prod]
[environment.strict]
variables = { least = 25 }
"""
SHOP = """
[source.file.orders]
path = "orders.csv"

[sql.paid]
query = "select id, day, amount from orders where status = 'paid'"
columns.id = { checks = ["not_null", "unique"] }

[sql.daily]
query = "select day, sum(amount) as amount from paid group by day"
checks = [{ row_count = { min = 1 } }]

[sql.recent]
query = "select * from daily where day >= date '2024-01-02'"
build = "view"

[sql.large]
query = "select * from paid where amount >= $least"

[sql.larger]
query = "select count(*) as orders from large"
"""
ORDERS = "id,day,status,amount,note\n1,2024-01-01,paid,10,a\n2,2024-01-02,paid,20,b\n3,2024-01-02,paid,30,c\n"


@pytest.fixture
def shop(project: Project) -> Project:
    project.write("vp.toml", VP_TOML)
    project.pipeline(SHOP)
    project.write("orders.csv", ORDERS)
    project.apply()
    return project


def test_a_new_environment_of_the_same_meaning_costs_nothing(shop: Project) -> None:
    files = shop.part_files()
    plan = shop.plan(environment="prod")
    # Chains too, in one plan: every reader is found by the versions its inputs will have.
    assert {action.address.name: action.verb for action in plan.actions} == dict.fromkeys(
        ("orders", "paid", "daily", "recent", "large", "larger"), "repoint"
    )
    assert all(action.version_id == shop.state.pointers("dev")[action.address].version_id for action in plan.actions)
    assert not any(action.checks for action in plan.actions)
    shop.apply(plan)
    assert shop.part_files() == files
    assert shop.tables("prod") == shop.tables("dev")
    assert shop.plan(environment="prod").empty


def test_other_variables_build_only_what_reads_them(shop: Project) -> None:
    before = shop.part_files()
    outcomes = shop.outcomes(shop.apply(shop.plan(environment="strict")))
    assert {name for name, outcome in outcomes.items() if outcome != "repointed"} == {"large", "larger"}
    assert {path.split("/")[1] for path in shop.part_files() - before} == {"large", "larger"}
    assert shop.rows("shop.larger", "strict") == [(1,)]
    assert shop.rows("shop.larger", "dev") == [(3,)]


def test_what_was_kept_because_its_input_came_out_equal_is_shared_too(shop: Project) -> None:
    """Its version was made from an older version of its input, so the key of what made it is another one."""
    shop.write("orders.csv", ORDERS.replace(",c\n", ",d\n"))
    assert shop.outcomes(shop.apply())["daily"] == "kept"
    files = shop.part_files()
    outcomes = shop.outcomes(shop.apply(shop.plan(environment="prod")))
    assert set(outcomes.values()) == {"repointed"}
    assert shop.part_files() == files
    assert shop.tables("prod") == shop.tables("dev")
    assert shop.plan(environment="prod").empty


def test_what_other_inputs_were_confirmed_for_is_not_shared(shop: Project) -> None:
    shop.apply(shop.plan(environment="prod"))
    shop.write("orders.csv", ORDERS + "4,2024-01-03,paid,40,e\n")
    shop.apply()
    shop.write("orders.csv", ORDERS + "4,2024-01-03,paid,50,e\n")
    outcomes = shop.outcomes(shop.apply(shop.plan(environment="prod")))
    assert set(outcomes.values()) == {"built"}
    assert [str(amount) for _, amount in shop.rows("shop.recent", "prod")] == ["50", "50"]
    assert [str(amount) for _, amount in shop.rows("shop.recent", "dev")] == ["50", "40"]


def test_a_protected_environment_takes_only_what_was_loaded_from_a_file(shop: Project) -> None:
    shop.write("vp.toml", VP_TOML.replace("[environment.prod]", "[environment.prod]\nprotected = true"))
    plan = shop.plan(environment="prod")
    with pytest.raises(DiagnosticError) as caught:
        shop.apply(plan)
    assert [found.code for found in caught.value.diagnostics] == ["VP607"]
    assert not shop.events
    assert not shop.state.pointers("prod")
    save_plan(plan, shop.root / "prod.vpplan")
    assert shop.apply(load_plan(shop.root / "prod.vpplan")).status == "succeeded"
    assert shop.tables("prod") == shop.tables("dev")


def test_a_protected_environment_takes_tasks_and_consequences_from_a_file_only(shop: Project) -> None:
    shop.write("vp.toml", VP_TOML.replace("[environment.prod]", "[environment.prod]\nprotected = true"))
    save_plan(shop.plan(environment="prod"), shop.root / "prod.vpplan")
    assert shop.apply(load_plan(shop.root / "prod.vpplan")).status == "succeeded"
    command = '[task.shell.{name}]\ncommand = "echo {name} >> log.txt"\n'
    tasks = command.format(name="tell") + 'on_success = ["cheer"]\n' + command.format(name="cheer")
    shop.write("tasks.vp.toml", f'[pipeline]\nname = "shop"\n{tasks}')
    plan = shop.plan(environment="prod")
    assert {action.verb for action in plan.actions} == {"do"}
    with pytest.raises(DiagnosticError) as caught:
        shop.apply(plan)
    assert [found.code for found in caught.value.diagnostics] == ["VP607"]
    assert not (shop.root / "log.txt").exists()
    save_plan(plan, shop.root / "prod.vpplan")
    assert shop.apply(load_plan(shop.root / "prod.vpplan")).status == "succeeded"
    assert (shop.root / "log.txt").read_text() == "tell\ncheer\n"
