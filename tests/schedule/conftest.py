"""A project whose schedules are run, at any time one likes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from tests.run.conftest import Project

from vibepiper_interpreter.plan.plan import Plan
from vibepiper_interpreter.run import apply_plan
from vibepiper_interpreter.run.result import RunResult
from vibepiper_interpreter.schedule.run_due import DueRun, run_due
from vibepiper_interpreter.state import State


class Scheduled(Project):
    """What `vp run` does, without the terminal."""

    def due(self, at: str | None = None, environment: str = "dev", *, dry_run: bool = False) -> DueRun:
        moment = None if at is None else datetime.fromisoformat(at)
        return run_due(self.root, environment, self._apply, at=moment, dry_run=dry_run)

    def _apply(self, plan: Plan, state: State) -> RunResult:
        return apply_plan(plan, root=self.root, settings=self.settings, state=state, owner="a test", by_schedule=True)


def made(run: DueRun) -> list[list[str]]:
    """The names of the assets that each plan was about."""
    return [[str(action.address) for action in each.plan.actions] for each in run.rounds]


def due_names(run: DueRun) -> list[str]:
    return [each.subject.name for each in run.due if each.is_due]


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Scheduled]:
    found = Scheduled(tmp_path)
    yield found
    found.close()
