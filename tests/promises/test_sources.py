"""Whatever becomes of its files, and whenever an apply fails: a source holds each row as often as it should."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from tests.promises.source_model import BAD, EPOCH, Apply, Arrive, Copy, File, Row, Source, Step, Vanish, steps, write
from tests.proof_steps import PROOF_STEPS
from tests.run.conftest import Project

from vibepiper_spec.diagnostics import DiagnosticError

pytestmark = pytest.mark.law
LAW = settings(
    max_examples=max(6, PROOF_STEPS // 3),
    deadline=None,
    # A shorter story is not worth the minutes that looking for it takes: each step is a plan and an apply.
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
SPEC = """
[source.file.rows]
path = "data/*.csv"
options = {{ header = true }}
columns.k = "bigint"
columns.t = "timestamp"
columns.v = {{ type = "varchar", checks = [{{ accepted_values = ["x", "y"] }}] }}
{}
"""
# A file that never vanishes, so that the pattern always names one.
FIRST = "data/part-0.csv"
NewProject = Callable[[str], Project]


def tabled(project: Project) -> Counter[Row]:
    def minutes(time: datetime) -> int:
        return int((time - EPOCH).total_seconds()) // 60

    return Counter((k, minutes(t), v) for k, t, v, *_ in project.rows("shop.rows"))


def walk(project: Project, spec: str, source: Source, story: list[Step], take_up: Callable[[Source], None]) -> None:
    """Do what the story says to a real project and to `source`; after every apply both hold the same rows."""
    project.pipeline(SPEC.format(spec))
    source.there[FIRST] = File((), source.clock)
    write(project.root, FIRST, source.there[FIRST])
    for step in [*story, Apply()]:
        match step:
            case Arrive():
                source.clock += 10
                rows = tuple({row[0]: row for row in step.rows}.values()) if source.unique else step.rows
                source.there[step.path] = File(rows, source.clock - step.age)
                write(project.root, step.path, source.there[step.path])
            case Copy():
                if step.of in source.there and step.of != step.path:
                    source.there[step.path] = source.there[step.of]
                    write(project.root, step.path, source.there[step.path])
            case Vanish():
                source.there.pop(step.path, None)
                (project.root / step.path).unlink(missing_ok=True)
            case Apply(fails=True):
                fail(project, source)
            case Apply():
                apply(project, source, take_up)


def apply(project: Project, source: Source, take_up: Callable[[Source], None]) -> None:
    expected, plan = source.new(), None
    if refused(source):
        with pytest.raises(DiagnosticError) as error:
            project.plan()
        assert error.value.diagnostics[0].code == "VP530"
        # The way out that the message offers last: what was there before comes back.
        for path in source.changed():
            source.there[path] = source.read[path]
            write(project.root, path, source.there[path])
        expected = source.new()
    plan = project.plan()
    planned = [file.path for action in plan.actions for file in action.source_files]
    assert planned == expected or not source.read
    result = project.apply(plan)
    assert result.status == "succeeded", result
    source.late = 0
    take_up(source)
    assert tabled(project) == source.table
    told = [found for task in result.tasks for found in task.diagnostics]
    if take_up is Source.append_by_column:
        assert [found.detail.split(" ")[0] for found in told] == ([str(source.late)] if source.late else [])
    assert project.plan().empty


def refused(source: Source) -> bool:
    return bool(source.changed()) and not source.again


def fail(project: Project, source: Source) -> None:
    """Nothing of a run that fails is to be seen, and nothing of it is forgotten."""
    if refused(source) or not source.read:
        return
    source.clock += 10
    bad = "data/zz-bad.csv"
    write(project.root, bad, File(((1, 12, BAD),), source.clock))
    result: Any = project.apply()
    (project.root / bad).unlink()
    assert result.status == "failed"
    assert tabled(project) == source.table


@LAW
@given(steps)
def test_append_by_path(tmp_path_factory: pytest.TempPathFactory, story: list[Step]) -> None:
    run(tmp_path_factory, 'write = "append"', Source(), story, Source.append)


@LAW
@given(steps)
def test_append_by_name(tmp_path_factory: pytest.TempPathFactory, story: list[Step]) -> None:
    run(tmp_path_factory, 'write = "append"\ncursor = "name"', Source("name"), story, Source.append)


@LAW
@given(steps)
def test_append_by_time_of_change(tmp_path_factory: pytest.TempPathFactory, story: list[Step]) -> None:
    spec = 'write = "append"\ncursor = { by = "modified", lag = "10s" }'
    run(tmp_path_factory, spec, Source("modified", 10), story, Source.append)


@LAW
@given(steps)
def test_append_by_time_of_change_with_no_lag(tmp_path_factory: pytest.TempPathFactory, story: list[Step]) -> None:
    run(tmp_path_factory, 'write = "append"\ncursor = "modified"', Source("modified"), story, Source.append)


@LAW
@given(steps)
def test_append_by_column(tmp_path_factory: pytest.TempPathFactory, story: list[Step]) -> None:
    spec = 'write = "append"\ncursor = { column = "t", lag = "3m" }'
    source = Source("column", 3, again=True)
    run(tmp_path_factory, spec, source, story, Source.append_by_column)


@LAW
@given(steps)
def test_append_by_column_with_no_lag(tmp_path_factory: pytest.TempPathFactory, story: list[Step]) -> None:
    spec = 'write = "append"\ncursor = { column = "T" }'
    run(tmp_path_factory, spec, Source("column", again=True), story, Source.append_by_column)


@LAW
@given(steps)
def test_merge(tmp_path_factory: pytest.TempPathFactory, story: list[Step]) -> None:
    spec = 'write = { mode = "merge", key = ["k"] }'
    run(tmp_path_factory, spec, Source(again=True, unique=True), story, Source.merge)


@LAW
@given(steps)
def test_merge_of_one_column(tmp_path_factory: pytest.TempPathFactory, story: list[Step]) -> None:
    spec = 'write = { mode = "merge", key = ["k"], update_columns = ["v"] }'
    run(tmp_path_factory, spec, Source(again=True, unique=True), story, Source.merge_value)


@LAW
@given(steps)
def test_merge_by_column(tmp_path_factory: pytest.TempPathFactory, story: list[Step]) -> None:
    spec = 'write = { mode = "merge", key = ["k"] }\ncursor = { column = "t", lag = "3m" }'
    run(tmp_path_factory, spec, Source("column", 3, again=True, unique=True), story, Source.merge_by_column)


@LAW
@given(steps)
def test_replaced_intervals(tmp_path_factory: pytest.TempPathFactory, story: list[Step]) -> None:
    spec = 'write = { mode = "interval", column = "t", grain = "five_minutes" }'
    run(tmp_path_factory, spec, Source(again=True), story, Source.replace_five_minutes)


@LAW
@given(steps)
def test_replaced_partitions(tmp_path_factory: pytest.TempPathFactory, story: list[Step]) -> None:
    spec = 'write = { mode = "partition", column = "v" }'
    run(tmp_path_factory, spec, Source(again=True), story, Source.replace_values)


def run(
    factory: pytest.TempPathFactory, spec: str, source: Source, story: list[Step], take_up: Callable[[Source], None]
) -> None:
    root: Path = factory.mktemp("source")
    project = Project(root)
    try:
        walk(project, spec, source, story, take_up)
    finally:
        project.close()
