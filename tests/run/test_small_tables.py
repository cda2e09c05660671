"""Small results that stay in memory during a run: nobody can tell that they did."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from vibepiper_interpreter.run.small_tables import SmallTables

if TYPE_CHECKING:
    from tests.run.conftest import Project

NUMBERS = """
[source.file.numbers]
path = "numbers.csv"
"""


@pytest.fixture
def numbers(project: Project) -> Project:
    project.write("numbers.csv", "id,size\n" + "".join(f"{i},{'small' if i % 3 else 'large'}\n" for i in range(300)))
    return project


def test_a_result_too_large_for_memory_after_all_is_written_whole(numbers: Project) -> None:
    numbers.pipeline(
        NUMBERS
        + """
[sql.pairs]
query = "select a.id as a, b.id as b from numbers as a, numbers as b"
checks = [{ unique = ["a", "b"] }, { row_count = { min = 90000, max = 90000 } }]
[sql.count]
query = "select count(*) as pairs from pairs"
"""
    )
    assert SmallTables.MOST_ROWS < 90_000
    result = numbers.apply()
    assert result.status == "succeeded", result
    assert numbers.task(result, "pairs").rows == 90_000
    assert numbers.rows("shop.count") == [(90_000,)]


def test_readers_see_the_types_that_the_file_will_have(numbers: Project) -> None:
    """As an enum, `large` would stand behind `small`, and the greatest would be another."""
    numbers.pipeline(
        NUMBERS
        + """
[sql.sized]
query = '''
select id, cast(size as enum('small', 'large')) as size, cast('2024-01-01' as timestamp_s) as seen from numbers
'''
[sql.greatest]
query = "select max(size) as size, any_value(typeof(size)) as type, any_value(typeof(seen)) as time from sized"
"""
    )
    numbers.apply()
    assert numbers.rows("shop.greatest") == [("small", "VARCHAR", "TIMESTAMP")]


@pytest.mark.parametrize("most_at_once", [0, 10_000, 1_000_000])
def test_tables_are_equal_however_little_room_there_is(
    numbers: Project, new_project: Callable[[str], Project], monkeypatch: pytest.MonkeyPatch, most_at_once: int
) -> None:
    specs = NUMBERS + "".join(
        f"""
[sql.step_{number}]
query = "select id + 1 as id, size from {"numbers" if number == 0 else f"step_{number - 1}"}"
columns.id.checks = ["unique", {{ references = "numbers.id", severity = "warn" }}]
"""
        for number in range(12)
    )
    numbers.pipeline(specs)
    monkeypatch.setattr(SmallTables, "MOST_ROWS_AT_ONCE", most_at_once)
    result = numbers.apply()
    assert result.status == "succeeded", result
    assert [check.failing for check in numbers.task(result, "step_11").checks] == [0, 12]
    monkeypatch.undo()
    other = new_project("other")
    other.write("numbers.csv", (numbers.root / "numbers.csv").read_text())
    other.pipeline(specs)
    other.apply(workers=1)
    assert numbers.tables() == other.tables()


def test_a_rebuild_that_fails_leaves_what_was_published(numbers: Project) -> None:
    """In the same run, the check of another asset reads the name of the one that failed."""
    step = """
[sql.step]
query = "select id{} as id from numbers"
columns.id.checks = [{{ max = 299 }}]
[sql.other]
query = "select {} as n from numbers"
columns.n.checks = [{{ references = "step.id" }}]
"""
    numbers.pipeline(NUMBERS + step.format("", "id"))
    assert numbers.apply().status == "succeeded"
    for broken in (" + 1", " // (id - id)", " + cast('x' || id as bigint)"):
        numbers.pipeline(NUMBERS + step.format(broken, "id + 0"))
        result = numbers.apply()
        assert result.status == "failed"
        assert len(numbers.rows("shop.step")) == 300
    numbers.pipeline(NUMBERS + step.format(" * 1", "id"))
    assert numbers.apply().status == "succeeded"
    assert numbers.plan().empty


def test_a_view_reads_a_small_table(numbers: Project) -> None:
    numbers.pipeline(
        NUMBERS
        + """
[sql.step]
query = "select id from numbers where id % 2 = 0"
[sql.seen]
query = "select id + 1 as id from step"
build = "view"
columns.id.checks = ["unique"]
[sql.last]
query = "select max(id) as id from seen"
"""
    )
    result = numbers.apply()
    assert result.status == "succeeded", result
    assert numbers.rows("shop.last") == [(299,)]
