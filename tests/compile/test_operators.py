"""Tasks as they are compiled: what they come after, which values they use, and what they mean."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from vibepiper_interpreter.compile.compiled_operator import CompiledOperator, Hook, OperatorInput
from vibepiper_interpreter.compile.operator_serial import operator_from_json, operator_to_json
from vibepiper_spec import Address

if TYPE_CHECKING:
    from conftest import Project

TASKS = """
    [sql.daily]
    query = "select day, sum(amount) as revenue from orders group by day"
    on_failure = ["tell"]

    [task.shell.fetch]
    command = "make fetch"
    before = ["orders"]
    outputs.rows = "bigint"
    outputs.day = { type = "date", from = "/day" }

    [task.shell.report]
    command = ["make", "report", "N=$rows"]
    after = ["daily"]
    inputs.rows = "fetch.rows"
    when = "$rows > 0 and $env = 'dev'"
    retry = { attempts = 3, delay = "2s" }
    timeout = "5m"

    [task.shell.clear]
    command = "make clear"
    teardown_of = "fetch"

    [task.shell.tell]
    command = "echo $failed"

    [task.shell.each]
    command = ["echo", "$item_day", "$item_revenue"]
    for_each = { asset = "daily", columns = ["day", "revenue"], concurrency = 2 }

    [task.shell.listed]
    command = ["echo", "$item"]
    for_each = [2024-01-01, 2024-01-02]
    resources = { memory = "2GB", cpus = 2 }
    priority = 5
"""


def operators(project: Project) -> dict[str, CompiledOperator]:
    compiled = project.compile()
    assert not compiled.diagnostics, compiled.diagnostics
    return {address.name: operator for address, operator in compiled.project.operators.items()}


def shop(name: str) -> Address:
    return Address("shop", name)


def test_edges_are_gathered_where_they_are_waited_for(project: Project) -> None:
    project.sources()
    project.pipeline(TASKS)
    found = operators(project)
    assert found["fetch"].before == (shop("orders"),)
    assert found["report"].after == (shop("daily"), shop("fetch"))
    assert found["report"].inputs == (OperatorInput("rows", shop("fetch"), "rows"),)
    assert found["report"].when_parameters == (("env", "VARCHAR"), ("rows", "BIGINT"))
    assert (found["report"].timeout, found["report"].retry.attempts) == (300.0, 3)
    assert found["tell"].hooks == (Hook("failure", shop("daily")),)
    # All that comes after what it clears, and so after the source that waits for that.
    assert set(found["clear"].waits_for) == {shop("orders"), shop("daily"), shop("report"), shop("tell"), shop("each")}
    assert list(found).index("clear") == len(found) - 1


def test_before_a_task_is_after_it_there(project: Project) -> None:
    project.pipeline('[task.shell.a]\ncommand = "true"\nbefore = ["b"]\n[task.shell.b]\ncommand = "true"\n')
    found = operators(project)
    assert (found["a"].before, found["b"].after) == ((), (shop("a"),))
    assert list(found) == ["a", "b"]


def test_an_asset_knows_its_hooks(project: Project) -> None:
    project.sources()
    project.pipeline(TASKS)
    daily = project.compile().project.assets[shop("daily")]
    assert (daily.on_failure, daily.on_success) == ((shop("tell"),), ())


def test_a_pipeline_has_hooks(project: Project) -> None:
    project.write(
        "shop.vp.toml", '[pipeline]\nname = "shop"\non_failure = ["tell"]\n[task.shell.tell]\ncommand = "true"\n'
    )
    assert operators(project)["tell"].hooks == (Hook("failure", "shop"),)


def test_all_of_it_is_written_and_read_back_equal(project: Project) -> None:
    project.sources()
    project.pipeline(TASKS)
    for operator in operators(project).values():
        assert operator_from_json(json.loads(json.dumps(operator_to_json(operator)))) == operator


def test_where_and_how_urgently_it_is_done_is_no_part_of_what_it_means(project: Project) -> None:
    project.write("code_where.py", "def work():\n    pass\n")
    project.pipeline('[task.python.work]\nfunction = "code_where:work"\n')
    plain = operators(project)["work"]
    keys = 'executor = "processes"\nresources = { gpus = 0.5, custom = { licence = 1 } }\npriority = 3\n'
    project.pipeline(f'[task.python.work]\nfunction = "code_where:work"\n{keys}')
    moved = operators(project)["work"]
    assert (moved.executor, moved.resources.gpus, moved.resources.custom, moved.priority) == (
        "processes",
        0.5,
        (("licence", 1.0),),
        3,
    )
    assert moved.fingerprint == plain.fingerprint
    assert operator_from_json(json.loads(json.dumps(operator_to_json(moved)))) == moved


def test_a_pool_that_nobody_has_declared_is_told(project: Project) -> None:
    project.pipeline('[task.shell.work]\ncommand = "true"\nresources = { pools = ["erp"] }\n')
    (found,) = project.compile().diagnostics
    assert (found.code, found.place is not None and found.place.range.start_line) == ("VP609", 5)


def test_what_is_remembered_is_what_was_compiled_after_any_edit(project: Project) -> None:
    project.sources()
    project.pipeline(TASKS)
    project.pipeline('[sql.other]\nquery = "select 1 as x"\n', "other.vp.toml")
    for number in range(2, 6):
        project.pipeline(f'[sql.other{number}]\nquery = "select 1 as x"\n', f"other{number}.vp.toml")
    first = project.recall().project
    assert project.recall().project.operators == first.operators == project.compile().project.operators
    project.pipeline('[sql.other]\nquery = "select 2 as x"\n', "other.vp.toml")
    again = project.recall()
    assert not again.diagnostics
    assert again.project.operators == first.operators
    assert again.project.assets[shop("daily")] == first.assets[shop("daily")]


def test_a_hook_that_is_gone_is_told_where_a_file_that_was_not_touched_names_it(project: Project) -> None:
    project.sources()
    project.pipeline('[sql.daily]\nquery = "select 1 as x"\non_failure = ["tell"]\n')
    project.pipeline('[task.shell.tell]\ncommand = "true"\n', "tasks.vp.toml")
    for number in range(6):
        project.pipeline(f'[sql.other{number}]\nquery = "select 1 as x"\n', f"other{number}.vp.toml")
    assert not project.recall().diagnostics
    project.pipeline('[task.shell.tells]\ncommand = "true"\n', "tasks.vp.toml")
    (found,) = project.recall().diagnostics
    assert (found.code, str(found.place)) == ("VP806", "shop.vp.toml:5:15")


def fingerprint(project: Project, body: str) -> str:
    project.pipeline(body)
    return operators(project)["t"].fingerprint


SAME = """
    [task.shell.t]
    command = "echo $limit"
"""
OTHER = '[task.shell.u]\ncommand = "true"\noutputs.x = "bigint"\n'


@pytest.mark.parametrize(
    "other",
    [
        '[task.shell.t]\nenv = {}\ncommand = "echo $limit"\ndescription = "x"\n',
        '[task.shell.t]\ncommand = "echo $limit"\nafter = ["u"]\nretry = 3\ntimeout = "5m"\n' + OTHER,
        '[task.shell.t]\ncommand = "echo $limit"\nrun = "always"\ndirectory = "."\n',
    ],
)
def test_when_and_how_often_it_is_done_is_no_part_of_what_it_means(project: Project, other: str) -> None:
    project.write("vp.toml", '[project]\nname = "test"\n[variables]\nlimit = 3\n')
    assert fingerprint(project, SAME) == fingerprint(project, other)


@pytest.mark.parametrize(
    "other",
    [
        '[task.shell.t]\ncommand = "echo  $limit"\n',
        '[task.shell.t]\ncommand = "echo $limit"\nenv = { A = "1" }\n',
        '[task.shell.t]\ncommand = "echo $limit"\nwhen = "true"\n',
        '[task.shell.t]\ncommand = "echo $limit"\noutputs.x = "bigint"\n',
        '[task.shell.t]\ncommand = "echo $limit"\ninputs.x = "u.x"\n' + OTHER,
    ],
)
def test_what_it_does_and_with_what_is_its_meaning(project: Project, other: str) -> None:
    project.write("vp.toml", '[project]\nname = "test"\n[variables]\nlimit = 3\n')
    assert fingerprint(project, SAME) != fingerprint(project, other)


def test_a_variable_that_it_names_is_part_of_its_meaning_and_no_other(project: Project) -> None:
    def with_variables(text: str) -> str:
        project.write("vp.toml", f'[project]\nname = "test"\n[variables]\n{text}\n')
        return fingerprint(project, SAME)

    before = with_variables("limit = 3\nother = 1")
    assert with_variables("limit = 3\nother = 2") == before
    assert with_variables("limit = 4\nother = 1") != before


FUNCTIONS = {
    "tasks.py": """
    import pandas

    def tell(rows, limit, orders, context, note="x"):
        return {"told": rows}
    """
}


def test_a_function_takes_inputs_variables_assets_and_the_context(project: Project) -> None:
    project.sources()
    project.write("vp.toml", '[project]\nname = "test"\n[variables]\nlimit = 3\n')
    project.write("tasks.py", FUNCTIONS["tasks.py"])
    project.pipeline("""
    [task.shell.count]
    command = "true"
    outputs.rows = "bigint"
    [task.python.tell]
    function = "tasks:tell"
    inputs.rows = "count.rows"
    outputs.told = "bigint"
    """)
    tell = operators(project)["tell"]
    assert tell.function is not None
    assert [(each.name, each.flavour) for each in tell.function.parameters] == [
        ("orders", "pandas"),
        ("context", "context"),
    ]
    assert tell.function_values == ("rows", "limit")
    assert tell.after == (shop("count"), shop("orders"))
    before = tell.fingerprint
    project.write("tasks.py", FUNCTIONS["tasks.py"].replace('"told": rows', '"told": rows + 1'))
    assert operators(project)["tell"].fingerprint != before


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        ('command = "true"\nafter = ["dayly"]', "VP806", "Did you mean `daily`?"),
        ('command = "true"\nbefore = ["elsewhere.x"]', "VP806", "no asset or task `x`"),
        ('command = "true"\nafter = ["t"]', "VP806", "cannot come after itself"),
        ('command = "true"\nteardown_of = "daily"', "VP806", "is an asset, and only a task"),
        ('command = "true"\non_failure = ["daily"]', "VP806", "is an asset, and only a task"),
        ('command = "true"\non_failure = ["t"]', "VP806", "consequence of itself"),
        ('command = "true"\ninputs.x = "count"', "VP807", "which output of which task"),
        ('command = "true"\ninputs.x = "count.row"', "VP807", "Did you mean `rows`?"),
        ('command = "true"\ninputs.x = "daily.rows"', "VP806", "is an asset, and only a task"),
        ('command = "true"\nwhen = "$row > 0"', "VP308", "stands for nothing"),
        ('command = "true"\ninputs.n = "count.rows"\nwhen = "$nn > 0"', "VP308", "Did you mean `n`?"),
        ('command = "true"\ninputs.n = "count.rows"\nwhen = "$n + 1"', "VP304", "gives BIGINT"),
        ('command = "true"\nwhen = "1 ="', "VP301", ""),
        ('command = "true"\nwhen = "(select count(*) from daily) > 0"', "VP803", "sees only values"),
        ('command = ["echo", "$nobody"]', "VP308", "stands for nothing"),
        ('command = ["echo", "$item"]', "VP308", "stands for nothing"),
        ('command = "true"\nfor_each = { asset = "dayly", columns = ["x"] }', "VP806", "Did you mean `daily`?"),
        ('command = "true"\nfor_each = { asset = "daily", columns = ["y"] }', "VP302", "has no column `y`"),
        ('command = "true"\nfor_each = ["a"]\nwhen = "$item"', "VP304", "gives VARCHAR"),
    ],
)
def test_a_wrong_name_is_told_at_its_place(project: Project, body: str, code: str, words: str) -> None:
    project.pipeline(
        '[sql.daily]\nquery = "select 1 as x"\n[task.shell.count]\ncommand = "true"\noutputs.rows = "bigint"\n'
        f"[task.shell.t]\n{body}\n"
    )
    found = project.only()
    assert found.code == code
    assert words in found.detail
    assert found.place is not None and found.place.range.start_line >= 9
    assert found.fix is not None


def test_a_circle_of_tasks_and_assets_is_drawn(project: Project) -> None:
    project.pipeline("""
    [sql.daily]
    query = "select 1 as x"
    [task.shell.a]
    command = "true"
    after = ["daily"]
    [task.shell.b]
    command = "true"
    after = ["a"]
    before = ["daily"]
    """)
    found = project.only()
    assert found.code == "VP203"
    assert "shop.a → shop.daily → shop.b → shop.a" in found.detail
    assert found.place is not None and len(found.related) == 2


def test_a_name_that_is_an_asset_too_is_told_though_the_assets_file_was_not_touched(project: Project) -> None:
    project.pipeline('[sql.daily]\nquery = "select 1 as x"\n')
    for number in range(6):
        project.pipeline(f'[sql.other{number}]\nquery = "select 1 as x"\n', f"other{number}.vp.toml")
    assert not project.recall().diagnostics
    project.pipeline('[task.shell.daily]\ncommand = "true"\n', "tasks.vp.toml")
    (found,) = project.recall().diagnostics
    assert found.code == "VP201"
