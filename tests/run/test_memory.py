"""More data than memory: the engine spills below `.vp`, finishes, and leaves nothing there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.run.conftest import Project

ROWS = 1_000_000  # each of these queries needs more than the memory below: without a place to spill to, it fails
SOURCE = f"select i as id, hash(i) as key, repeat('x', 20) || i as text from range({ROWS}) as t(i)"


@pytest.fixture
def small_memory(project: Project) -> Project:
    project.write("vp.toml", '[project]\nname = "trial"\n\n[executor]\nmemory = "64MB"\nworkers = 1\n')
    return project


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        pytest.param("select key, id, text from source order by key", ROWS, id="sort"),
        pytest.param(
            "select a.id, b.text from source as a join source as b on a.key = b.key where a.id % 2 = 0",
            ROWS // 2,
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
