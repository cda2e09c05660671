"""kill -9 at any moment, then apply: the same tables as an undisturbed run, and nothing half done in between."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from vibepiper_interpreter.run import ensure_warehouse

if TYPE_CHECKING:
    from tests.run.conftest import Project

DRIVER = Path(__file__).with_name("apply_and_die.py")
SPECS = """
[source.file.orders]
path = "orders.csv"
[sql.large]
query = "select id, amount, hash(id * 7 + i) as h from orders, range(2000) as x(i)"
[sql.sums]
query = "select id % 10 as digit, sum(amount) as amount, bit_xor(h) as h from large group by 1"
columns.digit = { checks = ["unique"] }
[sql.shown]
query = "select digit, amount from sums"
build = "view"
[python.copied]
function = "shop_code:copied"
columns.digit = "bigint"
columns.amount = "decimal(38,0)"
[sql.alone]
query = "select range as a from range(100000) where range % FACTOR = 0"
[sql.after_alone]
query = "select count(*) as n from alone"
"""
CODE = """
import time
import pyarrow as pa

def copied(shown: pa.Table) -> pa.Table:
    time.sleep(0.1)
    return shown
"""
Tables = dict[str, Counter[tuple[Any, ...]]]


def specs(factor: int) -> str:
    return SPECS.replace("FACTOR", str(factor))


def orders(count: int) -> str:
    return "id,amount\n" + "".join(f"{number},{number * 3}\n" for number in range(count))


def run(project: Project, last_event: int, kill_after: float | None = None) -> str:
    """Apply in another process, which dies at an event or at a time; returns what it said after planning."""
    command = [sys.executable, str(DRIVER), str(project.root), str(last_event)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "planned\n"
        if kill_after is not None:
            time.sleep(kill_after)
            process.kill()
        return process.stdout.read()


@pytest.fixture
def changed(project: Project, new_project: Callable[[str], Project]) -> tuple[Callable[[str], Project], Tables, Tables]:
    """Makes copies of a project that stands before its second apply; its tables before, and as they must become."""
    project.write("shop_code.py", CODE)
    project.pipeline(specs(3))
    project.write("orders.csv", orders(100))
    assert project.apply().status == "succeeded"
    before = project.tables()
    project.pipeline(specs(4))
    project.write("orders.csv", orders(120))
    project.close()

    def copy(name: str) -> Project:
        root = project.root.with_name(name)
        shutil.copytree(project.root, root)
        return new_project(name)

    undisturbed = copy("undisturbed")
    assert undisturbed.apply().status == "succeeded"
    return copy, before, undisturbed.tables()


def shown(project: Project) -> Tables:
    """What readers see now, in a warehouse file made after the kill."""
    ensure_warehouse(project.root, project.settings, project.state, "dev")
    return project.tables()


def check_whole(project: Project, before: Tables, after: Tables) -> None:
    """Right after the kill every component is wholly old or wholly new."""
    seen = shown(project)
    alone = {"shop.alone", "shop.after_alone"}
    for component in (alone, set(before) - alone):
        parts = [{name: tables[name] for name in component} for tables in (seen, before, after)]
        assert parts[0] in parts[1:]


def test_killed_at_an_event(changed: tuple[Callable[[str], Project], Tables, Tables]) -> None:
    copy, before, after = changed
    for last_event in (1, 8, 14, 20):
        project = copy(f"event-{last_event}")
        run(project, last_event)
        check_whole(project, before, after)
        assert project.apply().status == "succeeded"
        assert project.tables() == after
        assert project.plan().empty


@pytest.mark.slow
def test_killed_at_every_event(changed: tuple[Callable[[str], Project], Tables, Tables]) -> None:
    copy, before, after = changed
    for last_event in range(1, 40):
        project = copy(f"event-{last_event}")
        rest = run(project, last_event)
        check_whole(project, before, after)
        assert project.apply().status == "succeeded"
        assert project.tables() == after
        if rest == "applied\n":
            return
    pytest.fail("the run has more events than this test looks at")


def test_killed_at_a_time(changed: tuple[Callable[[str], Project], Tables, Tables]) -> None:
    copy, before, after = changed
    chance = random.Random(5)
    for number in range(2):
        project = copy(f"time-{number}")
        # Twice in a row: the second apply starts from what the first one left.
        run(project, 0, kill_after=chance.uniform(0, 0.6))
        run(project, 0, kill_after=chance.uniform(0, 0.6))
        check_whole(project, before, after)
        result = project.apply()
        assert result.status == "succeeded"
        assert project.tables() == after
        assert project.plan().empty


def test_the_driver_that_is_not_killed_gives_the_same_tables(
    changed: tuple[Callable[[str], Project], Tables, Tables],
) -> None:
    copy, _, after = changed
    project = copy("late")
    rest = run(project, 0)
    assert rest == "applied\n"
    assert shown(project) == after


def test_what_a_kill_leaves_in_the_storage_can_be_swept(
    changed: tuple[Callable[[str], Project], Tables, Tables],
) -> None:
    copy, _, after = changed
    project = copy("swept")
    run(project, 12)
    project.apply()
    recorded = {version.id for address in project.state.pointers("dev") for version in project.state.history(address)}
    for left in project.storage.unknown(recorded, before=time.time() + 60):
        project.storage.remove(left.address, left.version_id)
    project.storage.remove_scratch(before=time.time() + 60)
    assert project.tables() == after
    assert {each.version_id for each in project.storage.stored()} <= recorded
