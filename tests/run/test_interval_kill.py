"""An apply that is killed between its batches: what it finished is not made again, and the table comes out right."""

from __future__ import annotations

from tests.run.conftest import Project
from tests.run.killing import apply_until, calls

INTERVALS = 20
SPECS = """
[python.slow]
function = "slow_code:build"
build = { mode = "interval", column = "hour", grain = "hour", start = 2024-01-01, end = 2024-01-01T20:00:00 }
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


def test_finished_intervals_are_not_made_again(project: Project) -> None:
    project.pipeline(SPECS)
    project.write("slow_code.py", CODE)
    # Longer than the pace at which it is written down what is made.
    assert apply_until(project, 8) < INTERVALS
    apply_until(project, 4)
    assert project.apply().status == "succeeded"
    assert project.rows("shop.counted") == [(INTERVALS, INTERVALS)]
    assert project.plan().empty
    # Only what was in the making, or not yet written down, was made twice.
    assert calls(project).total() < 2 * INTERVALS
    assert max(calls(project).values()) <= 3
    assert calls(project)["00"] == 1
