"""An apply that is killed while several workers make the slices of one asset: what they have handed in stays made."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from tests.run.apply_and_die import Job
from tests.run.killing import (
    STRIDE,
    Copies,
    Mortals,
    Undisturbed,
    kill_at_every_moment,
    mortals,
    undisturbed,
)
from tests.run.test_slices_by_several_workers import CODE, SPECS, orders

if TYPE_CHECKING:
    from tests.run.conftest import Project

__all__ = ["mortals"]  # a fixture

pytestmark = pytest.mark.usefixtures("always_divided")
# One interval a call, so that it does not matter for the names of calls where one who goes on begins.
DAY_BY_DAY = SPECS.replace(", batch_size = 2", "")
# Each writes down who it is.
KNOWN = CODE.replace(
    "def called(name, piece):\n",
    "import os\n\ndef called(name, piece):\n    with (HERE / 'workers.txt').open('a') as file:\n"
    "        file.write(f'{os.getpid()}\\n')\n",
)


def nothing_made(project: Project) -> Undisturbed:
    """The rows are there, and nobody has made anything of them."""
    project.write("shop_code.py", KNOWN)
    project.pipeline(DAY_BY_DAY)
    orders(project, random.Random(1))
    assert project.apply(project.plan("orders")).status == "succeeded"
    return undisturbed(project, Copies(project))


def some_stale(project: Project) -> Undisturbed:
    """All was made; then a part of the rows changed, so that some slices are stale, and come out the same or not."""
    project.write("shop_code.py", KNOWN)
    project.pipeline(DAY_BY_DAY)
    chance = random.Random(1)
    lines = orders(project, chance)
    assert project.apply().status == "succeeded"
    others = orders(project, chance)
    project.write("orders.csv", "\n".join(["id,at,kind,amount", *lines[:15], *others[15:]]) + "\n")
    return undisturbed(project, Copies(project))


BEGINNINGS = {"nothing made": nothing_made, "some stale": some_stale}


@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_killed_at_a_commit(project: Project, mortals: Mortals, beginning: str) -> None:
    changed = BEGINNINGS[beginning](project)
    job = Job("", "commit", at_once=True, divided=True, workers=3)
    assert kill_at_every_moment(changed, mortals, job, stride=11) > 1


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["event", "commit", "change"])
@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_killed_at_every_moment(
    project: Project, mortals: Mortals, beginning: str, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = BEGINNINGS[beginning](project)
    job = Job("", kind, at_once=kind != "change", divided=True, workers=3)
    kills = kill_at_every_moment(changed, mortals, job, stride=STRIDE)
    with capsys.disabled():
        print(f"\n{beginning}: killed at {kills} moments of the kind {kind}, one in {STRIDE}")
