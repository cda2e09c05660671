"""A backfill in which each interval is made upon the one before, killed in the middle: the next apply goes on there."""

from __future__ import annotations

from tests.run.conftest import Project
from tests.run.killing import apply_until, calls

INTERVALS = 12
SPECS = """
[python.slow]
function = "slow_code:build"
build = { mode = "interval", column = "hour", grain = "hour", start = 2024-01-01, end = 2024-01-01T12:00:00 }
inputs.amounts = { time_column = "at_hour" }
columns.hour = "timestamp"
columns.total = "bigint"

[source.file.amounts]
path = "amounts.csv"
columns = { at_hour = "timestamp", amount = "bigint" }
"""
CODE = """
import time
from pathlib import Path

import pyarrow as pa


def build(slow: pa.Table, amounts: pa.Table, context) -> pa.Table:
    with Path(__file__).with_name("calls.txt").open("a") as file:
        file.write(f"{context.start:%H}\\n")
    time.sleep(0.15)
    before = slow.sort_by("hour")["total"].to_pylist()
    assert len(before) == context.start.hour, "every interval before it is there, and none behind it"
    now = [row["amount"] for row in amounts.to_pylist() if row["at_hour"] == context.start]
    total = (before[-1] if before else 0) + sum(now)
    return pa.table({"hour": pa.array([context.start], pa.timestamp("us")), "total": [total]})
"""


def amounts(project: Project, *given: int) -> list[int]:
    """Writes the amount of each hour; what the table then holds."""
    rows = [f"2024-01-01 {hour:02}:00:00,{amount}" for hour, amount in enumerate(given)]
    project.write("amounts.csv", "\n".join(["at_hour,amount", *rows]) + "\n")
    return [sum(given[: hour + 1]) for hour in range(INTERVALS)]


def totals(project: Project) -> list[int]:
    return [total for _, total in project.rows("shop.slow")]


def test_a_killed_backfill_goes_on_in_order(project: Project) -> None:
    project.pipeline(SPECS)
    project.write("slow_code.py", CODE)
    right = amounts(project, *range(1, INTERVALS + 1))
    assert apply_until(project, 8) < INTERVALS
    apply_until(project, 2)
    assert project.apply().status == "succeeded"
    assert totals(project) == right
    assert project.plan().empty
    assert calls(project)["00"] == 1  # the first apply had written it down
    assert calls(project).total() < 2 * INTERVALS


def test_a_killed_wave_is_finished(project: Project) -> None:
    """All is published; a change of the first interval reaches all others, and the apply that makes them is killed."""
    project.pipeline(SPECS)
    project.write("slow_code.py", CODE)
    before = amounts(project, *range(1, INTERVALS + 1))
    project.apply()
    right = amounts(project, 100, *range(2, INTERVALS + 1))
    assert apply_until(project, 8) < INTERVALS
    assert totals(project) == before  # nothing of it is seen
    begun = calls(project).total()
    assert project.apply().status == "succeeded"
    assert totals(project) == right
    assert project.plan().empty
    assert calls(project).total() - begun < INTERVALS  # and not all of them once more
    assert calls(project)["00"] == 2
