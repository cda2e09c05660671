"""An apply that is killed while workers elsewhere make shares of one asset: they end, and the next apply goes on."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest
from tests.executors.kinds import ISOLATED
from tests.proof_steps import PROOF_STEPS
from tests.run.apply_and_die import Job
from tests.run.conftest import always_divided
from tests.run.killing import Mortals, check_it_comes_to_its_end, mortals
from tests.run.test_divided_kill import nothing_made

if TYPE_CHECKING:
    from tests.run.conftest import Project

    from vibepiper_spec.model.execution import ExecutorKind

__all__ = ["always_divided", "mortals"]  # fixtures


@pytest.mark.usefixtures("always_divided")
@pytest.mark.parametrize("kind", ISOLATED)
def test_killed_while_others_are_at_work(
    request: pytest.FixtureRequest, project: Project, mortals: Mortals, kind: ExecutorKind
) -> None:
    """What they have handed in is not made again."""
    if kind == "ray":
        address = request.getfixturevalue("ray_cluster")
        project.write("vp.toml", f'[project]\nname = "trial"\n[executor]\nray = {{ address = "{address}" }}\n')
    changed = nothing_made(project)
    # Soon after it was divided, and where about half of the shares have ended.
    for last in (8, 26) if PROOF_STEPS < 100 else range(6, 44, 4):
        with changed.copies.copy(f"at-{last}") as copy:
            job = Job(str(copy.root), "event", last, at_once=True, divided=True, executor=kind, workers=2)
            assert not mortals.apply(job)
            # On a cluster, workers may be slower to start than the run is to be killed.
            began = copy.root / "workers.txt"
            for worker in set(began.read_text().split() if began.exists() else ()):
                wait_for_end(int(worker))
            check_it_comes_to_its_end(copy, changed)


def wait_for_end(process: int) -> None:
    until = time.monotonic() + 60
    while is_alive(process):
        assert time.monotonic() < until
        time.sleep(0.05)


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
