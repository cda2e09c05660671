"""What is done where a task or an asset fails, or succeeds, is done wherever these run, and is told what went wrong."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from tests.executors.kinds import EVERY, ISOLATED

if TYPE_CHECKING:
    from tests.run.conftest import Project

    from vibepiper_spec.model.execution import ExecutorKind

CODE = """
import os
from pathlib import Path
import pyarrow as pa

HERE = Path(__file__).parent

def work():
    if (HERE / "broken").exists():
        raise ConnectionError("nobody answers")

def dies():
    if (HERE / "broken").exists():
        os._exit(3)

def numbers():
    work()
    return pa.table({"id": [1]})

def told(failed, error):
    with (HERE / "log.txt").open("a") as log:
        log.write(f"told:{failed}:{'nobody answers' in error}\\n")
"""
SPECS = """
[python.numbers]
function = "shop_code:numbers"
columns.id = "bigint"
on_failure = ["told"]
on_success = ["cheer"]

[task.python.risky]
function = "shop_code:WORK"
run = "always"
on_failure = ["told", "alarm"]
on_success = ["cheer"]
retry = { attempts = 2, delay = "1ms" }

[task.python.told]
function = "shop_code:told"

[task.shell.alarm]
command = 'echo "alarm:$failed" >> log.txt'

[task.shell.cheer]
command = "echo cheer >> log.txt"
"""


def log(project: Project) -> Counter[str]:
    file = project.root / "log.txt"
    lines = file.read_text().splitlines() if file.exists() else []
    file.unlink(missing_ok=True)
    return Counter(lines)


@pytest.mark.parametrize("kind", EVERY)
def test_hooks_are_done_where_something_fails_or_succeeds(project: Project, kind: ExecutorKind) -> None:
    project.write("shop_code.py", CODE)
    project.pipeline(SPECS.replace("WORK", "work"))
    project.write("broken", "")
    result = project.apply(executor=kind)
    assert result.status == "failed"
    ended = {"numbers": "failed", "risky": "failed", "told": "done", "alarm": "done", "cheer": "skipped"}
    assert project.outcomes(result) == ended
    assert project.task(result, "risky").attempts == 2
    both = {"told:shop.numbers, shop.risky:True", "told:shop.risky, shop.numbers:True"}
    seen = log(project)
    assert len(seen) == seen.total() == 2 and seen.pop("alarm:shop.risky") == 1 and seen.keys() <= both
    (project.root / "broken").unlink()
    result = project.apply(executor=kind)
    assert result.status == "succeeded"
    ended = {"numbers": "built", "risky": "done", "told": "skipped", "alarm": "skipped", "cheer": "done"}
    assert project.outcomes(result) == ended
    assert log(project) == {"cheer": 1}


@pytest.mark.parametrize("kind", ISOLATED)
def test_hooks_are_done_where_a_worker_is_lost(project: Project, kind: ExecutorKind) -> None:
    project.write("shop_code.py", CODE)
    project.pipeline(SPECS.replace("WORK", "dies"))
    project.write("broken", "")
    result = project.apply(executor=kind)
    assert project.outcomes(result)["alarm"] == "done"
    assert project.task(result, "risky").diagnostics[0].code == "VP801"
    assert "alarm:shop.risky" in log(project)
