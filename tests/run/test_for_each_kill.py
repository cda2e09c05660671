"""An apply that is killed while a task goes through its items: what is recorded of them stays done."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from tests.run.apply_and_die import Job
from tests.run.conftest import Project
from tests.run.killing import mortals  # noqa: F401

if TYPE_CHECKING:
    from pathlib import Path

    from tests.run.killing import Mortals

ITEMS = {"a", "b", "c", "d", "e", "f", "g", "h"}
SPECS = f"""
[task.shell.say]
command = 'echo "$item" >> log.txt'
for_each = {{ items = {sorted(ITEMS)}, concurrency = 3 }}

[task.shell.tell]
command = "echo told >> log.txt"
after = ["say"]
"""


def log(project: Project) -> Counter[str]:
    file = project.root / "log.txt"
    return Counter(file.read_text().split() if file.exists() else [])


def recorded(project: Project) -> dict[str, str]:
    """The run that has done each item."""
    results = project.state.sight("dev").operator_results()
    return {item: result.run_id for (_, item), result in results.items() if item}


@pytest.mark.parametrize("kind", ["event", "commit"])
def test_only_items_that_are_not_recorded_are_done_again(kind: str, tmp_path: Path, mortals: Mortals) -> None:  # noqa: F811
    moment, ended, halfway = 1, False, 0
    while not ended:
        project = Project(tmp_path / f"at-{moment}")
        project.pipeline(SPECS)
        ended = mortals.apply(Job(str(project.root), kind, moment, at_once=True))
        known = recorded(project)
        assert known.keys() <= log(project).keys()
        halfway += 0 < len(known) < len(ITEMS)
        result = project.apply()
        assert result.status == "succeeded"
        begun = {str(event.address) for event in project.events if event.type == "item_finished"}
        if known.keys() < ITEMS:
            assert begun == {f"shop.say[{item}]" for item in ITEMS - known.keys()}
        done = log(project)
        assert {item: done[item] for item in known} == dict.fromkeys(known, 1)
        assert done.keys() == {*ITEMS, "told"}
        assert max(done.values()) <= 2
        # What was recorded is not recorded a second time.
        after = recorded(project)
        assert after.keys() == ITEMS
        assert {item: after[item] for item in known} == known
        assert project.plan().empty
        project.close()
        moment += 1
    assert halfway
