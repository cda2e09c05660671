"""An apply that is killed between its batches: what it finished is not made again, and the table comes out right."""

from __future__ import annotations

import json
import subprocess
import sys
import time

from tests.run.conftest import Project
from tests.run.killing import DRIVER

INTERVALS = 12
SPECS = """
[python.slow]
function = "slow_code:build"
build = { mode = "interval", column = "hour", grain = "hour", start = 2024-01-01, end = 2024-01-01T12:00:00 }
columns.hour = "timestamp"
columns.made = "bigint"

[sql.counted]
query = "select count(*) as n, count(distinct hour) as hours from slow"
"""
CODE = """
import time
from pathlib import Path

import pyarrow as pa


def build(context) -> pa.Table:
    with Path(__file__).with_name("calls.txt").open("a") as file:
        file.write(f"{context.start:%H}\\n")
    time.sleep(0.15)
    return pa.table({"hour": pa.array([context.start], pa.timestamp("us")), "made": [1]})
"""


def calls(project: Project) -> list[str]:
    file = project.root / "calls.txt"
    return file.read_text().split() if file.exists() else []


def test_finished_intervals_are_not_made_again(project: Project) -> None:
    project.pipeline(SPECS)
    project.write("slow_code.py", CODE)
    killed = []
    for enough in (5, 9):
        process = subprocess.Popen([sys.executable, str(DRIVER), json.dumps({"root": str(project.root)})])
        while process.poll() is None and len(calls(project)) < enough:
            time.sleep(0.01)
        process.kill()
        process.wait()
        killed.append(len(calls(project)))
    assert killed[0] < INTERVALS
    assert project.apply().status == "succeeded"
    assert project.rows("shop.counted") == [(INTERVALS, INTERVALS)]
    assert project.plan().empty
    # Only what was in the making, or not yet written down, was made twice.
    assert len(calls(project)) < 2 * INTERVALS
    assert all(calls(project).count(hour) <= 3 for hour in calls(project))
    assert calls(project).count("00") == 1
