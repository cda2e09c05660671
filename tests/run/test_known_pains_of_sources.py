"""What is known to go wrong with sources elsewhere: each pain by its name."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from tests.run.apply_and_die import Job
from tests.run.killing import Mortals, mortals

from vibepiper_interpreter.compile import compile_project
from vibepiper_interpreter.plan.asked import Asked
from vibepiper_interpreter.run import ensure_warehouse
from vibepiper_spec import load_project
from vibepiper_spec.diagnostics import DiagnosticError

if TYPE_CHECKING:
    from tests.run.conftest import Project

__all__ = ["mortals"]  # a fixture

SPEC = """
[source.file.orders]
path = "data/*.csv"
columns.id = "bigint"
columns.at = "timestamp"
{}
"""
BY_COLUMN = 'write = "append"\ncursor = {{ column = "at"{} }}'


def arrive(project: Project, name: str, *rows: tuple[int, str]) -> None:
    text = "".join(f"{number},2024-01-01 {time}\n" for number, time in rows)
    project.write(f"data/{name}.csv", f"id,at\n{text}")


def ids(project: Project) -> list[int]:
    return [number for (number,) in project.query("SELECT id FROM shop.orders ORDER BY ALL")]


def test_rows_committed_late_within_lag(project: Project) -> None:
    """They are taken up once, and those that are there are not taken up again."""
    project.pipeline(SPEC.format(BY_COLUMN.format(', lag = "1h"')))
    arrive(project, "1", (1, "10:00"), (2, "12:00"))
    assert project.apply().status == "succeeded"
    arrive(project, "2", (2, "12:00"), (3, "11:30"), (4, "12:30"))
    assert project.apply().status == "succeeded"
    assert ids(project) == [1, 2, 3, 4]
    arrive(project, "3", (3, "11:30"), (4, "12:30"))
    assert project.apply().status == "succeeded"
    assert ids(project) == [1, 2, 3, 4]


def test_rows_late_beyond_the_lag_are_told(project: Project) -> None:
    project.pipeline(SPEC.format(BY_COLUMN.format(', lag = "1h"')))
    arrive(project, "1", (1, "10:00"), (2, "12:00"))
    project.apply()
    arrive(project, "2", (1, "10:00"), (3, "10:30"), (4, "12:30"))
    result = project.apply()
    assert ids(project) == [1, 2, 4]
    (told,) = project.task(result, "orders").diagnostics
    assert (told.code, told.severity) == ("VP533", "warning")
    assert told.detail.startswith("1 row came too late for `shop.orders`")
    assert told.notes[1:] == ("3   2024-01-01 10:30:00",)


def test_lag_at_zero(project: Project) -> None:
    """A row with the very value that was the greatest is not lost, and none is doubled."""
    project.pipeline(SPEC.format(BY_COLUMN.format(', lag = "0s"')))
    arrive(project, "1", (1, "10:00"), (2, "12:00"))
    project.apply()
    arrive(project, "2", (2, "12:00"), (3, "12:00"), (3, "12:00"))
    assert project.apply().status == "succeeded"
    assert ids(project) == [1, 2, 3, 3]


def test_unbounded_dedup_state(project: Project) -> None:
    """What is kept to know what is new is one value, whatever was read; only the window of the lag is compared."""
    project.pipeline(SPEC.format(BY_COLUMN.format(', lag = "1h"')))
    for number in range(8):
        arrive(project, "growing", *((each, f"{each:02}:00") for each in range(10 + number)))
        assert project.apply().status == "succeeded"
    pointer = project.state.pointers("dev")
    (version,) = project.state.versions([each.version_id for each in pointer.values()]).values()
    assert [each.slice for each in version.built] == ["2024-01-01 16:00:00"]
    assert len(version.source_files) == 1
    assert ids(project) == list(range(17))


def test_a_start_is_where_reading_begins(project: Project) -> None:
    project.pipeline(SPEC.format(BY_COLUMN.format(", start = 2024-01-01T11:00:00")))
    arrive(project, "1", (1, "10:00"), (2, "12:00"))
    assert project.apply().status == "succeeded"
    arrive(project, "2", (3, "10:30"), (4, "12:30"))
    result = project.apply()
    assert project.task(result, "orders").diagnostics == ()
    assert ids(project) == [2, 4]


def test_a_row_without_a_value_of_the_cursor(project: Project) -> None:
    project.pipeline(SPEC.format(BY_COLUMN.format("")))
    arrive(project, "1", (1, "10:00"))
    project.apply()
    project.write("data/2.csv", "id,at\n2,\n3,2024-01-01 12:00\n")
    result = project.apply()
    assert [found.code for found in project.task(result, "orders").diagnostics] == ["VP534"]
    assert ids(project) == [1]


def test_a_file_that_is_renamed_is_not_read_again_by_its_time(project: Project) -> None:
    project.pipeline(SPEC.format('write = "append"\ncursor = "modified"'))
    arrive(project, "1", (1, "10:00"))
    project.apply()
    shutil.move(project.root / "data" / "1.csv", project.root / "data" / "archived-1.csv")
    arrive(project, "2", (2, "10:00"))
    assert project.apply().status == "succeeded"
    assert ids(project) == [1, 2]


def test_a_landing_folder_that_is_cleared(project: Project) -> None:
    """Files that were read may go, all of them; so may a column that only they had."""
    project.pipeline('[source.file.orders]\npath = "data/*.csv"\nwrite = "append"\n')
    project.write("data/1.csv", "id,amount,note\n1,1.5,hello\n")
    project.apply()
    (project.root / "data" / "1.csv").unlink()
    assert project.plan().empty
    project.write("data/2.csv", "amount,id\n2,2\n")
    plan = project.plan()
    (reason,) = plan.actions[0].reasons
    assert reason.words == "1 new file: `data/2.csv`; 1 file that it has read is gone: its rows stay"
    assert project.apply(plan).status == "succeeded"
    assert project.rows("shop.orders") == [(1, 1.5, "hello"), (2, 2.0, None)]


def test_a_new_column_never_costs_rows_whose_file_is_gone(project: Project) -> None:
    project.pipeline('[source.file.orders]\npath = "data/*.csv"\nwrite = "append"\n')
    project.write("data/1.csv", "id\n1\n")
    project.apply()
    project.write("data/2.csv", "id,tax\n2,0.5\n")
    assert project.plan().actions[0].verb == "rebuild"
    (project.root / "data" / "1.csv").unlink()
    with pytest.raises(DiagnosticError) as error:
        project.plan()
    assert error.value.diagnostics[0].code == "VP531"


def test_made_anew_when_asked(project: Project) -> None:
    """`--rebuild` reads all files that are there, and lets the rows of the others go."""
    project.pipeline(SPEC.format('write = "append"'))
    arrive(project, "1", (1, "10:00"))
    arrive(project, "2", (2, "10:00"))
    project.apply()
    arrive(project, "1", (1, "11:00"))
    (project.root / "data" / "2.csv").unlink()
    with pytest.raises(DiagnosticError):
        project.plan()
    plan = project.plan(asked=Asked(rebuild=("orders",)))
    assert [(action.verb, len(action.source_files)) for action in plan.actions] == [("rebuild", 1)]
    assert project.apply(plan).status == "succeeded"
    assert project.query('SELECT id, hour("at") FROM shop.orders') == [(1, 11)]
    assert project.plan().empty


def test_many_replaced_intervals_are_written_together(project: Project) -> None:
    project.pipeline(SPEC.format('write = { mode = "interval", column = "at", grain = "hour" }'))
    for number in range(10):
        arrive(project, str(number), *((number, f"{hour:02}:00") for hour in (number, number + 1)))
        assert project.apply().status == "succeeded"
    hours = 'SELECT hour("at"), min(id), count(*) FROM shop.orders GROUP BY ALL ORDER BY ALL'
    assert project.query(hours) == [*((number, number, 1) for number in range(10)), (10, 9, 1)]
    pointer = project.state.pointers("dev")
    (version,) = project.state.versions([each.version_id for each in pointer.values()]).values()
    assert len(version.parts) < 10
    assert version.rows == 11


def test_a_saved_plan_reads_exactly_its_files(project: Project) -> None:
    project.pipeline(SPEC.format('write = "append"'))
    arrive(project, "1", (1, "10:00"))
    project.apply()
    arrive(project, "2", (2, "10:00"))
    plan = project.plan()
    arrive(project, "3", (3, "10:00"))
    assert project.apply(plan).status == "succeeded"
    assert ids(project) == [1, 2]
    assert project.apply().status == "succeeded"
    assert ids(project) == [1, 2, 3]


@pytest.mark.parametrize("write", ['write = "append"', 'write = { mode = "merge", key = ["id"] }'])
def test_killed_while_it_reads(
    project: Project, new_project: Callable[[str], Project], mortals: Mortals, write: str
) -> None:
    """Whenever the process dies, the next apply reads each file once."""
    project.pipeline(SPEC.format(write))
    arrive(project, "1", (1, "10:00"))
    project.apply()
    arrive(project, "2", (2, "10:00"), (3, "10:00"))
    project.close()
    for last in range(1, 40, 3):
        for kind in ("commit", "change"):
            shutil.copytree(project.root, project.root.with_name(f"{kind}-{last}"))
            copy = new_project(f"{kind}-{last}")
            applied = mortals.apply(Job(str(copy.root), kind, last))
            assert copy.apply().status == "succeeded"
            ensure_warehouse(copy.root, copy.settings, copy.state, "dev")
            assert ids(copy) == [1, 2, 3]
            assert copy.plan().empty
        if applied:
            return


def test_a_history_of_files(project: Project) -> None:
    """`scd2`: the files are how everything is now; what is gone from them is closed."""
    project.pipeline(SPEC.format('write = { mode = "scd2", key = ["id"] }'))
    arrive(project, "1", (1, "10:00"), (2, "10:00"))
    project.apply()
    arrive(project, "1", (1, "11:00"))
    arrive(project, "2", (3, "10:00"))
    assert project.apply().status == "succeeded"
    found = project.query('SELECT id, hour("at"), valid_to IS NULL FROM shop.orders ORDER BY ALL')
    assert found == [(1, 10, False), (1, 11, True), (2, 10, False), (3, 10, True)]
    assert project.plan().empty


def test_no_delivery_is_not_the_end_of_every_row(project: Project) -> None:
    """A history whose files are all gone is not closed: the plan says that there is no file."""
    project.pipeline(SPEC.format('write = { mode = "scd2", key = ["id"] }'))
    arrive(project, "1", (1, "10:00"))
    project.apply()
    for file in project.root.rglob("*.csv"):
        file.unlink()
    compiled = compile_project(load_project(project.root), "dev")
    assert [found.code for found in compiled.diagnostics] == ["VP502"]
