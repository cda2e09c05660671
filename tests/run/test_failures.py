"""What goes wrong while a run is under way is said with a code, and nothing half done is ever shown."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from vibepiper_interpreter.run.events import Event
from vibepiper_interpreter.run.failures import declared_at
from vibepiper_interpreter.run.result import RunResult
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError

if TYPE_CHECKING:
    from tests.run.conftest import Project

SLOW = """
[sql.quick]
query = "select 1 as a"
[sql.slow]
query = "select count(*) as a from quick, range(10000000) as x(i), range(1000000) as y(j) where i + j < a"
[sql.reader]
query = "select a from slow"
"""


def only(result: RunResult) -> Diagnostic:
    [diagnostic] = [diagnostic for task in result.tasks for diagnostic in task.diagnostics]
    return diagnostic


def test_a_file_that_changed_since_the_plan(project: Project) -> None:
    project.write("orders.csv", "id\n1\n")
    project.pipeline('[source.file.orders]\npath = "orders.csv"\n')
    plan = project.plan()
    project.write("orders.csv", "id\n2\n")
    diagnostic = only(project.apply(plan))
    assert diagnostic.code == "VP505"
    assert diagnostic.detail.startswith("The file `orders.csv` has changed since the plan was made")
    assert project.apply().status == "succeeded"


def test_a_file_that_vanished_since_the_plan(project: Project) -> None:
    project.write("a.csv", "id\n1\n")
    project.write("b.csv", "id\n2\n")
    project.pipeline('[source.file.orders]\npath = ["a.csv", "b.csv"]\n')
    plan = project.plan()
    (project.root / "b.csv").unlink()
    diagnostic = only(project.apply(plan))
    assert diagnostic.code == "VP505"
    assert diagnostic.detail.startswith("The file `b.csv` has vanished since the plan was made")


def test_a_file_touched_but_not_changed_is_the_same(project: Project) -> None:
    project.write("orders.csv", "id\n1\n")
    project.pipeline('[source.file.orders]\npath = "orders.csv"\n')
    plan = project.plan()
    os.utime(project.root / "orders.csv", (1, 1))
    assert project.apply(plan).status == "succeeded"


def test_a_file_read_in_place_that_changes_during_the_run(project: Project) -> None:
    project.write("orders.csv", "id\n1\n")
    project.pipeline(
        '[source.file.orders]\npath = "orders.csv"\nbuild = "view"\n'
        '[sql.first]\nquery = "select id from orders"\nbuild = "view"\n'
        '[sql.second]\nquery = "select id from first"\n'
    )

    def change(event: Event) -> None:
        if event.type == "task_finished" and str(event.address) == "shop.orders":
            project.write("orders.csv", "id\n1\n2\n")

    # One worker, and the reader starts only after the change.
    diagnostic = only(project.apply(listener=change, workers=1))
    assert diagnostic.code == "VP505"
    assert diagnostic.detail.startswith("The file `orders.csv` changed while it was read")


def test_a_broken_row_names_file_and_line(project: Project) -> None:
    lines = ["id,amount", *(f"{i},{i}" for i in range(30_000)), "x,1"]
    project.write("orders.csv", "\n".join(lines) + "\n")
    project.pipeline('[source.file.orders]\npath = "orders.csv"\ncolumns.id = "bigint"\n')
    diagnostic = only(project.apply())
    assert diagnostic.code == "VP504"
    assert "Line 30002 of `orders.csv`" in diagnostic.detail


def test_a_value_that_cannot_be_cast_points_into_the_query(project: Project) -> None:
    project.pipeline(
        "[sql.texts]\nquery = \"select * from (values ('1'), ('é')) as t(word)\"\n"
        "[sql.numbers]\nquery = \"select 'é' as x, $env as env, cast(word as integer) as number from texts\"\n"
    )
    diagnostic = only(project.apply())
    assert diagnostic.code == "VP507"
    assert "Could not convert string 'é' to INT32" in diagnostic.detail
    assert diagnostic.place is not None
    line = (
        (project.root / "shop.vp.toml").read_text(encoding="utf-8").splitlines()[diagnostic.place.range.start_line - 1]
    )
    assert line[diagnostic.place.range.start_column - 1 :].startswith("cast(word")


def test_an_error_inside_a_view_has_no_made_up_place(project: Project) -> None:
    project.pipeline(
        "[sql.texts]\nquery = \"select * from (values ('1'), ('x')) as t(word)\"\n"
        '[sql.shown]\nquery = "select cast(word as integer) as number from texts"\nbuild = "view"\n'
        '[sql.numbers]\nquery = "select number from shown"\n'
    )
    diagnostic = only(project.apply())
    assert diagnostic.code == "VP507"
    assert diagnostic.place == declared_at(project.plan().assets[Address("shop", "numbers")])


def test_a_version_whose_files_are_gone_is_named_and_then_made_again(project: Project) -> None:
    project.pipeline('[sql.one]\nquery = "select 1 as a"\n')
    project.apply()
    project.pipeline('[sql.one]\nquery = "select 1 as a"\n[sql.two]\nquery = "select a from one"\n')
    plan = project.plan()
    for file in project.storage.root.rglob("*.parquet"):
        file.unlink()
    diagnostic = only(project.apply(plan))
    assert diagnostic.code == "VP509"
    assert project.apply().status == "succeeded"
    assert project.rows("shop.two") == [(1,)]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_publishes_nothing_of_it_and_leaves_nothing_behind(project: Project, small_disk: Path) -> None:
    project.write("vp.toml", f'[project]\nname = "trial"\n[storage]\npath = "{small_disk}/storage"\n')
    project.pipeline(
        '[sql.small]\nquery = "select 1 as a"\n'
        '[sql.large]\nquery = "select hash(range) as h, hash(range + 1) as i from range(1000000)"\n'
        '[sql.after]\nquery = "select count(*) as n from large"\n'
    )
    result = project.apply()
    assert result.status == "failed"
    assert only(result).code == "VP508"
    assert project.outcomes(result) == {"small": "built", "large": "failed", "after": "skipped"}
    assert project.rows("shop.small") == [(1,)]
    assert {file.split("/")[1] for file in project.part_files()} == {"small"}


def test_cancelling_stops_a_query_and_leaves_the_environment_as_it_was(project: Project) -> None:
    project.pipeline(SLOW)
    cancel = threading.Event()

    def stop_at_slow(event: Event) -> None:
        if event.type == "task_started" and str(event.address) == "shop.slow":
            threading.Timer(0.3, cancel.set).start()

    result = project.apply(listener=stop_at_slow, cancel=cancel)
    assert result.status == "cancelled"
    assert [diagnostic.code for diagnostic in result.diagnostics] == ["VP709"]
    assert project.outcomes(result) == {"quick": "built", "slow": "skipped", "reader": "skipped"}
    assert project.state.pointers("dev") == {}
    # What was finished is kept, and the lease is free.
    project.pipeline(SLOW.replace("10000000", "10").replace("1000000", "10"))
    again = project.apply()
    assert again.status == "succeeded"
    assert project.outcomes(again)["quick"] == "repointed"


def test_a_keyboard_interrupt_is_a_cancelled_run(project: Project) -> None:
    project.pipeline(SLOW)

    def press(event: Event) -> None:
        if event.type == "task_started" and str(event.address) == "shop.slow":
            raise KeyboardInterrupt

    result = project.apply(listener=press)
    assert result.status == "cancelled"
    assert project.state.run(result.run_id).summary.status == "cancelled"


def test_two_applies_at_once_the_second_stops_before_its_first_write(project: Project) -> None:
    project.pipeline('[sql.one]\nquery = "select 1 as a"\n')
    plan = project.plan()
    with project.state.take_lease("dev", "somebody else"), pytest.raises(DiagnosticError) as caught:
        project.apply(plan)
    [diagnostic] = caught.value.diagnostics
    assert diagnostic.code == "VP703"
    assert "somebody else" in diagnostic.detail
    assert project.part_files() == set()
    assert project.state.runs() == []


def test_the_second_of_two_applies_can_wait(project: Project) -> None:
    project.pipeline('[sql.one]\nquery = "select 1 as a"\n')
    plan = project.plan()
    lease = project.state.take_lease("dev", "somebody else")
    threading.Timer(0.5, lease.release).start()
    assert project.apply(plan, wait=30).status == "succeeded"


def test_a_lost_lease_publishes_nothing(project: Project, take_over: Callable[[], None]) -> None:
    project.pipeline('[sql.one]\nquery = "select 1 as a"\n[sql.two]\nquery = "select a from one"\n')

    def lose(event: Event) -> None:
        if event.type == "task_finished" and str(event.address) == "shop.one":
            take_over()

    result = project.apply(listener=lose)
    assert result.status == "failed"
    assert [diagnostic.code for diagnostic in result.diagnostics] == ["VP704"]
    assert project.state.pointers("dev") == {}
    assert not any(task.published for task in result.tasks)


@pytest.fixture
def take_over(project: Project) -> Callable[[], None]:
    """Does to the lease what another machine does once the owner has given no sign of life for too long."""
    import sqlite3

    def take() -> None:
        with closing(sqlite3.connect(project.root / ".vp" / "state.sqlite", timeout=10)) as database, database:
            database.execute("update leases set token = token + 1, owner = 'another'")

    return take


def test_a_defect_in_the_listener_ends_the_run_and_frees_the_lease(project: Project) -> None:
    project.pipeline('[sql.one]\nquery = "select 1 as a"\n')

    def fail(event: Event) -> None:
        if event.type == "task_started":
            raise RuntimeError("a defect")

    with pytest.raises(RuntimeError, match="a defect"):
        project.apply(listener=fail)
    assert project.state.runs()[0].status == "failed"
    assert project.apply().status == "succeeded"


def test_what_an_engine_spilled_is_removed(project: Project) -> None:
    project.pipeline('[sql.one]\nquery = "select 1 as a"\n')
    project.apply()
    assert [path.name for path in project.storage.root.iterdir() if path.name.startswith(".scratch")] == []
