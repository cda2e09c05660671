"""kill -9 at any moment, then apply: the same tables as an undisturbed run, and nothing half done in between."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import create_engine, make_url, text
from tests.proof_steps import PROOF_STEPS
from tests.state.conftest import postgresql

from vibepiper_interpreter.run import ensure_warehouse

if TYPE_CHECKING:
    from tests.run.conftest import Project

__all__ = ["postgresql"]  # a fixture

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
[sql.merged]
query = "select id % 50 as slot, max(id) as id from orders group by 1"
build = { mode = "merge", key = ["slot"] }
[sql.logged]
query = "select slot, id from merged"
build = "append"
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


def run(project: Project, last: int = 0, kind: str = "event", kill_after: float | None = None) -> str:
    """Apply in another process, which dies at a moment (see the driver) or after some seconds; 0: it does not.

    Returns what it said after planning.
    """
    command = [sys.executable, str(DRIVER), str(project.root), kind, str(last)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "planned\n"
        if kill_after is not None:
            time.sleep(kill_after)
            process.kill()
        return process.stdout.read()


@dataclass
class Changed:
    """A project that stands before its second apply; its tables before, and as they must become."""

    copy: Callable[[str], Project]
    before: Tables
    after: Tables


def change(project: Project, copy: Callable[[str], Project]) -> Changed:
    project.write("shop_code.py", CODE)
    project.pipeline(specs(3))
    project.write("orders.csv", orders(100))
    assert project.apply().status == "succeeded"
    before = project.tables()
    project.pipeline(specs(4))
    project.write("orders.csv", orders(120))
    project.close()
    undisturbed = copy("undisturbed")
    assert undisturbed.apply().status == "succeeded"
    return Changed(copy, before, undisturbed.tables())


@pytest.fixture
def changed(project: Project, new_project: Callable[[str], Project]) -> Changed:
    def copy(name: str) -> Project:
        shutil.copytree(project.root, project.root.with_name(name))
        return new_project(name)

    return change(project, copy)


@pytest.fixture
def changed_on_postgresql(
    project: Project, new_project: Callable[[str], Project], postgresql: str
) -> Iterator[Changed]:
    """The same with its state on a server. A copy has a database of its own, with the same state in it."""
    url = make_url(postgresql)
    server = create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    databases: list[str] = []

    def connect(root: Path, database: str) -> None:
        text = url.set(database=database).render_as_string(hide_password=False)
        (root / "vp.toml").write_text(f'[project]\nname = "trial"\n[state]\nurl = "{text}"\n', encoding="utf-8")

    def copy(name: str) -> Project:
        root = project.root.with_name(name)
        shutil.copytree(project.root, root)
        databases.append(f"{url.database}_{len(databases)}")
        with server.connect() as connection:
            connection.execute(text(f"create database {databases[-1]} template {url.database}"))
        connect(root, databases[-1])
        return new_project(name)

    connect(project.root, str(url.database))
    yield change(project, copy)
    with server.connect() as connection:
        for database in databases:
            connection.execute(text(f"drop database {database} with (force)"))
    server.dispose()


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


def check_it_comes_to_its_end(project: Project, changed: Changed) -> None:
    check_whole(project, changed.before, changed.after)
    assert project.apply().status == "succeeded"
    assert project.tables() == changed.after
    assert project.plan().empty


def test_killed_at_an_event(changed: Changed) -> None:
    for last_event in (1, 8, 14, 20):
        project = changed.copy(f"event-{last_event}")
        run(project, last_event)
        check_it_comes_to_its_end(project, changed)


# Every moment, or every so many of them where the proof is to be short.
STRIDE = max(1, 200 // PROOF_STEPS)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["event", "commit", "change"])
@pytest.mark.parametrize("where", ["changed", "changed_on_postgresql"])
def test_killed_at_every_moment(request: pytest.FixtureRequest, where: str, kind: str) -> None:
    changed: Changed = request.getfixturevalue(where)
    for last in range(1, 300, STRIDE):
        project = changed.copy(f"{kind}-{last}")
        rest = run(project, last, kind)
        check_it_comes_to_its_end(project, changed)
        if rest == "applied\n":
            assert last > 4
            return
        project.close()
        shutil.rmtree(project.root)
    pytest.fail("the run has more moments than this test looks at")


def test_killed_at_a_time(changed: Changed) -> None:
    chance = random.Random(5)
    for number in range(2):
        project = changed.copy(f"time-{number}")
        # Twice in a row: the second apply starts from what the first one left.
        run(project, kill_after=chance.uniform(0, 0.6))
        run(project, kill_after=chance.uniform(0, 0.6))
        check_it_comes_to_its_end(project, changed)


def test_the_driver_that_is_not_killed_gives_the_same_tables(changed: Changed) -> None:
    project = changed.copy("late")
    rest = run(project)
    assert rest == "applied\n"
    assert shown(project) == changed.after


def test_what_a_kill_leaves_in_the_storage_can_be_swept(changed: Changed) -> None:
    project = changed.copy("swept")
    run(project, 12)
    project.apply()
    recorded = {version.id for address in project.state.pointers("dev") for version in project.state.history(address)}
    for left in project.storage.unknown(recorded, before=time.time() + 60):
        project.storage.remove(left.address, left.version_id)
    project.storage.remove_scratch(before=time.time() + 60)
    assert project.tables() == changed.after
    assert {each.version_id for each in project.storage.stored()} <= recorded
