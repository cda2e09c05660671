"""An apply that is killed at any moment: a task that is recorded as done is not done again, and none is forgotten."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.run.apply_and_die import Job
from tests.run.conftest import Project
from tests.run.killing import STRIDE, mortals  # noqa: F401

if TYPE_CHECKING:
    from tests.run.killing import Mortals

SPECS = """
[task.shell.fetch]
command = 'echo fetch >> log.txt; echo "rows=2" >> "$VP_OUTPUT"'
before = ["orders"]
outputs.rows = "bigint"

[source.file.orders]
path = "data/*.csv"

[sql.daily]
query = "select day, sum(amount) as revenue from orders group by day"

[task.shell.report]
command = "echo report >> log.txt"
after = ["daily"]
inputs.rows = "fetch.rows"
when = "$rows = 2"

[task.shell.never]
command = "echo never >> log.txt"
inputs.rows = "fetch.rows"
when = "$rows = 3"

[task.shell.tell]
command = "echo tell >> log.txt"
after = ["report"]
"""
ALL = {"fetch", "report", "tell"}


def log(project: Project) -> Counter[str]:
    file = project.root / "log.txt"
    return Counter(file.read_text().split() if file.exists() else [])


@pytest.mark.parametrize("kind", ["event", "commit"])
def test_what_is_recorded_is_not_done_again(kind: str, tmp_path: Path, mortals: Mortals) -> None:  # noqa: F811
    moment, ended = 1, False
    while not ended:
        project = Project(tmp_path / f"at-{moment}")
        project.write("data/a.csv", "day,amount\n2024-01-01,2\n")
        project.pipeline(SPECS)
        ended = mortals.apply(Job(str(project.root), kind, moment, at_once=True))
        before = log(project)
        recorded = {address.name for address, _ in project.state.sight("dev").operator_results()} & ALL
        # Every effect is recorded before the next task begins: only the last one may be there without a record.
        assert len(set(before) - recorded) <= 1
        result = project.apply(project.plan())
        assert result.status == "succeeded"
        assert set(log(project)) == ALL
        assert {name: log(project)[name] for name in recorded} == dict.fromkeys(recorded, 1)
        assert max(log(project).values()) <= 2
        assert project.plan().empty
        project.close()
        moment += STRIDE
    assert moment > 5
