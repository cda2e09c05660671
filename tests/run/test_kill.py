"""kill -9 at any moment, then apply: the same tables as an undisturbed run, and nothing half done in between.

Nothing is lost, nothing doubled, and what was finished is not made twice.
"""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

import pytest
from tests.run import kill_bit_by_bit, kill_whole
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
)
from tests.state.conftest import postgresql

from vibepiper_interpreter.run import ensure_warehouse

if TYPE_CHECKING:
    from tests.run.conftest import Project

__all__ = ["mortals", "postgresql"]  # fixtures

CHANGES = {"whole": kill_whole.change, "bit by bit": kill_bit_by_bit.change, "by several": kill_bit_by_bit.change}


def job(built: str, kind: str) -> Job:
    """`by several`: what is built bit by bit, by several workers at once."""
    several = built == "by several"
    return Job("", kind, at_once=built != "whole" and kind != "change", divided=several, workers=3 if several else None)


@pytest.fixture
def changed(project: Project) -> Undisturbed:
    return kill_whole.change(project, Copies(project))


@pytest.mark.parametrize("built", CHANGES)
def test_killed_at_an_event(request: pytest.FixtureRequest, project: Project, mortals: Mortals, built: str) -> None:
    if built == "by several":
        request.getfixturevalue("always_divided")
    changed = CHANGES[built](project, Copies(project))
    assert kill_at_every_moment(changed, mortals, job(built, "event"), stride=9) > 2


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["event", "commit", "change"])
@pytest.mark.parametrize("where", ["sqlite", "postgresql"])
@pytest.mark.parametrize("built", CHANGES)
def test_killed_at_every_moment(
    request: pytest.FixtureRequest,
    project: Project,
    mortals: Mortals,
    built: str,
    where: str,
    kind: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    on_postgresql = where == "postgresql"
    copies = CopiesOnPostgresql(project, request.getfixturevalue(where)) if on_postgresql else Copies(project)
    if built == "by several":
        request.getfixturevalue("always_divided")
    kills = kill_at_every_moment(CHANGES[built](project, copies), mortals, job(built, kind), stride=STRIDE)
    with capsys.disabled():
        print(f"\n{built}, {where}: killed at {kills} moments of the kind {kind}, one in {STRIDE}")


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
