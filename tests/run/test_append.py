"""Assets that rows are added to: what they see of their inputs, and what is published after each apply."""

from __future__ import annotations

from collections import Counter

import pytest
from tests.run.conftest import Project

from vibepiper_interpreter.plan.plan import Plan
from vibepiper_interpreter.run.tasks.deltas import append

PIPELINE = """
[source.file.events]
path = "events/*.csv"
write = "append"
cursor = { by = "name" }
columns.id = "bigint"
columns.kind = "varchar"

[source.file.kinds]
path = "kinds.csv"
columns.kind = "varchar"
columns.words = "varchar"

[sql.log]
query = "select e.id, k.words from events as e join kinds as k using (kind)"
build = "append"

[sql.latest]
query = "select id as key, kind from events"
build = { mode = "merge", key = ["key"] }

[sql.counted]
query = "select words, count(*) as n from log group by 1"
"""


@pytest.fixture
def shop(project: Project) -> Project:
    project.pipeline(PIPELINE)
    project.write("kinds.csv", "kind,words\na,first\nb,second\n")
    events(project, "1", (1, "a"), (2, "b"))
    project.apply()
    return project


def events(project: Project, name: str, *rows: tuple[int, str]) -> None:
    project.write(f"events/{name}.csv", "id,kind\n" + "".join(f"{number},{kind}\n" for number, kind in rows))


def verbs(plan: Plan) -> dict[str, str]:
    return {action.address.name: action.verb for action in plan.actions}


def test_only_new_rows_come(shop: Project) -> None:
    events(shop, "2", (3, "a"), (1, "b"))
    plan = shop.plan()
    assert verbs(plan) == {"events": "extend", "log": "extend", "latest": "extend", "counted": "rebuild"}
    shop.apply(plan)
    assert shop.rows("shop.log") == [(1, "first"), (1, "second"), (2, "second"), (3, "first")]
    assert shop.rows("shop.latest") == [(1, "b"), (2, "b"), (3, "a")]
    assert shop.rows("shop.counted") == [("first", 2), ("second", 2)]
    assert shop.plan().empty


def test_what_was_appended_is_not_made_again_when_another_input_changes(shop: Project) -> None:
    shop.write("kinds.csv", "kind,words\na,changed\nb,second\n")
    assert shop.outcomes(shop.apply()) == {"kinds": "built", "log": "kept", "counted": "kept"}
    assert shop.rows("shop.log") == [(1, "first"), (2, "second")]
    events(shop, "2", (3, "a"))
    shop.apply()
    assert shop.rows("shop.log") == [(1, "first"), (2, "second"), (3, "changed")]


def test_rows_wait_for_who_was_not_selected(shop: Project) -> None:
    """A reader takes what is new since it was made itself, however often the input has grown since."""
    for number in (2, 3, 4):
        events(shop, str(number), (number * 10, "a"))
        shop.apply(shop.plan("shop.events"))
    shop.apply()
    assert [row[0] for row in shop.rows("shop.log")] == [1, 2, 20, 30, 40]


def test_parts_written_together_are_not_new(shop: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(append, "MANY", 2)
    shop.pipeline(PIPELINE + '\n[sql.second]\nquery = "select id, words from log"\nbuild = "append"\n')
    shop.apply()
    for number in range(2, 7):
        events(shop, str(number), (number * 10, "a"))
        shop.apply()
        assert Counter(shop.rows("shop.second")) == Counter(shop.rows("shop.log"))
    assert len(shop.rows("shop.log")) == 7


def test_what_is_made_from_nothing_takes_its_readers_along(shop: Project) -> None:
    events(shop, "2", (3, "a"))
    shop.apply()
    shop.pipeline(PIPELINE.replace("e.id, k.words", "e.id + 100 as id, k.words") + SECOND)
    shop.apply()
    shop.pipeline(PIPELINE.replace("e.id, k.words", "e.id + 200 as id, k.words") + SECOND)
    plan = shop.plan()
    assert {name: verbs(plan)[name] for name in ("log", "second")} == {"log": "rebuild", "second": "rebuild"}
    shop.apply(plan)
    assert shop.rows("shop.second") == [(201,), (202,), (203,)]


SECOND = '\n[sql.second]\nquery = "select id from log"\nbuild = "append"\n'


def test_what_reads_nothing_that_grows_is_a_log_of_what_it_came_to(project: Project) -> None:
    project.pipeline(
        '[source.file.stock]\npath = "stock.csv"\n'
        '[sql.daily]\nquery = "select item, left_over from stock"\nbuild = "append"\n'
    )
    project.write("stock.csv", "item,left_over\nnail,5\n")
    project.apply()
    project.write("stock.csv", "item,left_over\nnail,4\n")
    project.apply()
    assert project.rows("shop.daily") == [("nail", 4), ("nail", 5)]
    assert project.plan().empty


def test_an_interrupted_apply_appends_nothing_twice(shop: Project) -> None:
    """What a failed check holds back is found again, and not appended to."""
    shop.pipeline(PIPELINE + "columns.n = { checks = [{ between = [0, 1] }] }\n")
    shop.apply()
    events(shop, "2", (3, "a"))
    assert shop.apply().status == "failed"
    assert shop.apply().status == "failed"
    shop.pipeline(PIPELINE)
    shop.apply()
    assert [row[0] for row in shop.rows("shop.log")] == [1, 2, 3]


def test_another_environment_follows(shop: Project) -> None:
    shop.write("vp.toml", '[project]\nname = "trial"\n[environment.prod]\n')
    shop.apply(shop.plan(environment="prod"))
    for number in (2, 3):
        events(shop, str(number), (number * 10, "a"))
        shop.apply()
    plan = shop.plan(environment="prod")
    assert {verb for name, verb in verbs(plan).items() if name in ("log", "latest")} == {"repoint"}
    shop.apply(plan)
    assert shop.rows("shop.log", "prod") == shop.rows("shop.log")


CODE = """
import pyarrow

calls = []


def added(events: pyarrow.Table) -> pyarrow.Table:
    return events.select(["id"])


def kept(log: pyarrow.Table) -> pyarrow.Table:
    return pyarrow.table({"words": log["words"].unique()})


def states(kinds: pyarrow.Table) -> pyarrow.Table:
    return kinds
"""
PYTHON = """
[python.added]
function = "functions:added"
build = "append"
columns.id = "bigint"

[python.kept]
function = "functions:kept"
build = { mode = "merge", key = ["words"] }
columns.words = "varchar"

[python.states]
function = "functions:states"
build = { mode = "scd2", key = ["kind"] }
columns.kind = "varchar"
columns.words = "varchar"
"""


def test_functions_see_new_rows_too(shop: Project) -> None:
    shop.write("functions.py", CODE)
    shop.pipeline(PIPELINE + PYTHON)
    shop.apply()
    events(shop, "2", (3, "a"))
    shop.write("kinds.csv", "kind,words\na,changed\nb,second\n")
    result = shop.apply()
    assert result.status == "succeeded"
    assert shop.rows("shop.added") == [(1,), (2,), (3,)]
    assert shop.rows("shop.kept") == [("changed",), ("first",), ("second",)]
    assert shop.query("SELECT kind, words, valid_to IS NULL FROM shop.states ORDER BY ALL") == [
        ("a", "changed", True),
        ("a", "first", False),
        ("b", "second", True),
    ]
    assert shop.plan().empty


def test_what_comes_with_other_columns_is_refused_until_it_is_asked_for(project: Project) -> None:
    """A function that declares no columns: only when it has run can its columns be known to differ."""
    project.pipeline(
        '[source.file.payments]\npath = "payments.csv"\n[python.log]\nfunction = "functions:log"\nbuild = "append"\n'
    )
    project.write("functions.py", "def log(payments):\n    return payments\n")
    project.write("payments.csv", "id,amount\n1,2\n")
    project.apply()
    project.write("payments.csv", "id,amount\n1,2.5\n")
    result = project.apply()
    assert [each.code for each in project.task(result, "log").diagnostics] == ["VP522"]
    assert project.rows("shop.log") == [(1, 2)]


@pytest.mark.parametrize("query", ["select * from payments", "select id, amount from payments"])
def test_other_types_of_an_input_are_another_meaning(project: Project, query: str) -> None:
    project.pipeline(f'[source.file.payments]\npath = "payments.csv"\n[sql.log]\nquery = "{query}"\nbuild = "append"\n')
    project.write("payments.csv", "id,amount\n1,2\n")
    project.apply()
    project.write("payments.csv", "id,amount\n1,2.5\n")
    plan = project.plan()
    assert verbs(plan) == {"payments": "rebuild", "log": "rebuild"}
    assert project.apply(plan).status == "succeeded"
    assert project.rows("shop.log") == [(1, 2.5)]
