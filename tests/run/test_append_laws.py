"""Appending is the sum of multisets, and what is new since any earlier version is the difference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.run.conftest import Project
from tests.run.deltas import Row, Table, session_in
from tests.run.test_merge_laws import VALUES

from vibepiper_interpreter.compile.build_settings import Append
from vibepiper_interpreter.run.new_rows import new_rows
from vibepiper_interpreter.run.session import RunSession
from vibepiper_interpreter.run.tasks.deltas import append


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Project, RunSession]]:
    project = Project(tmp_path_factory.mktemp("append") / "project")
    with session_in(project) as session:
        yield project, session
    project.close()


@st.composite
def batches(draw: st.DrawFn) -> tuple[list[str], list[list[Row]]]:
    kinds = draw(st.lists(st.sampled_from(sorted(VALUES)), min_size=1, max_size=2))
    row = st.tuples(*(st.sampled_from(VALUES[kind]) for kind in kinds))
    return kinds, draw(st.lists(st.lists(row, max_size=4), min_size=1, max_size=6))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(trial=batches(), many=st.sampled_from([1, 2, 3, 100]))
def test_appending_adds_and_what_is_new_is_the_difference(
    world: tuple[Project, RunSession],
    monkeypatch: pytest.MonkeyPatch,
    trial: tuple[list[str], list[list[Row]]],
    many: int,
) -> None:
    """However often parts are written together: no row is doubled by it, and none is new because of it."""
    monkeypatch.setattr(append, "MANY", many)
    kinds, found = trial
    session = world[1]
    table = Table.of(*world, [(f"v{number}", kind) for number, kind in enumerate(kinds)], Append())
    expected: Counter[Row] = Counter()
    past = []
    for rows in found:
        expected += Counter(table.texts(rows))
        began = table.version is None
        assert table.bring(rows) == (began or bool(rows))
        assert table.rows() == expected
        assert table.version is not None
        assert len(table.version.parts) <= many + 1
        past.append((table.version, expected.copy()))
    session.relations.declare(session.cursor(), past[-1][0])
    for version, held in past:
        relation = new_rows(session, past[-1][0], version)
        assert relation is not None
        assert table.as_text(relation) == expected - held


def test_what_lost_rows_has_no_new_ones(world: tuple[Project, RunSession]) -> None:
    session = world[1]
    one = Table.of(*world, [("v", "BIGINT")], Append())
    one.bring([("1",), ("2",)])
    other = Table.of(*world, [("v", "BIGINT")], Append())
    other.bring([("2",), ("3",)])
    assert one.version is not None
    assert other.version is not None
    session.relations.declare(session.cursor(), other.version)
    assert new_rows(session, other.version, one.version) is None
    assert new_rows(session, other.version, None) is None
