"""Variables in queries, views and checks: typed as declared, bound to what was planned, precise to the column."""

from __future__ import annotations

import pytest
from tests.run.conftest import Project

from vibepiper_interpreter.compile import compile_project
from vibepiper_interpreter.run.warehouse import warehouse_path
from vibepiper_spec import load_project

VARIABLES = """[project]
name = "trial"
[variables]
least = { type = "integer", default = 2 }
rate = { type = "decimal(6,2)", default = 1.5 }
since = { type = "date", default = 2024-02-29 }
plain = 2024-03-01
[environment.prod]
variables = { least = 3, rate = 2.25 }
"""
NUMBERS = """
[sql.numbers]
query = '''select range as id, $least as least, $rate as rate, $rate * 2 as twice, $since as since, $plain as plain
from range(5) where range >= $least'''
checks = [
    { expression = "id >= $least and since = $since", where = "rate = $rate" },
    { query = "select 1 where $least > 3" },
]
[sql.shown]
query = "select id, $rate as rate from numbers"
build = "view"
"""


@pytest.fixture
def numbers(project: Project) -> Project:
    project.write("vp.toml", VARIABLES)
    project.pipeline(NUMBERS)
    return project


def test_a_value_has_the_declared_type_when_planned_and_when_run(numbers: Project) -> None:
    plan = numbers.plan()
    bound = {str(address): [(c.name, c.type) for c in asset.columns] for address, asset in plan.assets.items()}
    assert dict(bound["shop.numbers"]) == {
        "id": "BIGINT",
        "least": "INTEGER",
        "rate": "DECIMAL(6,2)",
        "twice": "DECIMAL(16,2)",
        "since": "DATE",
        "plain": "DATE",
    }
    assert numbers.apply(plan).status == "succeeded"
    for table, columns in bound.items():
        described = numbers.query(f"describe {table}")
        assert [(row[0], row[1]) for row in described] == columns
    [row] = numbers.query("select distinct rate::varchar, twice::varchar, since::varchar from shop.numbers")
    assert row == ("1.50", "3.00", "2024-02-29")


def test_checks_judge_by_the_values_of_their_environment(numbers: Project) -> None:
    numbers.write("vp.toml", VARIABLES.replace("least = 3, rate", "least = 4, rate"))
    assert numbers.apply().status == "succeeded"
    [failed] = [
        check for check in numbers.apply(numbers.plan(environment="prod")).tasks if check.address.name == "numbers"
    ]
    assert failed.outcome == "failed"
    assert [check.check for check in failed.checks if not check.passed] == ["query"]


def test_a_published_view_keeps_the_values_it_was_published_with(numbers: Project) -> None:
    numbers.apply()
    before = numbers.rows("shop.shown")
    numbers.write("vp.toml", VARIABLES.replace("= 1.5", "= 9.5"))
    warehouse_path(numbers.root, "dev").unlink()
    numbers.pipeline(NUMBERS + '[sql.other]\nquery = "select 1 as one"\n')
    assert numbers.apply(numbers.plan("other")).status == "succeeded"
    assert numbers.rows("shop.shown") == before


def test_a_value_that_only_a_check_names_makes_the_check_run_again(project: Project) -> None:
    project.write("vp.toml", '[project]\nname = "t"\n[variables]\nmost = 9\n')
    project.pipeline("[sql.a]\nquery = 'select 5 as id'\nchecks = [{ expression = 'id <= $most' }]\n")
    project.apply()
    assert project.plan().empty
    project.write("vp.toml", '[project]\nname = "t"\n[variables]\nmost = 3\n')
    [action] = project.plan().actions
    assert (action.verb, [reason.code for reason in action.reasons]) == ("recheck", ["checks"])
    [task] = project.apply().tasks
    assert task.outcome == "failed"


def test_a_new_value_reaches_the_columns_that_name_it_and_no_other(numbers: Project) -> None:
    numbers.pipeline(
        NUMBERS
        + """
        [sql.of_rate]
        query = "select id, rate from numbers"
        [sql.of_least]
        query = "select id, least from numbers"
        """
    )
    numbers.apply()
    numbers.write("vp.toml", VARIABLES.replace("= 1.5", "= 2.5"))
    actions = {action.address.name: action for action in numbers.plan().actions}
    assert [change.name for change in actions["numbers"].column_changes] == ["rate", "twice"]
    assert sorted(address.name for address in actions["numbers"].reaches) == ["of_rate"]
    numbers.write("vp.toml", VARIABLES.replace("default = 2 ", "default = 1 "))
    actions = {action.address.name: action for action in numbers.plan().actions}
    # It decides about the rows too.
    assert {"numbers", "of_rate", "of_least"} <= actions.keys()


def test_a_value_that_is_none_of_its_type_is_told_at_the_value(project: Project) -> None:
    project.write("vp.toml", '[project]\nname = "t"\n[variables]\nmost = { type = "tinyint", default = 300 }\n')
    assert told(project) == [("VP103", "vp.toml:4:38")]
    project.write(
        "vp.toml",
        '[project]\nname = "t"\n[variables]\nmost = { type = "date", default = "2024-01-31" }\n'
        '[environment.dev]\nvariables = { most = "2024-02-31" }\n',
    )
    assert told(project) == [("VP103", "vp.toml:6:22")]


def told(project: Project) -> list[tuple[str, str]]:
    loaded = load_project(project.root)
    assert not loaded.diagnostics
    return [(diagnostic.code, str(diagnostic.place)) for diagnostic in compile_project(loaded, "dev").diagnostics]


def test_a_plan_names_the_variable_that_changed(numbers: Project) -> None:
    numbers.apply(numbers.plan())
    numbers.write("vp.toml", VARIABLES.replace("default = 1.5 }", "default = 1.75 }"))
    reasons = {str(action.address): action.reasons[0].words for action in numbers.plan().actions}
    assert reasons["shop.numbers"] == "`rate` changed: 1.5 → 1.75"


def test_declaring_columns_is_no_change_of_code(project: Project) -> None:
    project.write("jobs.py", "import pyarrow as pa\n\ndef f() -> pa.Table:\n    return pa.table({'id': [1]})\n")
    project.pipeline('[python.made]\nfunction = "jobs:f"\n')
    project.apply(project.plan())
    project.pipeline('[python.made]\nfunction = "jobs:f"\ncolumns.id = "bigint"\n')
    for action in project.plan().actions:
        assert "code" not in action.reasons[0].words
    project.write("jobs.py", "import pyarrow as pa\n\ndef f() -> pa.Table:\n    return pa.table({'id': [2]})\n")
    [action] = project.plan().actions
    assert "its code changed" in action.reasons[0].words
