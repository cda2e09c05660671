"""A column gets another name in what is built bit by bit: no row is rewritten, and all goes on as before."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from tests.run.test_moved import verbs, why

from vibepiper_interpreter.plan import load_plan, save_plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.run.conftest import Project

RAW = '[source.file.raw]\npath = "raw.csv"\n'
BLOCK = '[[moved]]\nfrom = "{asset}.{before}"\nto = "{asset}.{after}"\n'
_DAYS = """
[sql.t]
query = '''
select day as {day}, kind as {kind}, sum(amount) as {amount} from raw where day >= $start and day < $end group by all
'''
build = {{ mode = "interval", column = "{day}", grain = "day", start = 2026-01-01, end = 2026-01-20 }}
"""
_PARTS = """
[sql.t]
query = "select day as {day}, kind as {kind}, sum(amount) as {amount} from raw where kind = $partition group by all"
build = {{ mode = "partition", column = "{kind}", values = ["a", "b", "c"] }}
"""
_MERGED = """
[sql.t]
query = "select day as {day}, kind as {kind}, sum(amount) as {amount}, bool_or(gone) as {gone} from raw group by all"
build = {{ mode = "merge", key = ["{day}", "{kind}"], delete_flag = "{gone}", update_columns = ["{amount}"] }}
"""
_HISTORY = """
[sql.t]
query = "select day as {day}, kind as {kind}, sum(amount) as {amount} from raw group by all"
build = {{ mode = "scd2", key = ["{day}", "{kind}"], valid_from = "{since}", valid_to = "{until}" }}
"""
_LOG = """
[sql.t]
query = "select day as {day}, kind as {kind}, amount as {amount} from raw"
build = "append"
"""
_READER = """
[sql.sums]
query = "select x.{kind} as kind, sum(x.{amount}) as amount from t as x group by 1"
"""
NAMES = {name: name for name in ("day", "kind", "amount", "gone", "since", "until")}
MODES = {"interval": _DAYS, "partition": _PARTS, "merge": _MERGED, "scd2": _HISTORY, "append": _LOG}


def rows(days: int, more: int = 0) -> str:
    """Three kinds on each day; `more` is added to the amounts of the last day."""
    lines = ["day,kind,amount,gone"]
    for day in range(1, days + 1):
        lines += [f"2026-01-{day:02},{kind},{day + (more if day == days else 0)},false" for kind in "abc"]
    return "\n".join(lines) + "\n"


def spec(mode: str, reader: str = _READER, **names: str) -> str:
    """The asset with these names; each that is another one than before has its block."""
    called = {**NAMES, **names}
    blocks = (BLOCK.format(asset="t", before=before, after=after) for before, after in names.items())
    return RAW + (MODES[mode] + reader).format(**called) + "".join(blocks)


# What each mode has its own keys for is among the names that change.
RENAMED: dict[str, dict[str, str]] = {
    "interval": {"day": "date", "amount": "total"},
    "partition": {"kind": "sort", "amount": "total"},
    "merge": {"kind": "sort", "amount": "total", "gone": "dropped"},
    "scd2": {"kind": "sort", "amount": "total", "since": "began", "until": "ended"},
    "append": {"kind": "sort", "amount": "total"},
}


def went_through(project: Project, mode: str) -> None:
    """Applied several times, so that there are carved parts, deltas, and more than one part."""
    project.pipeline(spec(mode))
    for text in (rows(12), rows(13), rows(13, more=5)):
        project.write("raw.csv", text)
        assert project.apply().status == "succeeded"


@pytest.mark.parametrize("mode", MODES)
def test_no_row_is_rewritten(project: Project, mode: str) -> None:
    went_through(project, mode)
    before, files = tables(project), project.part_files()
    columns = [row[0] for row in project.query("describe shop.t")]
    project.pipeline(spec(mode, **RENAMED[mode]))
    assert verbs(project) == {"t": "record", "sums": "record"}
    assert "`total` was called `amount`" in why(project, "t")[0]
    save_plan(project.plan(), project.root / "saved.vpplan")
    project.apply(load_plan(project.root / "saved.vpplan"))
    assert (tables(project), project.part_files()) == (before, files)
    assert [row[0] for row in project.query("describe shop.t")] == [RENAMED[mode].get(name, name) for name in columns]
    assert project.plan().empty


@pytest.mark.parametrize(
    ("mode", "at_once"), [*((mode, True) for mode in MODES), ("interval", False), ("merge", False)]
)
def test_it_goes_on_as_if_it_had_always_been_called_so(
    new_project: Callable[[str], Project], mode: str, at_once: bool
) -> None:
    """Beside a twin that was never renamed: late rows, new ones, and so many of them that deltas are folded."""
    renamed, twin = new_project("renamed"), new_project("twin")
    for project in (renamed, twin):
        went_through(project, mode)
    renamed.pipeline(spec(mode, **RENAMED[mode]))
    if not at_once:
        renamed.apply()
    for text in (rows(14, more=2), rows(15).replace("2026-01-02,a,2", "2026-01-02,a,90"), rows(16, more=1)):
        written = []
        for project in (renamed, twin):
            before = project.part_files()
            project.write("raw.csv", text)
            result = project.apply()
            assert result.status == "succeeded", result
            assert project.plan().empty
            written.append(Counter(path.split("/")[1] for path in project.part_files() - before))
        assert written[0] == written[1], "only what is new is made"
        assert_same(renamed, twin, mode)


def tables(project: Project) -> list[list[tuple[str, ...]]]:
    """What is shown, as text: instants have no other form here."""
    query = "select cast(columns(*) as varchar) from shop.{} order by all"
    return [project.query(query.format(name)) for name in ("t", "sums")]


def assert_same(renamed: Project, twin: Project, mode: str) -> None:
    times = {"scd2": "exclude (since, until), until is null"}.get(mode, "")
    others = {"scd2": "exclude (began, ended), ended is null"}.get(mode, "")
    there = twin.query(f"select * {times} from shop.t order by all")
    assert renamed.query(f"select * {others} from shop.t order by all") == there
    assert renamed.rows("shop.sums") == twin.rows("shop.sums")


def test_parts_are_written_together_under_new_names(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    from vibepiper_interpreter.run.tasks.deltas import append

    monkeypatch.setattr(append, "MANY", 4)
    went_through(project, "append")
    project.pipeline(spec("append", **RENAMED["append"]))
    project.apply()
    for day in range(14, 18):
        project.write("raw.csv", rows(day))
        project.apply()
    expected = sum(3 * days for days in (12, 13, 13, 14, 15, 16, 17))
    assert project.query("select count(*), count(sort), count(total) from shop.t") == [(expected,) * 3]


def test_who_appends_from_it_sees_only_what_is_new(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    from vibepiper_interpreter.run.tasks.deltas import append

    monkeypatch.setattr(append, "MANY", 4)
    reader = '[sql.second]\nquery = "select {kind} as kind, {amount} as amount from t"\nbuild = "append"\n'
    project.pipeline(spec("append", reader))
    for day in (1, 2, 3, 4):
        project.write("raw.csv", rows(day))
        project.apply()
    second = len(project.rows("shop.second"))
    # Both at once, and the parts of what it reads are written together in this very run.
    project.pipeline(spec("append", reader, **RENAMED["append"]))
    project.write("raw.csv", rows(5))
    project.apply()
    assert len(project.rows("shop.second")) == second + 15
    assert project.query("select count(*) from shop.t") == [(len(project.rows("shop.second")),)]
    assert project.plan().empty


def test_the_asset_that_holds_the_partitions(project: Project) -> None:
    """It, and its column, get other names: who is built by its values knows them by these."""
    text = (
        RAW
        + '[sql.{kinds}]\nquery = "select distinct kind as {kind} from raw"\n'
        + '[sql.t]\nquery = "select kind, sum(amount) as amount from raw where kind = $partition group by all"\n'
        + 'build = {{ mode = "partition", column = "kind", values_of = "{kinds}.{kind}" }}\n'
    )
    project.write("raw.csv", rows(2))
    project.pipeline(text.format(kinds="kinds", kind="kind"))
    project.apply()
    files = project.part_files()
    block = BLOCK.format(asset="sorts", before="kind", after="sort") + '[[moved]]\nfrom = "kinds"\nto = "sorts"\n'
    project.pipeline(text.format(kinds="sorts", kind="sort") + block)
    assert verbs(project) == {"sorts": "record", "t": "record"}
    project.apply()
    assert project.part_files() == files
    assert project.plan().empty


def test_checks_under_the_new_name_look_at_all_rows(project: Project) -> None:
    went_through(project, "merge")
    check = 'columns.{name} = {{ type = "hugeint", checks = [{{ between = [0, {most}] }}] }}\n'
    renamed = spec("merge", **RENAMED["merge"])
    strict = renamed.replace("[sql.sums]", check.format(name="total", most=10) + "[sql.sums]")
    project.pipeline(strict.replace("hugeint", "decimal(38,0)"))
    result = project.apply()
    assert result.status == "failed"
    assert [row[0] for row in project.query("describe shop.t")] == ["day", "kind", "amount"]
    project.pipeline(strict.replace("hugeint", "decimal(38,0)").replace("10]", "99]"))
    assert verbs(project)["t"] == "record"
    assert project.apply().status == "succeeded"
    assert project.plan().empty


@pytest.mark.parametrize(("mode", "old", "new"), [("interval", "< $end", "<= $end"), ("merge", "sum(", "max(")])
def test_what_changes_as_well_is_made_anew(project: Project, mode: str, old: str, new: str) -> None:
    went_through(project, mode)
    project.pipeline(spec(mode, **RENAMED[mode]).replace(old, new, 1))
    assert verbs(project)["t"] == "rebuild"
    assert any("cannot be taken over under another name" in words for words in why(project, "t"))


def test_what_a_function_calls_its_columns_nobody_can_prove(project: Project) -> None:
    """Neither where only the declared name is another one, nor where the code is: it is called again, and says why."""
    code = (
        "import pyarrow as pa\n\n\ndef make(raw: pa.Table) -> pa.Table:\n    return pa.table({'NAME': raw['kind']})\n"
    )
    asset = RAW + '[python.p]\nfunction = "making:make"\ncolumns.NAME = "varchar"\nbuild = { mode = "append" }\n'
    project.write("raw.csv", rows(1))
    project.write("making.py", code.replace("NAME", "kind"))
    project.pipeline(asset.replace("NAME", "kind"))
    project.apply()
    project.pipeline(asset.replace("NAME", "sort") + BLOCK.format(asset="p", before="kind", after="sort"))
    told = (
        "`sort` cannot be taken over under another name: what a function calls its columns cannot be told from its code"
    )
    assert verbs(project) == {"p": "rebuild"}
    assert any(words.startswith(told) for words in why(project, "p"))
    assert project.apply().status == "failed"
    project.write("making.py", code.replace("NAME", "sort"))
    assert any(words.startswith(told) for words in why(project, "p"))
    assert project.apply().status == "succeeded"
    assert project.query("select distinct sort from shop.p order by 1") == [("a",), ("b",), ("c",)]


def test_what_files_call_their_columns(project: Project) -> None:
    project.write("raw.csv", rows(1))
    project.pipeline(RAW)
    project.apply()
    project.write("raw.csv", rows(1).replace("kind", "sort"))
    project.pipeline(RAW + BLOCK.format(asset="raw", before="kind", after="sort"))
    assert verbs(project) == {"raw": "rebuild"}
    assert any("the columns of a source are called what its files call them" in words for words in why(project, "raw"))
    project.apply()
    assert project.plan().empty


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("behind", [False, True])
def test_another_environment_shows_what_was_recorded(project: Project, mode: str, behind: bool) -> None:
    """The very versions of the first one; also where it has less of them yet (`behind`)."""
    project.write("vp.toml", '[project]\nname = "trial"\n[environment.prod]\n')
    went_through(project, mode)
    project.apply(project.plan(environment="prod"))
    if behind:
        project.write("raw.csv", rows(14))
        project.apply()
    project.pipeline(spec(mode, **RENAMED[mode]))
    project.apply()
    plan = project.plan(environment="prod")
    assert {action.verb for action in plan.actions} == {"repoint"}, plan.actions
    project.apply(plan)
    dev, prod = (project.state.pointers(name) for name in ("dev", "prod"))
    assert {address: each.version_id for address, each in dev.items()} == {
        address: each.version_id for address, each in prod.items()
    }
    assert project.plan(environment="prod").empty


OTHER_MODES = {
    'build = { mode = "merge", key = ["id"] }': "merged by `id`",
    'build = "append"': "appended to",
    'build = { mode = "merge", key = ["state"] }': "merged by `state`",
}


@pytest.mark.parametrize("build", OTHER_MODES)
def test_with_another_mode_both_are_told_and_no_row_is_rewritten(project: Project, build: str) -> None:
    project.write("orders.csv", "id,status\n1,new\n2,paid\n")
    specs = """
[source.file.changes]
path = "orders.csv"
[sql.orders]
query = "select id, status as {0} from changes"
{1}
[sql.reader]
query = "select id, {0} as s from orders"
"""
    moved = '[[moved]]\nfrom = "orders.status"\nto = "orders.state"\n'
    project.pipeline(specs.format("status", ""))
    project.apply()
    project.pipeline(specs.format("state", build) + moved)
    plan = project.plan()
    assert {action.address.name: action.verb for action in plan.actions} == {"orders": "record", "reader": "record"}
    assert [reason.words for reason in plan.actions[0].reasons] == [
        "`state` was called `status`",
        f"it was a table and is now {OTHER_MODES[build]}: its rows stay",
    ]
    assert not plan.actions[0].column_changes
    project.apply(plan)
    assert project.plan().empty
    project.write("orders.csv", "id,status\n1,sent\n3,new\n")
    project.apply()
    rows = [(1, "sent"), (2, "paid"), (3, "new")] if '"id"' in build else project.rows("shop.orders")
    assert project.rows("shop.orders") == rows == project.rows("shop.reader")
    assert (3, "new") in rows
    assert len(rows) == {"merged by `state`": 3}.get(OTHER_MODES[build], 4 if "append" in build else 3)
