"""Assets that are merged: what a plan says of them, and what is published after each apply."""

from __future__ import annotations

import pytest
from tests.run.conftest import Project

from vibepiper_interpreter.plan.plan import Plan
from vibepiper_interpreter.storage.version import Version

PIPELINE = """
[source.file.orders]
path = "orders.csv"
columns.id = "bigint"
columns.status = "varchar"

[sql.current]
query = "select id, status from orders"
build = { mode = "merge", key = ["id"] }

[sql.open]
query = "select count(*) as orders from current where status = 'open'"
"""


@pytest.fixture
def shop(project: Project) -> Project:
    project.write("vp.toml", '[project]\nname = "trial"\n[environment.prod]\n[environment.late]\n')
    project.pipeline(PIPELINE)
    orders(project, *((number, "paid") for number in range(100)))
    project.apply()
    return project


def orders(project: Project, *rows: tuple[int, str]) -> None:
    project.write("orders.csv", "id,status\n" + "".join(f"{number},{status}\n" for number, status in rows))


def verbs(plan: Plan) -> dict[str, str]:
    return {action.address.name: action.verb for action in plan.actions}


def version(project: Project, environment: str = "dev") -> Version:
    pointers = {address.name: pointer for address, pointer in project.state.pointers(environment).items()}
    return project.state.versions([pointers["current"].version_id])[pointers["current"].version_id]


def test_what_comes_is_merged_into_what_is_there(shop: Project) -> None:
    orders(shop, (1, "open"), (200, "open"))
    plan = shop.plan()
    assert verbs(plan) == {"orders": "rebuild", "current": "extend", "open": "rebuild"}
    assert shop.outcomes(shop.apply(plan)) == {"orders": "built", "current": "built", "open": "built"}
    rows = dict(shop.rows("shop.current"))
    assert len(rows) == 101
    assert (rows[1], rows[2], rows[200]) == ("open", "paid", "open")
    assert shop.rows("shop.open") == [(2,)]
    assert [(part.role, part.rows) for part in version(shop).parts] == [("rows", 100), ("upserts", 2)]
    assert shop.plan().empty


def test_what_changes_nothing_is_kept_and_stops_the_wave(shop: Project) -> None:
    before = version(shop)
    orders(shop, (1, "paid"), (2, "paid"))
    assert shop.outcomes(shop.apply()) == {"orders": "built", "current": "kept", "open": "kept"}
    assert version(shop) == before
    assert shop.plan().empty


def test_going_back_to_earlier_rows_does_not_go_back_to_the_earlier_table(shop: Project) -> None:
    """The first version was made of these very rows, but not of those that came since."""
    orders(shop, (200, "open"))
    shop.apply()
    orders(shop, *((number, "paid") for number in range(100)))
    plan = shop.plan()
    assert verbs(plan)["current"] == "extend"
    shop.apply(plan)
    assert len(shop.rows("shop.current")) == 101


def test_another_meaning_is_built_from_nothing(shop: Project) -> None:
    orders(shop, (200, "open"))
    shop.apply()
    shop.pipeline(PIPELINE.replace("select id, status from orders", "select id, upper(status) as status from orders"))
    plan = shop.plan()
    assert verbs(plan)["current"] == "rebuild"
    shop.apply(plan)
    assert shop.rows("shop.current") == [(200, "OPEN")]


def test_a_change_of_mode_is_planned_as_what_it_is(shop: Project) -> None:
    shop.pipeline(PIPELINE.replace('build = { mode = "merge", key = ["id"] }', ""))
    shop.apply()
    shop.pipeline(PIPELINE)
    [action] = [action for action in shop.plan().actions if action.address.name == "current"]
    assert action.verb in ("record", "repoint")
    assert [reason.words for reason in action.reasons if reason.code == "build"] == [
        "it was a table and is now merged by `id`: its rows stay"
    ]
    assert "definition" not in {reason.code for reason in action.reasons}


def test_a_new_environment_takes_over_the_table_with_its_past(shop: Project) -> None:
    orders(shop, (200, "open"))
    shop.apply()
    plan = shop.plan(environment="prod")
    assert verbs(plan) == {"orders": "repoint", "current": "repoint", "open": "repoint"}
    shop.apply(plan)
    assert version(shop, "prod") == version(shop)
    assert len(shop.rows("shop.current", "prod")) == 101


def test_an_environment_follows_another_one_along_a_chain(shop: Project) -> None:
    shop.apply(shop.plan(environment="prod"))
    for number in (200, 201, 202):
        orders(shop, (number, "open"))
        shop.apply()
    plan = shop.plan(environment="prod")
    assert verbs(plan)["current"] == "repoint"
    shop.apply(plan)
    assert version(shop, "prod") == version(shop)


def test_an_environment_never_takes_over_less_than_it_has(shop: Project) -> None:
    """`late` begins with the rows of today: what `dev` has of before must not be lost by taking over from it."""
    orders(shop, (200, "open"))
    shop.apply(shop.plan(environment="late"))
    assert shop.rows("shop.current", "late") == [(200, "open")]
    plan = shop.plan()
    assert verbs(plan) == {"orders": "repoint", "current": "extend", "open": "rebuild"}
    shop.apply(plan)
    assert len(shop.rows("shop.current")) == 101


def test_what_a_killed_run_left_unpublished_is_found_again(shop: Project) -> None:
    """A failing check holds it back; corrected, the same version is published, and nothing is merged twice."""
    checked = PIPELINE + "columns.orders = { checks = [{ between = [0, 0] }] }\n"
    shop.pipeline(checked)
    shop.apply()
    orders(shop, (1, "open"))
    result = shop.apply()
    assert result.status == "failed"
    made = shop.task(result, "current").version_id
    assert version(shop).id != made
    shop.pipeline(PIPELINE)
    plan = shop.plan()
    assert verbs(plan)["current"] == "repoint"
    shop.apply(plan)
    assert version(shop).id == made


def test_a_part_that_is_missing_is_made_anew_with_all_that_rests_on_it(shop: Project) -> None:
    orders(shop, (1, "open"))
    shop.apply()
    base = next(part for part in version(shop).parts if part.role == "rows")
    (shop.storage.root / base.path).unlink()
    plan = shop.plan()
    assert verbs(plan)["current"] == "rebuild"
    assert shop.apply(plan).status == "succeeded"
    assert shop.rows("shop.current") == [(1, "open")]


@pytest.mark.parametrize(
    ("rows", "code"),
    [(((1, "a"), (1, "b")), "VP521"), ((("", "a"), (2, "b")), "VP520")],
    ids=["a key twice", "no key"],
)
def test_rows_that_no_key_tells_apart_are_refused(shop: Project, rows: tuple[tuple[int, str], ...], code: str) -> None:
    before = shop.rows("shop.current")
    orders(shop, *rows)
    result = shop.apply()
    assert [each.code for each in shop.task(result, "current").diagnostics] == [code]
    assert shop.rows("shop.current") == before
