"""An apply that is killed between its batches: what it finished is not made again, and the table comes out right."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import asdict
from datetime import datetime, timedelta

from tests.run.apply_and_die import Job
from tests.run.conftest import Project
from tests.run.killing import DRIVER, calls

from vibepiper_interpreter.storage.slices import built_ranges
from vibepiper_spec.address import Address

INTERVALS = 20
START = datetime(2024, 1, 1)
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


def recorded(project: Project) -> set[str]:
    """The hours of which the state knows that they are made."""
    versions = project.state.history(Address("shop", "slow"), 1000)
    newest = max(versions, key=lambda version: version.created_at, default=None)
    ranges = () if newest is None else built_ranges(newest.built)
    return {
        f"{hour:02}"
        for hour in range(INTERVALS)
        if any(each.start <= START + timedelta(hours=hour) < each.end for each in ranges)
    }


def kill_once_more_is_recorded(project: Project) -> set[str]:
    """Returns what was recorded then, and is not to be made again."""
    before = recorded(project)
    process = subprocess.Popen([sys.executable, str(DRIVER), json.dumps(asdict(Job(str(project.root))))])
    while process.poll() is None and recorded(project) == before:
        time.sleep(0.01)
    process.kill()
    process.wait()
    return recorded(project)


def test_finished_intervals_are_not_made_again(project: Project) -> None:
    project.pipeline(SPECS)
    project.write("slow_code.py", CODE)
    done, called = set[str](), calls(project)
    for _ in range(2):
        more = kill_once_more_is_recorded(project)
        assert done < more and len(more) < INTERVALS
        # Only what was in the making, or not yet written down, is made twice.
        assert {hour: calls(project)[hour] for hour in done} == {hour: called[hour] for hour in done}
        done, called = more, calls(project)
    assert project.apply().status == "succeeded"
    assert project.rows("shop.counted") == [(INTERVALS, INTERVALS)]
    assert project.plan().empty
    assert {hour: calls(project)[hour] for hour in done} == {hour: called[hour] for hour in done}
