"""kill -9 at any moment, then apply: the same tables as an undisturbed run, and nothing half done in between."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

import pytest
from tests.run.apply_and_die import Job
from tests.run.killing import (
    STRIDE,
    Copies,
    CopiesOnPostgresql,
    Mortals,
    Undisturbed,
    apply_alone,
    check_it_comes_to_its_end,
    kill_at_every_moment,
    mortals,
    tables,
    undisturbed,
)
from tests.state.conftest import postgresql

from vibepiper_interpreter.run import ensure_warehouse

if TYPE_CHECKING:
    from tests.run.conftest import Project

__all__ = ["mortals", "postgresql"]  # fixtures

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


def specs(factor: int) -> str:
    return SPECS.replace("FACTOR", str(factor))


def orders(count: int) -> str:
    return "id,amount\n" + "".join(f"{number},{number * 3}\n" for number in range(count))


def change(project: Project, copies: Copies) -> Undisturbed:
    project.write("shop_code.py", CODE)
    project.pipeline(specs(3))
    project.write("orders.csv", orders(100))
    assert project.apply().status == "succeeded"
    project.pipeline(specs(4))
    project.write("orders.csv", orders(120))
    return undisturbed(project, copies)


@pytest.fixture
def changed(project: Project) -> Undisturbed:
    return change(project, Copies(project))


@pytest.fixture
def changed_on_postgresql(project: Project, postgresql: str) -> Undisturbed:
    return change(project, CopiesOnPostgresql(project, postgresql))


def test_killed_at_an_event(changed: Undisturbed, mortals: Mortals) -> None:
    assert kill_at_every_moment(changed, mortals, "event", stride=8) > 2


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["event", "commit", "change"])
@pytest.mark.parametrize("where", ["changed", "changed_on_postgresql"])
def test_killed_at_every_moment(
    request: pytest.FixtureRequest, mortals: Mortals, where: str, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    changed: Undisturbed = request.getfixturevalue(where)
    kills = kill_at_every_moment(changed, mortals, kind, stride=STRIDE)
    with capsys.disabled():
        print(f"\n{where}: killed at {kills} moments of the kind {kind}, one in {STRIDE}")


def test_killed_at_a_time(changed: Undisturbed) -> None:
    chance = random.Random(5)
    for number in range(2):
        with changed.copies.copy(f"time-{number}") as project:
            # Twice in a row: the second apply starts from what the first one left.
            apply_alone(project, kill_after=chance.uniform(0, 0.6))
            apply_alone(project, kill_after=chance.uniform(0, 0.6))
            check_it_comes_to_its_end(project, changed)


def test_the_driver_that_is_not_killed_gives_the_same_tables(changed: Undisturbed) -> None:
    with changed.copies.copy("late") as project:
        assert apply_alone(project) == "applied\n"
        assert tables(project) == changed.after


def test_what_a_kill_leaves_in_the_storage_can_be_swept(changed: Undisturbed, mortals: Mortals) -> None:
    with changed.copies.copy("swept") as project:
        assert not mortals.apply(Job(str(project.root), "event", 12))
        project.apply()
        recorded = {
            version.id for address in project.state.pointers("dev") for version in project.state.history(address)
        }
        for left in project.storage.unknown(recorded, before=time.time() + 60):
            project.storage.remove(left.address, left.version_id)
        project.storage.remove_scratch(before=time.time() + 60)
        ensure_warehouse(project.root, project.settings, project.state, "dev")
        assert tables(project) == changed.after
        assert {each.version_id for each in project.storage.stored()} <= recorded
