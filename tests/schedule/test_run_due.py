"""`run_due` does what is due, once, until nothing is left, and notes what that has served."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tests.schedule.conftest import Scheduled, due_names, made

from vibepiper_interpreter.plan import load_plan, save_plan
from vibepiper_interpreter.schedule import run_due as module
from vibepiper_interpreter.schedule.run_due import BrokenSpecs
from vibepiper_spec.diagnostics import DiagnosticError

DAILY = 'schedule = { cron = "0 6 * * *", timezone = "Europe/Berlin" }\n[sql.numbers]\nquery = "select 1 as a"\n'
INTERVALS = """
schedule = "0 6 * * *"
[sql.days]
query = '''
select day, 1 as a from range(timestamp '2024-01-01', timestamp '2024-03-01', interval 1 day) as t(day)
where day >= $start and day < $end
'''
build = { mode = "interval", column = "day", grain = "day", start = 2024-01-01 }
columns.day = "timestamp"
"""


def test_a_pipeline_is_due_once_for_each_tick(project: Scheduled) -> None:
    project.pipeline(DAILY)
    first = project.due("2026-03-01T04:00Z")  # five in the morning in Berlin: never served before, so it is due
    assert (first.status, first.served, made(first)) == ("succeeded", ("shop",), [["shop.numbers"]])
    project.pipeline(DAILY.replace("1 as a", "2 as a"))
    before = project.due("2026-03-01T04:59:59Z")
    assert (before.status, due_names(before)) == ("nothing", [])
    (waits,) = before.due
    assert waits.next == datetime(2026, 3, 1, 5, tzinfo=UTC)
    then = project.due("2026-03-01T05:00Z")
    assert (then.status, made(then), project.rows("shop.numbers")) == ("succeeded", [["shop.numbers"]], [(2,)])
    assert due_names(project.due("2026-03-01T05:00Z")) == []


def test_ticks_that_were_missed_are_served_once_and_the_intervals_do_the_rest(project: Scheduled) -> None:
    project.pipeline(INTERVALS)
    project.due("2024-01-03T07:00Z")
    assert len(project.rows("shop.days")) == 2
    late = project.due("2024-01-09T12:00Z")  # six ticks later
    assert (len(late.rounds), len(project.rows("shop.days"))) == (1, 8)
    assert due_names(project.due("2024-01-09T12:00Z")) == []


def test_at_decides_which_intervals_are_over_and_what_now_is(project: Scheduled) -> None:
    project.pipeline(INTERVALS + '[sql.clock]\nquery = "select cast(now() as varchar) as at"\n')
    project.due("2024-01-02T06:00Z")
    assert [row[0] for row in project.rows("shop.days")] == [datetime(2024, 1, 1)]
    assert project.rows("shop.clock") == [("2024-01-02 06:00:00+00",)]


def test_what_was_served_in_one_environment_was_not_in_another(project: Scheduled) -> None:
    project.write("vp.toml", '[project]\nname = "trial"\n[environment.staging]\n')
    project.pipeline(DAILY)
    project.due("2026-03-01T06:00Z")
    assert project.due("2026-03-01T06:00Z", "staging").served == ("shop",)


def test_without_a_schedule_whatever_has_changed_is_due(project: Scheduled) -> None:
    project.pipeline('[sql.numbers]\nquery = "select 1 as a"\n')
    assert made(project.due()) == [["shop.numbers"]]
    assert project.due().status == "nothing"
    project.pipeline('[sql.others]\nquery = "select 1 as a"\n')
    assert made(project.due()) == [["shop.others", "shop.numbers"]]  # the one that left the specs is removed
    (project.root / "shop.vp.toml").unlink()
    project.pipeline('[sql.b]\nquery = "select 1 as a"\n', "store")
    assert made(project.due()) == [["store.b", "shop.others"]]


def test_only_who_is_due_is_made_with_what_it_reads(project: Scheduled) -> None:
    project.pipeline('schedule = "@monthly"\n[sql.rates]\nquery = "select 1 as rate"\n', "bank")
    project.pipeline('schedule = "@daily"\n[sql.total]\nquery = "select rate from bank.rates"\n')
    project.pipeline('schedule = "@monthly"\n[sql.other]\nquery = "select 1 as a"\n', "other")
    assert project.due("2026-03-01T00:00Z").served == ("bank", "other", "shop")
    for name in ("bank", "other"):
        path = project.root / f"{name}.vp.toml"
        path.write_text(path.read_text().replace("select 1", "select 2"))
    run = project.due("2026-03-02T00:00Z")
    assert (due_names(run), run.served, made(run)) == (["shop"], ("shop",), [["bank.rates", "shop.total"]])


def test_an_asset_may_have_a_schedule_of_its_own(project: Scheduled) -> None:
    hourly = '[sql.hourly]\nquery = "select 1 as a"\nschedule = { every = "1h" }\nrebuild = "always"\n'
    project.pipeline(f'schedule = "@daily"\n[sql.daily]\nquery = "select 1 as a"\nrebuild = "always"\n{hourly}')
    assert project.due("2026-03-01T00:30Z").served == ("shop", "shop.hourly")
    assert made(project.due("2026-03-01T01:00Z")) == [["shop.hourly"]]
    assert made(project.due("2026-03-02T00:00Z")) == [["shop.daily", "shop.hourly"]]


def test_what_failed_is_still_due_and_holds_up_nobody_else(project: Scheduled) -> None:
    check = "checks = [{ row_count = { min = 2 } }]"
    project.pipeline(f'schedule = "@daily"\n[sql.few]\nquery = "select 1 as a"\n{check}\n', "bad")
    project.pipeline('schedule = "@daily"\n[sql.numbers]\nquery = "select 1 as a"\n')
    run = project.due("2026-03-01T00:00Z")
    assert (run.status, run.served, len(run.rounds)) == ("failed", ("shop",), 1)
    project.pipeline('schedule = "@daily"\n[sql.few]\nquery = "select range as a from range(2)"\n', "bad")
    again = project.due("2026-03-01T00:10Z")
    assert (again.status, due_names(again), again.served) == ("succeeded", ["bad"], ("bad",))


EXPORT = """
import pyarrow as pa
from pathlib import Path

def write(orders: pa.Table):
    count = orders.num_rows
    if count < {most}:
        Path(__file__).with_name("in").joinpath(f"{{count}}.csv").write_text(f"a\\n{{count}}\\n")
    return pa.table({{"rows": [count]}})
"""
CIRCLE = """
[source.file.orders]
path = "in/*.csv"
columns.a = "bigint"
[python.export]
function = "code_{most}:write"
columns.rows = "bigint"
"""


def test_what_an_apply_brings_in_is_taken_up_until_nothing_is_left(project: Scheduled) -> None:
    project.write("in/0.csv", "a\n0\n")
    project.write("code_3.py", EXPORT.format(most=3))
    project.pipeline(CIRCLE.format(most=3))
    run = project.due()
    assert (run.status, len(run.rounds), project.rows("shop.export")) == ("succeeded", 3, [(3,)])
    assert project.due().status == "nothing"


def test_what_has_no_end_is_told(project: Scheduled, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_ROUNDS", 3)
    project.write("in/0.csv", "a\n0\n")
    project.write("code_99.py", EXPORT.format(most=99))
    project.pipeline('schedule = "@daily"\n' + CIRCLE.format(most=99))
    run = project.due("2026-03-01T00:00Z")
    assert ([found.code for found in run.diagnostics], len(run.rounds), run.served) == (["VP721"], 3, ())
    assert run.status == "failed"


def test_a_dry_run_does_and_notes_nothing(project: Scheduled) -> None:
    project.pipeline(DAILY)
    for _ in range(2):
        run = project.due("2026-03-01T06:00Z", dry_run=True)
        assert (run.status, made(run), run.served) == ("planned", [["shop.numbers"]], ())
    assert not project.state.pointers("dev")
    assert not project.state.runs()


def test_while_another_apply_goes_on_nothing_is_done(project: Scheduled) -> None:
    project.pipeline(DAILY)
    with project.state.take_lease("dev", "somebody else"):
        run = project.due("2026-03-01T06:00Z")
    assert (run.status, [found.code for found in run.diagnostics], run.served) == ("busy", ["VP703"], ())
    assert project.due("2026-03-01T06:00Z").status == "succeeded"


def test_broken_specs_are_told(project: Scheduled) -> None:
    project.pipeline('[sql.numbers]\nquery = "select nosuch"\n')
    with pytest.raises(BrokenSpecs) as raised:
        project.due()
    assert [found.code for found in raised.value.diagnostics] == ["VP302"]


PROTECTED = '[project]\nname = "trial"\n[environment.prod]\nprotected = true\n'
SHOP = """
schedule = "@daily"
[source.file.orders]
path = "orders/*.csv"
[sql.total]
query = "select count(*) as orders from orders"
[sql.double]
query = "select 2 * orders as twice from total"
"""


@pytest.fixture
def prod(project: Scheduled) -> Scheduled:
    """A protected environment to which `SHOP` was brought by a reviewed plan."""
    published_and_reviewed(project, SHOP)
    return project


def published_and_reviewed(project: Scheduled, specs: str) -> None:
    project.write("vp.toml", PROTECTED)
    project.write("orders/1.csv", "id\n1\n")
    project.pipeline(specs)
    save_plan(project.plan(environment="prod"), project.root / "prod.vpplan")
    assert project.apply(load_plan(project.root / "prod.vpplan")).status == "succeeded"
    project.write("orders/2.csv", "id\n2\n")


def test_a_protected_environment_takes_new_data_of_what_is_published_there(prod: Scheduled) -> None:
    run = prod.due("2026-03-01T00:00Z", "prod")
    assert (run.status, run.served) == ("succeeded", ("shop",))
    assert prod.rows("shop.double", "prod") == [(4,)]


def test_and_no_definition_that_nobody_has_looked_at(prod: Scheduled) -> None:
    prod.pipeline(SHOP.replace("2 * orders as twice", "3 * orders as twice"))
    run = prod.due("2026-03-01T00:00Z", "prod")
    assert (run.status, run.served) == ("failed", ())
    assert [(found.code, found.severity) for found in run.diagnostics] == [("VP608", "error")]
    assert made(run) == [["shop.orders", "shop.total"]]
    assert prod.rows("shop.double", "prod") == [(2,)]


TASKS = """
[task.shell.tell]
command = "echo once more >> told.txt"
after = ["double", "orders"]
"""


def test_tasks_that_were_looked_at_are_done_again_and_no_others(project: Scheduled) -> None:
    published_and_reviewed(project, SHOP + TASKS)
    run = project.due("2026-03-01T00:00Z", "prod")
    assert (run.status, [found.code for found in run.diagnostics]) == ("succeeded", [])
    assert (project.root / "told.txt").read_text() == "once more\n" * 2
    project.write("orders/3.csv", "id\n3\n")
    project.pipeline(SHOP + TASKS.replace("once more", "never"))
    run = project.due("2026-03-02T00:00Z", "prod")
    assert ([found.code for found in run.diagnostics], run.served) == (["VP608"], ())
    assert project.rows("shop.double", "prod") == [(6,)]
    assert (project.root / "told.txt").read_text() == "once more\n" * 2


HOOK = """
on_success = ["cheer"]
[task.shell.cheer]
command = "echo cheered >> told.txt"
"""


def test_nor_is_a_consequence_that_has_changed_since(project: Scheduled) -> None:
    published_and_reviewed(project, SHOP + TASKS + HOOK)
    assert project.due("2026-03-01T00:00Z", "prod").status == "succeeded"
    told = ["once more", "cheered"]
    assert (project.root / "told.txt").read_text().splitlines() == told * 2
    project.write("orders/3.csv", "id\n3\n")
    project.pipeline(SHOP + TASKS + HOOK.replace("cheered", "never"))
    run = project.due("2026-03-02T00:00Z", "prod")
    assert [found.code for found in run.diagnostics] == ["VP608"]
    assert "`shop.cheer`" in run.diagnostics[0].detail
    assert (project.root / "told.txt").read_text().splitlines() == [*told * 2, "once more"]


def test_what_is_made_from_it_waits_with_it(prod: Scheduled) -> None:
    prod.pipeline(SHOP.replace("count(*)", "sum(id)"))
    run = prod.due("2026-03-01T00:00Z", "prod")
    assert made(run) == [["shop.orders"]]
    assert "`shop.double`, `shop.total`" in run.diagnostics[0].detail


def test_what_was_never_published_there_is_only_told(prod: Scheduled) -> None:
    prod.pipeline(SHOP + '[sql.newcomer]\nquery = "select 1 as a"\n')
    run = prod.due("2026-03-01T00:00Z", "prod")
    assert (run.status, run.served, [found.severity for found in run.diagnostics]) == (
        "succeeded",
        ("shop",),
        ["warning"],
    )
    assert prod.rows("shop.double", "prod") == [(4,)]


def test_an_apply_by_hand_still_takes_a_saved_plan_only(prod: Scheduled) -> None:
    with pytest.raises(DiagnosticError, match="VP607"):
        prod.apply(prod.plan(environment="prod"))
