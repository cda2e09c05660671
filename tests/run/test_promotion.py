"""Promotion: what one environment shows is shown in another; only what means something else there is made."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from tests.run.test_environments import ORDERS, SHOP, VP_TOML
from tests.run.test_shared_parts import clean
from tests.run.test_undo import undo
from tests.run.test_upgrade import upgrade

from vibepiper_interpreter.compile import compile_project
from vibepiper_interpreter.compile.compiled import CompiledAsset, FileDefinition
from vibepiper_interpreter.connectors.file import list_files
from vibepiper_interpreter.plan import load_plan, make_promotion, save_plan, verify_plan
from vibepiper_interpreter.plan.plan import Plan
from vibepiper_interpreter.storage.version import SourceFile
from vibepiper_spec import load_project
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError

if TYPE_CHECKING:
    from tests.run.conftest import Project

PASTS = """
[source.file.x]
path = "data/*.csv"
write = { mode = "merge", key = ["id"] }
columns = { id = "integer", a = "integer" }
[sql.merged]
query = "select id, max(a) as a from x group by id"
build = { mode = "merge", key = ["id"] }
[sql.history]
query = "select id, max(a) as a from x group by id"
build = { mode = "scd2", key = ["id"] }
[sql.log]
query = "select count(*) as n, sum(a) as a from x"
build = "append"
"""


def source_files(project: Project, asset: CompiledAsset) -> tuple[SourceFile, ...]:
    return list_files(project.root, asset.definition) if isinstance(asset.definition, FileDefinition) else ()


def promotion(project: Project, *selection: str, source: str = "dev", target: str = "prod") -> Plan:
    loaded = load_project(project.root)
    return make_promotion(
        compile_project(loaded, source).project,
        compile_project(loaded, target).project,
        project.state,
        selection=selection,
        list_files=lambda asset: source_files(project, asset),
        storage_has=project.storage.has,
    )


def refusal(project: Project, *selection: str, source: str = "dev") -> Diagnostic:
    with pytest.raises(DiagnosticError) as caught:
        promotion(project, *selection, source=source)
    return caught.value.diagnostics[0]


@pytest.fixture
def shop(project: Project) -> Project:
    project.write("vp.toml", VP_TOML)
    project.pipeline(SHOP)
    project.write("orders.csv", ORDERS)
    project.apply()
    return project


def test_what_means_the_same_is_repointed_and_nothing_is_made(shop: Project) -> None:
    shop.apply(shop.plan(environment="prod"))
    shop.pipeline(SHOP.replace("sum(amount) as amount", "sum(amount) + 1 as amount"))
    shop.apply()
    files = shop.part_files()
    plan = promotion(shop)
    assert {action.address.name: action.verb for action in plan.actions} == {"daily": "repoint", "recent": "repoint"}
    assert plan.purpose == "promotes what `dev` shows"
    shop.apply(plan)
    assert shop.part_files() == files
    assert shop.tables("prod") == shop.tables("dev")
    assert {a: p.version_id for a, p in shop.state.pointers("prod").items()} == {
        a: p.version_id for a, p in shop.state.pointers("dev").items()
    }
    assert promotion(shop).empty
    assert shop.plan(environment="prod").empty


def test_what_reads_another_value_of_a_variable_is_built_there(shop: Project) -> None:
    plan = promotion(shop, target="strict")
    verbs = {action.address.name: action.verb for action in plan.actions}
    assert {name for name, verb in verbs.items() if verb != "repoint"} == {"large", "larger"}
    shop.apply(plan)
    assert shop.rows("shop.larger", "strict") == [(1,)]
    assert promotion(shop, target="strict").empty


def test_newer_files_wait(shop: Project) -> None:
    """What was looked at in `dev` is promoted, not what has come since."""
    shop.write("orders.csv", ORDERS + "4,2024-01-03,paid,40,e\n")
    assert not shop.plan().empty
    shop.apply(promotion(shop))
    assert shop.tables("prod") == shop.tables("dev")
    assert len(shop.rows("shop.paid", "prod")) == 3


def test_what_is_made_anew_each_time_is_promoted_as_it_is(shop: Project) -> None:
    shop.pipeline(SHOP + '[sql.dice]\nquery = "select random() as value"\nrebuild = "always"\n')
    shop.apply()
    shop.apply(shop.plan(environment="prod"))
    assert shop.rows("shop.dice", "prod") != shop.rows("shop.dice", "dev")
    shop.apply()
    shop.apply(promotion(shop))
    assert shop.rows("shop.dice", "prod") == shop.rows("shop.dice", "dev")


def test_specs_that_have_moved_on_are_not_guessed_about(shop: Project) -> None:
    shop.pipeline(SHOP.replace("sum(amount) as amount", "sum(amount) + 1 as amount"))
    found = refusal(shop)
    assert found.code == "VP710"
    assert found.notes[0] == "`shop.daily`: `amount` changed: expression"
    assert found.fix is not None
    assert "vp apply --env prod" in found.fix.title
    # What does not depend on the edit can be promoted by itself.
    shop.apply(promotion(shop, "paid"))
    assert {address.name for address in shop.state.pointers("prod")} == {"orders", "paid"}


def test_it_never_goes_back_to_older_data(shop: Project) -> None:
    shop.write("orders.csv", ORDERS + "4,2024-01-03,paid,40,e\n")
    shop.apply(shop.plan(environment="prod"))
    found = refusal(shop)
    assert found.code == "VP711"
    assert "`shop.orders`" in found.detail
    shop.apply()
    assert promotion(shop).empty


def test_a_file_that_was_only_touched_holds_no_newer_data(shop: Project) -> None:
    shop.write("orders.csv", ORDERS + "4,2024-01-03,paid,40,e\n")
    shop.apply(shop.plan(environment="prod"))
    shop.write("orders.csv", ORDERS)
    os.utime(shop.root / "orders.csv", (1, 1))
    shop.apply(promotion(shop))
    assert shop.tables("prod") == shop.tables("dev")


def test_an_empty_environment_has_nothing_to_promote(shop: Project) -> None:
    assert refusal(shop, source="strict").code == "VP708"


def test_a_saved_promotion_is_what_was_reviewed(shop: Project) -> None:
    saved = shop.root / "prod.vpplan"
    plan = promotion(shop)
    save_plan(plan, saved)
    assert load_plan(saved) == plan
    # `dev` moves on; what was reviewed is applied all the same.
    shop.write("orders.csv", ORDERS + "4,2024-01-03,paid,40,e\n")
    shop.apply()
    reviewed = load_plan(saved)
    verify_plan(
        reviewed,
        plan.digest,
        shop.state,
        plan.engine_version,
        lambda asset: source_files(shop, asset),
    )
    shop.apply(reviewed)
    assert len(shop.rows("shop.paid", "prod")) == 3


def test_checks_run_by_the_values_of_the_target(shop: Project) -> None:
    """The version is the same; only a check reads the variable, and in `strict` it fails: nothing is published."""
    shop.pipeline(
        SHOP.split("[sql.large]", maxsplit=1)[0]
        .replace("[sql.daily]", 'checks = [{ expression = "amount >= $least" }]\n[sql.daily]')
        .replace('columns.id = { checks = ["not_null", "unique"] }\n\nchecks', "checks")
    )
    shop.apply()
    result = shop.apply(promotion(shop, target="strict"))
    assert result.status == "failed"
    assert shop.outcomes(result)["paid"] == "failed"
    assert shop.state.pointers("strict") == {}


def test_an_interval_that_is_over_since_is_not_missed(project: Project) -> None:
    project.write("vp.toml", VP_TOML)
    project.write("orders.csv", "placed\n2024-01-01 08:00:00\n2024-01-02 08:00:00\n")
    project.pipeline(
        """
[source.file.orders]
path = "orders.csv"
columns.placed = "timestamp"

[sql.days]
query = "select placed from orders where placed >= $start and placed < $end"
build = { mode = "interval", column = "placed", grain = "day", start = 2024-01-01 }
"""
    )
    project.now = datetime(2024, 1, 2, 12, tzinfo=UTC)
    project.apply()
    plan = promotion(project)  # by today's clock years are missing
    assert [action.address.name for action in plan.actions] == ["orders", "days"]
    project.apply(plan)
    assert project.rows("shop.days", "prod") == project.rows("shop.days")
    assert len(project.rows("shop.days", "prod")) == 1


def test_a_history_of_files_is_promoted_with_the_times_that_were_looked_at(project: Project) -> None:
    project.write("vp.toml", VP_TOML)
    project.pipeline('[source.file.kinds]\npath = "kinds.csv"\nwrite = { mode = "scd2", key = ["kind"] }\n')
    project.write("kinds.csv", "kind,label\na,first\nb,second\n")
    project.now = datetime(2026, 3, 1, tzinfo=UTC)
    project.apply()
    project.apply(promotion(project))
    for day, rows in ((2, "a,first\n"), (3, "a,other\n")):
        project.write("kinds.csv", "kind,label\n" + rows)
        project.now = datetime(2026, 3, day, tzinfo=UTC)
        project.apply()
    project.apply(promotion(project))
    assert project.state.pointers("prod") == project.state.pointers("dev")


@pytest.mark.parametrize(
    "write",
    [
        'write = { mode = "merge", key = ["id"] }',
        'write = "append"\ncursor = { column = "id" }',
        'write = { mode = "partition", column = "id" }',
        'write = { mode = "scd2", key = ["id"] }',
    ],
)
def test_rows_that_only_the_target_has_kept_go_only_where_that_is_told(project: Project, write: str) -> None:
    """A file that is written over: what was in it first is known only where it was read then."""
    project.write("vp.toml", VP_TOML)
    project.pipeline(f'[source.file.x]\npath = "f.csv"\n{write}\ncolumns = {{ id = "integer", a = "integer" }}\n')
    project.write("f.csv", "id,a\n1,1\n2,2\n")
    project.apply(project.plan(environment="prod"))
    project.write("f.csv", "id,a\n2,20\n3,3\n")
    project.apply(project.plan(environment="prod"))
    project.apply()
    before = project.query("select id from shop.x order by all", "prod")
    (action,) = promotion(project).actions
    assert ("past", "what it has kept, and that version has not, is then gone") in [
        (reason.code, reason.words) for reason in action.reasons
    ]
    project.apply(promotion(project))
    assert (1,) not in project.query("select id from shop.x", "prod")
    project.apply(undo(project, environment="prod"))
    assert project.query("select id from shop.x order by all", "prod") == before
    # From the same version on, nothing goes: `prod` is only behind.
    project.apply(promotion(project))
    for number in (4, 5):
        project.write("f.csv", f"id,a\n3,3\n{number},4\n")
        project.apply()
    (action,) = promotion(project).actions
    assert "past" not in [reason.code for reason in action.reasons]


@pytest.mark.parametrize("way", ["as it was", "cleaned", "upgraded"])
def test_what_has_come_since_is_known_whatever_lies_between(
    project: Project, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """Versions between the two may be forgotten, and their keys written anew: nothing goes, and nothing is told."""
    project.write("vp.toml", VP_TOML)
    project.pipeline(PASTS)
    for number in range(1, 5):
        project.write(f"data/{number}.csv", f"id,a\n9,{number}\n{number},0\n")
        project.apply()
        if number == 1:
            project.apply(promotion(project))
    if way == "cleaned":
        gone = clean(project)
        assert {"x", "merged", "history"} <= gone  # the log goes on with the parts of all of its versions
    elif way == "upgraded":
        upgrade(monkeypatch, "1")
    actions = promotion(project).actions
    assert {action.address.name: action.verb for action in actions} == dict.fromkeys(
        ("x", "merged", "history", "log"), "repoint"
    )
    assert not [action for action in actions if "past" in [reason.code for reason in action.reasons]]
