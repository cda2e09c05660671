"""Memory: what does not fit is spilled below `.vp` and leaves nothing there; how much a task took is recorded."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.run.conftest import Project

ROWS = 2_000_000  # each of these queries needs more than the memory below: without a place to spill to, it fails
SOURCE = f"select i as id, hash(i) as key, repeat('x', 20) || i as text from range({ROWS}) as t(i)"


@pytest.fixture
def small_memory(project: Project) -> Project:
    project.write("vp.toml", '[project]\nname = "trial"\n\n[executor]\nmemory = "128MB"\nworkers = 1\n')
    return project


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        pytest.param("select key, id, text from source order by key", ROWS, id="sort"),
        pytest.param(
            "select a.text as one, b.text as other from source as a join source as b on a.key = b.key",
            ROWS,
            id="join",
        ),
        pytest.param("select text, count(*) as n from source group by text", ROWS, id="aggregate"),
        pytest.param("select id, row_number() over (order by key) as place from source", ROWS, id="window"),
    ],
)
def test_what_does_not_fit_is_spilled(small_memory: Project, query: str, rows: int) -> None:
    small_memory.pipeline(f'[sql.source]\nquery = "{SOURCE}"\n[sql.result]\nquery = "{query}"\n')
    result = small_memory.apply()
    assert result.status == "succeeded", [each.diagnostics for each in result.tasks]
    assert small_memory.task(result, "result").rows == rows
    assert not list(small_memory.storage.root.glob(".scratch*"))


CODE = """
import time
import pyarrow

def large():
    taken = bytearray(b"x") * 200_000_000
    time.sleep(0.3)  # long enough to be seen, also where the process held more before
    del taken
    return pyarrow.table({"a": [1]})

def small(large):
    return pyarrow.table({"a": [2]})
"""
SPECS = """
[python.large]
function = "taking:large"
rebuild = "always"
[python.small]
function = "taking:small"
rebuild = "always"
[sql.shown]
query = "select 1 as a"
build = "view"
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells how much memory a process holds")
def test_the_memory_that_the_process_held_is_recorded_with_what_was_made(project: Project) -> None:
    project.write("taking.py", CODE)
    project.pipeline(SPECS)
    held: list[dict[str, int]] = []
    for _ in range(2):
        result = project.apply(workers=1)
        made = project.state.versions(task.version_id for task in result.tasks if task.version_id)
        held.append({version.address.name: version.peak_memory or 0 for version in made.values()})
        told = {task.address.name: task.peak_memory for task in project.state.run(result.run_id).tasks}
        assert {name: peak or 0 for name, peak in told.items()} == held[-1]
        _ = bytearray(b"x") * 400_000_000  # so that the next time is no new maximum of the process, and has to be seen
    for each in held:
        assert each["large"] - each["small"] > 100_000_000
        assert each["small"] > 10_000_000
    assert held[0]["shown"] == 0  # a view is not made
