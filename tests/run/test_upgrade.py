"""An upgrade of our own code, which computes other fingerprints for the same meanings, rebuilds nothing."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.run.conftest import Project

import vibepiper_interpreter
from vibepiper_interpreter.compile import fingerprint_code, fingerprints
from vibepiper_interpreter.compile.compiled import Check
from vibepiper_interpreter.plan.plan import Plan
from vibepiper_interpreter.storage.version import Version

SPECS = """
[source.file.orders]
path = "data/orders.csv"
[sql.big]
query = "select *, amount * $factor as more from orders where amount > $least"
checks = [{ expression = "more > $least" }, { row_count = { min = 1 } }]
columns.id = { type = "bigint", checks = ["not_null", { between = [0, 100] }] }
[sql.shown]
query = "select id, more from big"
build = "view"
[sql.counted]
query = "select count(*) as n from shown"
[sql.spread]
query = "pivot big on id in (1, 2) using sum(amount)"
[python.doubled]
function = "lib.functions:double"
columns.id = "bigint"
[python.told]
function = "lib.functions:tell"
columns.environment = "varchar"
"""
FUNCTIONS = """
import pyarrow
from lib.tables import table

def double(big: pyarrow.Table):
    return table([2 * value for value in big.column("id").to_pylist()])

def tell(counted, context):
    return pyarrow.table({"environment": [context.environment]})
"""


@pytest.fixture
def applied(project: Project) -> Iterator[Project]:
    project.write("vp.toml", '[project]\nname = "t"\n[variables]\nleast = 2\nfactor = 3\n[environment.prod]\n')
    project.write("data/orders.csv", "id,amount\n1,2\n2,3\n3,4\n")
    project.write("lib/__init__.py", "")
    project.write("lib/functions.py", FUNCTIONS)
    project.write("lib/tables.py", "import pyarrow\n\ndef table(ids):\n    return pyarrow.table({'id': ids})\n")
    project.pipeline(SPECS)
    result = project.apply()
    assert result.status == "succeeded", [task.diagnostics for task in result.tasks]
    assert project.plan().empty
    yield project


@pytest.fixture
def upgraded(applied: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    upgrade(monkeypatch, "1")
    return applied


def upgrade(monkeypatch: pytest.MonkeyPatch, number: str) -> None:
    """From here on the code is another one: all that it hashes, it hashes differently."""
    plain = fingerprints.hash_json

    def hash_json(value: object) -> str:
        # The form of what checks demand is held by the test below.
        kept = isinstance(value, list) and all(isinstance(each, dict) for each in value)
        return plain(value) if kept else plain([number, value])

    monkeypatch.setattr(fingerprints, "hash_json", hash_json)
    monkeypatch.setattr(fingerprint_code, "fingerprint_code", lambda: number * 12)
    monkeypatch.setattr("vibepiper_interpreter.plan.upgrade.fingerprint_code", lambda: number * 12)


def verbs(plan: Plan) -> dict[str, str]:
    return {action.address.name: action.verb for action in plan.actions}


def test_nothing_is_rebuilt(upgraded: Project) -> None:
    fingerprints_before = {version.asset.fingerprint for version in all_versions(upgraded)}
    assert upgraded.plan().empty
    after = all_versions(upgraded)
    assert not fingerprints_before & {version.asset.fingerprint for version in after}
    assert all(version.asset.fingerprint.startswith("1" * 12) for version in after)
    assert upgraded.plan().empty


def test_what_was_really_edited_is_rebuilt_and_nothing_else(upgraded: Project) -> None:
    upgraded.pipeline(SPECS.replace("amount * $factor as more", "amount * $factor + 1 as more"))
    plan = upgraded.plan()
    [changed] = [action for action in plan.actions if action.address.name == "big"]
    # Told by column, which needs both meanings from the same code.
    assert [change.name for change in changed.column_changes] == ["more"]
    assert "told" not in verbs(plan)
    assert "orders" not in verbs(plan)


def test_another_value_of_a_variable_is_an_edit(upgraded: Project) -> None:
    upgraded.write("vp.toml", '[project]\nname = "t"\n[variables]\nleast = 2\nfactor = 4\n[environment.prod]\n')
    plan = upgraded.plan()
    [changed] = [action for action in plan.actions if action.address.name == "big"]
    assert [change.name for change in changed.column_changes] == ["more"]


def test_edited_python_code_counts_as_changed(upgraded: Project) -> None:
    upgraded.write("lib/tables.py", "import pyarrow\n\ndef table(ids):\n    return pyarrow.table({'id': ids[:1]})\n")
    # Both functions stand in a module that imports the edited one, and what they meant to the other code is not kept.
    assert verbs(upgraded.plan()) == {"doubled": "rebuild", "told": "rebuild"}


def test_another_environment_still_points_to_what_exists(upgraded: Project) -> None:
    planned = verbs(upgraded.plan(environment="prod"))
    assert planned.pop("told") == "create"  # it may read the environment's name
    assert set(planned.values()) == {"repoint"}


def test_a_plan_that_the_other_code_saved_is_applied_and_compared_later(
    applied: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    applied.pipeline(SPECS.replace("amount * $factor", "amount * $factor + 1"))
    plan = applied.plan()
    upgrade(monkeypatch, "1")
    assert applied.apply(plan).status == "succeeded"
    assert applied.plan().empty


def test_upgrades_add_up_and_go_back(applied: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in ("1", "2"):
        with monkeypatch.context() as patch:
            upgrade(patch, number)
            assert applied.plan().empty
    assert applied.plan().empty


def test_what_checks_demand_has_a_form_that_stays() -> None:
    """If this must change, every check of every project runs once more after the upgrade."""
    checks = (
        Check("between(id)", "between", "error", "id", (("min", 0), ("max", 9)), condition="id between 0 and 9"),
        Check("c", "expression", "warn", None, (("expression", "id > $x"),), "id > $x", "id < 5", (("x", "INTEGER"),)),
    )
    assert (
        fingerprints.fingerprint_of_checks(checks) == "ea7b4d97839089e4f475db077bce82ff5f06bb65291c97e62ade0392a32e2af2"
    )


def test_all_code_that_makes_fingerprints_is_known() -> None:
    root = Path(vibepiper_interpreter.__file__).parent
    known = set(fingerprint_code.FINGERPRINT_MODULES)
    # Frozen data without a decision in it, and the passes around.
    plain = {"compile/compiled.py", "compile/compilation.py", "compile/header_lines.py", "compile/fingerprint_code.py"}
    plain |= {"compile/incremental_builds.py", "compile/schedules.py", "compile/resources.py"}
    plain |= {"engines/duckdb/errors.py", "engines/duckdb/failure.py", "engines/duckdb/syntax_errors.py"}
    for path in known:
        tree = ast.parse((root / path).read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("vibepiper_interpreter.compile"):
                imported = (node.module or "").removeprefix("vibepiper_interpreter.").replace(".", "/") + ".py"
                assert imported in known | plain, f"{path} imports {imported}"


def all_versions(project: Project) -> list[Version]:
    return list(project.state.versions(p.version_id for p in project.state.pointers("dev").values()).values())


def test_what_goes_on_is_not_taken_for_what_is_made_from_nothing(
    applied: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log was made of two states of its input. Made from nothing of the second one, it would be another table."""
    log = SPECS + '[sql.log]\nquery = "select id from big"\nbuild = "append"\n'
    applied.pipeline(log)
    applied.apply()
    applied.write("data/orders.csv", "id,amount\n3,4\n")
    applied.apply()
    assert applied.rows("shop.log") == [(2,), (3,), (3,)]
    upgrade(monkeypatch, "1")
    assert applied.plan().empty
    applied.pipeline(log.replace("select id from big", "select id + 0 as id from big"))
    applied.apply()
    applied.pipeline(log)
    applied.apply()
    assert applied.rows("shop.log") == [(3,)]


BIT_BY_BIT = """
[source.file.orders]
path = "data/orders/*.csv"
columns = { id = "bigint", day = "date", amount = "bigint", gone = "boolean" }
write = WRITE
[sql.history]
query = "select id, amount from orders"
build = { mode = "scd2", key = ["id"] }
[sql.merged]
query = "select * from orders"
build = { mode = "merge", key = ["id"], delete_flag = "gone" }
[sql.updated]
query = "select id, day, amount from orders"
build = { mode = "merge", key = ["id"], update_columns = ["amount"] }
[sql.log]
query = "select id, amount from orders"
build = "append"
[sql.daily]
query = "select day, count(*) as n from orders where day >= $start and day < $end group by day"
build = { mode = "interval", column = "day", grain = "day", start = 2026-01-01, end = 2026-01-10 }
[sql.parts]
query = "select gone, count(*) as n from orders where gone = $partition group by gone"
build = { mode = "partition", column = "gone", values = ["false", "true"] }
[python.kept]
function = "lib.functions:keep"
columns = { id = "bigint", amount = "bigint", gone = "boolean" }
build = { mode = "merge", key = ["id"], delete_flag = "gone" }
[python.told]
function = "lib.functions:keep"
columns = { id = "bigint", amount = "bigint", gone = "boolean" }
build = { mode = "scd2", key = ["id"] }
"""


@pytest.mark.parametrize("write", ['"append"', '{ mode = "merge", key = ["id"] }', '{ mode = "scd2", key = ["id"] }'])
def test_what_is_built_bit_by_bit_keeps_its_past(project: Project, monkeypatch: pytest.MonkeyPatch, write: str) -> None:
    """Some tables have other columns than their queries give: times of a history, and no flag of deletion."""
    project.write("lib/functions.py", "def keep(orders):\n    return orders.select(['id', 'amount', 'gone'])\n")
    project.pipeline(BIT_BY_BIT.replace("WRITE", write))
    for number in (1, 2):
        project.write(f"data/orders/{number}.csv", f"id,day,amount,gone\n{number},2026-01-0{number},5,false\n")
        assert project.apply().status == "succeeded"
    assert verbs(project.plan()) == {}
    upgrade(monkeypatch, "1")
    assert verbs(project.plan()) == {}
    project.write("data/orders/3.csv", "id,day,amount,gone\n3,2026-01-03,5,false\n")
    assert project.apply().status == "succeeded"
    upgrade(monkeypatch, "2")
    assert verbs(project.plan()) == {}
