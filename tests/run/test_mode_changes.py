"""Another mode: the rows stay where they are proven to be what it would begin with, and else the plan says why."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from tests.run.test_moved import verbs, why
from tests.run.test_undo import undo

from vibepiper_interpreter.plan import load_plan, save_plan
from vibepiper_spec.address import Address

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.run.conftest import Project

    from vibepiper_interpreter.storage.version import Version

ROWS = "id,kind,amount,day\n1,a,5,2026-01-01\n2,b,6,2026-01-02\n3,a,7,2026-01-02\n"
SHOP = """
[source.file.raw]
path = "raw.csv"
[sql.t]
query = "select id, kind, amount from raw"
{build}
[sql.sums]
query = "select kind, sum(amount) as amount from t group by kind"
"""
TABLE, APPEND, MERGE = "", 'build = "append"', 'build = { mode = "merge", key = ["id"] }'


@pytest.fixture
def shop(project: Project) -> Project:
    project.write("raw.csv", ROWS)
    return project


def built(project: Project, build: str) -> None:
    project.pipeline(SHOP.format(build=build))
    assert project.apply().status == "succeeded"
    assert project.plan().empty


@pytest.mark.parametrize(("before", "after"), [(TABLE, MERGE), (TABLE, APPEND), (MERGE, TABLE), (APPEND, TABLE)])
def test_the_rows_stay(shop: Project, before: str, after: str) -> None:
    built(shop, before)
    tables, files = shop.tables(), shop.part_files()
    shop.pipeline(SHOP.format(build=after))
    assert verbs(shop) == {"t": "record"}
    assert why(shop, "t")[0].endswith(": its rows stay")
    built(shop, after)
    assert (shop.tables(), shop.part_files()) == (tables, files)
    # From now on it is what the specs say it is.
    shop.write("raw.csv", ROWS.replace("1,a,5", "1,a,50").replace("2,b,6,2026-01-02\n", ""))
    assert shop.apply().status == "succeeded"
    rows = {
        TABLE: [(1, "a", 50), (3, "a", 7)],
        MERGE: [(1, "a", 50), (2, "b", 6), (3, "a", 7)],
        APPEND: [(1, "a", 5), (1, "a", 50), (2, "b", 6), (3, "a", 7), (3, "a", 7)],
    }
    assert shop.rows("shop.t") == rows[after]
    assert shop.plan().empty


def test_there_and_back_again(shop: Project) -> None:
    """Also where the table was made of an earlier version of what it reads, and is known to be right for this one."""
    built(shop, TABLE)
    shop.write("raw.csv", ROWS.replace("2026-01-01", "2026-03-01"))
    assert shop.outcomes(shop.apply())["t"] == "kept"
    files = shop.part_files()
    built(shop, MERGE)
    shop.pipeline(SHOP.format(build=TABLE))
    assert verbs(shop) == {"t": "record"}
    built(shop, TABLE)
    assert shop.part_files() == files
    assert shop.rows("shop.t") == [(1, "a", 5), (2, "b", 6), (3, "a", 7)]
    # But not once something was brought in.
    built(shop, MERGE)
    shop.write("raw.csv", ROWS.replace("1,a,5,2026-01-01\n", ""))
    assert shop.apply().status == "succeeded"
    shop.pipeline(SHOP.format(build=TABLE))
    assert verbs(shop)["t"] == "rebuild"
    built(shop, TABLE)
    assert shop.rows("shop.t") == [(2, "b", 6), (3, "a", 7)]


def test_new_data_at_once_begin_it_anew(shop: Project) -> None:
    """What the inputs hold now is all that a mode begins with; where they come out as they were, the rows stay."""
    built(shop, TABLE)
    shop.pipeline(SHOP.format(build=MERGE))
    shop.write("raw.csv", ROWS.replace("2,b,6,2026-01-02\n", ""))
    assert verbs(shop)["t"] == "rebuild"
    assert why(shop, "t")[0].endswith(": its rows stay only if its inputs come out equal")
    shop.apply()
    assert shop.rows("shop.t") == [(1, "a", 5), (3, "a", 7)]
    built(shop, TABLE)
    shop.pipeline(SHOP.format(build=MERGE))
    files = {path for path in shop.part_files() if path.startswith("shop/t")}
    shop.write("raw.csv", shop.root.joinpath("raw.csv").read_text().replace("2026-01-01", "2026-03-01"))
    assert verbs(shop)["t"] == "rebuild"
    assert shop.outcomes(shop.apply())["t"] == "kept"
    assert {path for path in shop.part_files() if path.startswith("shop/t")} == files
    assert shop.plan().empty


def test_rows_without_a_key_of_their_own_are_refused(shop: Project) -> None:
    built(shop, TABLE)
    shop.pipeline(SHOP.format(build='build = { mode = "merge", key = ["kind"] }'))
    result = shop.apply()
    assert [each.code for each in shop.task(result, "t").diagnostics] == ["VP521"]
    built(shop, TABLE)


@pytest.mark.parametrize("past", [MERGE, APPEND])
def test_what_has_a_past_is_made_anew(shop: Project, past: str) -> None:
    built(shop, past)
    shop.write("raw.csv", ROWS.replace("2,b,6,2026-01-02\n", ""))
    shop.apply()
    shop.pipeline(SHOP.format(build=TABLE))
    assert verbs(shop)["t"] == "rebuild"
    assert "it may hold rows that its inputs do not hold any more" in why(shop, "t")[0]
    built(shop, TABLE)
    assert shop.rows("shop.t") == [(1, "a", 5), (3, "a", 7)]


def test_what_nothing_came_of_has_a_past_too(shop: Project) -> None:
    """A row left the input, and a merge keeps it: there is no delta, and the table is another one all the same."""
    built(shop, MERGE)
    shop.write("raw.csv", ROWS.replace("2,b,6,2026-01-02\n", ""))
    assert shop.outcomes(shop.apply())["t"] == "kept"
    shop.pipeline(SHOP.format(build=TABLE))
    assert verbs(shop)["t"] == "rebuild"
    built(shop, TABLE)
    assert shop.rows("shop.t") == [(1, "a", 5), (3, "a", 7)]


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (TABLE, 'build = { mode = "scd2", key = ["id"] }', "do not say since when and until when they hold"),
        ('build = { mode = "scd2", key = ["id"] }', TABLE, "has other columns, and closed rows"),
        (MERGE, APPEND, "how its rows came together decides which there are"),
    ],
)
def test_why_it_is_made_anew(shop: Project, before: str, after: str, words: str) -> None:
    built(shop, before)
    shop.pipeline(SHOP.format(build=after))
    assert verbs(shop)["t"] == "rebuild"
    assert words in why(shop, "t")[0]
    built(shop, after)


def test_what_means_something_else_as_well(shop: Project) -> None:
    built(shop, TABLE)
    shop.pipeline(SHOP.format(build=MERGE).replace("select id, kind", "select id, upper(kind) as kind"))
    assert verbs(shop)["t"] == "rebuild"
    assert why(shop, "t") == ["its query changed", "it was a table and is now merged by `id`"]


def test_another_environment_keeps_its_rows_as_well(shop: Project) -> None:
    shop.write("vp.toml", '[project]\nname = "trial"\n[environment.prod]\n')
    built(shop, TABLE)
    shop.apply(shop.plan(environment="prod"))
    files = shop.part_files()
    built(shop, MERGE)
    shop.apply(shop.plan(environment="prod"))
    assert shop.part_files() == files
    assert shop.rows("shop.t", "prod") == shop.rows("shop.t")
    assert shop.plan(environment="prod").empty


LATE = ROWS.replace("1,a", "0,a,1,2025-12-31\n1,a") + "4,a,9,2026-01-04\n5,b,1,\n"
DAYS = """
[source.file.raw]
path = "raw.csv"
columns = {{ id = "integer", kind = "varchar", amount = "integer", day = "date" }}
[sql.t]
query = '''{query}'''
{build}
[sql.sums]
query = "select day, sum(amount) as amount from t group by day"
"""
BY_DAY = 'build = { mode = "interval", column = "day", grain = "day", start = 2026-01-01 }'
BOUNDS = "day >= $start and day < $end"
QUERIES = {
    "rows": ("select id, day, amount from raw", "select id, day, amount from raw where {bounds}"),
    "groups": (
        "select day, sum(amount) as amount from raw where kind = 'a' and id < 9 group by day",
        "select day, sum(amount) as amount from raw where kind = 'a' and {bounds} and id < 9 group by day",
    ),
    "union": (
        "select day, amount from raw where kind = 'a' union all select day, -amount from raw",
        "select day, amount from raw where kind = 'a' and {bounds} "
        "union all select day, -amount from raw where {bounds}",
    ),
}


def by_day(project: Project, query: str, build: str = BY_DAY) -> None:
    project.pipeline(DAYS.format(query=query.format(bounds=BOUNDS), build=build))


def current(project: Project) -> Version:
    version_id = project.state.pointers("dev")[Address("shop", "t")].version_id
    return project.state.versions([version_id])[version_id]


@pytest.mark.parametrize("which", QUERIES)
def test_the_intervals_of_a_table_stay(new_project: Callable[[str], Project], which: str) -> None:
    """Those that are over; rows before the first, of no time and of today are not of it. Beside one made anew."""
    table, query = QUERIES[which]
    project, anew = new_project("kept"), new_project("anew")
    for each in (project, anew):
        each.now = datetime(2026, 1, 4, 5, tzinfo=UTC)
        each.write("raw.csv", LATE)
    by_day(project, table, "")
    project.apply()
    files = {path for path in project.part_files() if path.startswith("shop/t/")}
    by_day(project, query)
    assert verbs(project) == {"t": "fill", "sums": "rebuild"}
    assert why(project, "t") == [
        "only rows of intervals that are over stay in it",
        "it was a table and is now built by day of `day`: its rows stay",
    ]
    save_plan(project.plan(), project.root / "saved.vpplan")
    result = project.apply(load_plan(project.root / "saved.vpplan"))
    assert result.status == "succeeded"
    assert project.outcomes(result)["t"] == "recorded"
    assert {path for path in project.part_files() if path.startswith("shop/t/")} == files
    by_day(anew, query)
    anew.apply()
    assert project.tables() == anew.tables()
    assert project.plan().empty
    assert current(project).rows == len(project.rows("shop.t"))
    # From now on only what is new or late is made.
    for each in (project, anew):
        each.now = datetime(2026, 1, 6, 5, tzinfo=UTC)
        each.write("raw.csv", LATE.replace("2,b,6,2026-01-02", "2,b,60,2026-01-01") + "6,a,4,2026-01-05\n")
        assert each.apply().status == "succeeded"
        assert each.plan().empty
    assert project.tables() == anew.tables()


def test_the_rows_that_stay_are_checked_where_others_do_not(project: Project) -> None:
    """What was proven of the table is not proven of what is left of it."""
    project.now = datetime(2026, 1, 4, 5, tzinfo=UTC)
    project.write("raw.csv", LATE)
    table, query = QUERIES["rows"]
    check = "checks = [{ row_count = { min = 4 } }]"
    by_day(project, table, check)
    assert project.apply().status == "succeeded"
    by_day(project, query, f"{BY_DAY}\n{check}")
    result = project.apply()
    assert result.status == "failed"
    assert [each.code for each in project.task(result, "t").diagnostics] == ["VP506"]
    assert len(project.rows("shop.t")) == 6


def test_intervals_and_new_data_at_once(new_project: Callable[[str], Project]) -> None:
    """Only the days whose rows differ are made; the others are taken from the table."""
    table, query = QUERIES["rows"]
    project, anew = new_project("kept"), new_project("anew")
    project.now = anew.now = datetime(2026, 1, 4, 5, tzinfo=UTC)
    project.write("raw.csv", LATE)
    by_day(project, table, "")
    project.apply()
    changed = LATE.replace("2,b,6,2026-01-02", "2,b,60,2026-01-02")
    for each in (project, anew):
        each.write("raw.csv", changed)
        by_day(each, query)
    assert verbs(project)["t"] == "fill"
    project.apply()
    anew.apply()
    assert project.tables() == anew.tables()
    assert [part.carved for part in current(project).parts] == [True, False]
    assert project.plan().empty


@pytest.mark.parametrize(
    "query",
    [
        "select id, day, amount from raw where {bounds} and amount > 5",
        "select id, day, amount from raw where day >= $start - interval 1 day and day < $end",
        "select id, day + 1 as day, amount from raw where {bounds}",
    ],
)
def test_what_is_not_proven_is_made_anew(shop: Project, query: str) -> None:
    shop.now = datetime(2026, 1, 4, 5, tzinfo=UTC)
    shop.write("raw.csv", LATE)
    by_day(shop, query.partition(" where")[0], "")
    shop.apply()
    by_day(shop, query)
    assert verbs(shop)["t"] == "rebuild"
    assert "its rows do not stay, for it is not proven that its rows are those of the intervals" in why(shop, "t")[-1]


KEPT = {
    "append": 'build = "append"',
    "merge": 'build = { mode = "merge", key = ["id"] }',
    "scd2": 'build = { mode = "scd2", key = ["id"] }',
}


@pytest.mark.parametrize("after", [*KEPT, "table", "partition"])
@pytest.mark.parametrize("before", KEPT)
def test_a_past_that_goes_is_told_first_and_comes_back_by_undo(shop: Project, before: str, after: str) -> None:
    """Also where the query changes with the mode, and where the asset gets another name as well."""
    built(shop, KEPT[before])
    shop.write("raw.csv", ROWS.replace("2,b,6,2026-01-02\n", ""))
    shop.apply()
    held = shop.query("select id, kind, amount from shop.t order by all")
    partition = 'build = { mode = "partition", column = "kind", values = ["a", "b"] }'
    changed = SHOP.format(build={**KEPT, "table": "", "partition": partition}[after])
    if after == "partition":
        changed = changed.replace("from raw", "from raw where kind = $partition")
    else:
        changed = changed.replace("amount from raw", "amount + 1 as amount from raw")
    renamed = changed.replace("[sql.t]", "[sql.s]").replace("from t group", "from s group")
    for specs, name in ((changed, "t"), (renamed + '[[moved]]\nfrom = "t"\nto = "s"\n', "s")):
        shop.pipeline(specs)
        assert any("is then gone" in words for words in why(shop, name))
        assert shop.apply().status == "succeeded"
        assert (2,) not in shop.query(f"select id from shop.{name}")
        shop.apply(undo(shop))
        assert shop.query("select id, kind, amount from shop.t order by all") == held
