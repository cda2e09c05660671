"""What a state forgets when it is cleaned: old runs, and moves that nobody can go back behind; never what is needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, update
from tests.state.conftest import Place
from tests.state.test_past import publish

from vibepiper_interpreter.plan import plan_as_of, plan_undo
from vibepiper_interpreter.plan.plan import Plan
from vibepiper_interpreter.run.events import Event
from vibepiper_interpreter.run.result import CheckResult
from vibepiper_interpreter.state import Audit, Batch, State
from vibepiper_interpreter.state.tables import check_results, events, publications, runs, tasks
from vibepiper_interpreter.storage.version import Version
from vibepiper_spec.diagnostics import DiagnosticError

MakeVersion = Callable[..., Version]
WEEK = timedelta(days=7)
NOW = datetime.now(UTC)


def happened(state: State, run_id: str, days_ago: float) -> None:
    """A run, and what it published, lies back so long."""
    at = NOW - timedelta(days=days_ago)
    with state._database.writing() as connection:
        connection.execute(update(runs).where(runs.c.id == run_id).values(started_at=at, finished_at=at))
        connection.execute(update(publications).where(publications.c.run_id == run_id).values(at=at))


def forget(state: State, horizon: timedelta = WEEK) -> int:
    state.forget([version.id for version in state.unreferenced_versions(timedelta(0), horizon)])
    return state.forget_runs(horizon)


def count(state: State, table: object) -> int:
    with state._database.reading() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()  # type: ignore[arg-type]


def undo(state: State, run_id: str | None = None) -> Plan:
    return plan_undo(state, "dev", run_id, storage_has=lambda _: True, files_unchanged=lambda _: True)


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(DiagnosticError) as error:
        act()
    return error.value.diagnostics[0].code


def test_old_runs_are_forgotten_with_all_that_happened_in_them(
    state: State, make_version: MakeVersion, plan: Plan
) -> None:
    ids = []
    for days_ago in (40, 30, 20, 6, 1):
        version = make_version()
        run_id = publish(state, plan, "dev", version)
        state.record(Batch(run_id, events=(Event(run_id, 1, NOW, "run_started", None, {}),)))
        happened(state, run_id, days_ago)
        ids.append(run_id)
    assert state.old_runs(WEEK) == set(ids[:3])
    assert forget(state) == 3
    assert [run.id for run in state.runs()] == ids[:2:-1]
    assert (count(state, events), count(state, tasks)) == (2, 2)
    assert state.contradictions() == []
    assert forget(state) == 0


def test_going_back_within_the_horizon_is_as_before_and_behind_it_is_refused(
    state: State, make_version: MakeVersion, plan: Plan
) -> None:
    orders = [make_version("orders") for _ in range(5)]
    once = make_version("once")
    ids = [publish(state, plan, "dev", orders[0], once)]
    ids += [publish(state, plan, "dev", version) for version in orders[1:4]]
    ids += [publish(state, plan, "dev", orders[4], dropped=("once",))]
    for run_id, days_ago in zip(ids, (40, 30, 20, 6, 1), strict=True):
        happened(state, run_id, days_ago)
    stood = {serial: state.pointers_at("dev", serial) for serial in (3, 4, 5)}
    plans = [undo(state, ids[3]).actions, undo(state, ids[4]).actions]
    # Of those that were shown before, the state knew all and the storage has none.
    forget(state)
    assert {serial: state.pointers_at("dev", serial) for serial in (3, 4, 5)} == stood
    assert [undo(state, ids[3]).actions, undo(state, ids[4]).actions] == plans
    assert refused(lambda: undo(state, ids[2])) == "VP712"
    idle = state.begin_run(plan, "a test")
    assert refused(lambda: undo(state, idle)) == "VP713"
    for days_ago, serial in ((7, 3), (5, 4), (0, 5)):
        assert state.serial_at("dev", NOW - timedelta(days=days_ago)) == serial

    def as_of(days_ago: float) -> Plan:
        time = NOW - timedelta(days=days_ago)
        return plan_as_of(state, "dev", time, storage_has=lambda _: True, files_unchanged=lambda _: True)

    assert as_of(5).actions == plans[1]
    assert [refused(lambda days_ago=days_ago: as_of(days_ago)) for days_ago in (25, 35, 50)] == ["VP712"] * 3


def test_an_asset_is_not_taken_for_new_because_its_first_move_is_forgotten(
    state: State, make_version: MakeVersion, plan: Plan
) -> None:
    """Else going back behind what is known would remove it."""
    first = publish(state, plan, "dev", make_version())
    second = publish(state, plan, "dev", make_version())
    happened(state, first, 30)
    happened(state, second, 20)
    forget(state)
    assert count(state, publications) == 1
    assert refused(lambda: undo(state)) == "VP712"
    publish(state, plan, "dev", make_version())
    assert [action.verb for action in undo(state).actions] == ["repoint"]
    assert refused(lambda: undo(state, second)) == "VP712"


def test_a_run_whose_moves_were_all_overtaken_lies_behind_too(
    state: State, make_version: MakeVersion, plan: Plan
) -> None:
    version = make_version()
    first = publish(state, plan, "dev", version)
    state.record(Batch(first, audits=(Audit(version.id, "checks", True, first, NOW),)))
    happened(state, first, 30)
    happened(state, publish(state, plan, "dev", make_version()), 20)
    happened(state, publish(state, plan, "dev", version), 10)
    state.forget_runs(WEEK)
    assert first in {run.id for run in state.runs()}
    assert refused(lambda: undo(state, first)) == "VP712"


def test_a_run_is_undone_as_a_whole_where_it_published_several_times(
    state: State, make_version: MakeVersion, plan: Plan
) -> None:
    """It began before the horizon and ended within it."""
    old, new, other = make_version("orders"), make_version("orders"), make_version("other")
    happened(state, publish(state, plan, "dev", old), 30)
    run_id = publish(state, plan, "dev", new)
    with state._database.writing() as connection:
        connection.execute(
            update(publications).where(publications.c.run_id == run_id).values(at=NOW - timedelta(days=8))
        )
    with state.take_lease("dev", "a test") as lease:
        state.record(Batch(run_id, versions=(other,)))
        from vibepiper_interpreter.state import Pointer

        state.publish(lease, 2, {other.address: Pointer(other.id, ())}, run_id)
    state.forget_runs(WEEK)
    assert state.pointers_at("dev", 1).keys() == {old.address}
    assert [(action.address.name, action.verb) for action in undo(state, run_id).actions] == [
        ("orders", "repoint"),
        ("other", "remove"),
    ]


def test_runs_stay_that_made_or_checked_what_is_there_and_the_latest_of_each_environment(
    state: State, make_version: MakeVersion, plan: Plan
) -> None:
    made = state.begin_run(plan, "a test")
    version = replace(make_version(), run_id=made)
    state.record(Batch(made, versions=(version,)))
    shown = publish(state, plan, "dev", version)
    audited, checked, nothing, last, elsewhere = (
        state.begin_run(each, "a test") for each in (plan, plan, plan, plan, replace(plan, environment="prod"))
    )
    state.record(Batch(audited, audits=(Audit(version.id, "checks", True, audited, NOW),)))
    check = CheckResult(version.address, version.id, "unique(id)", "unique", "id", "warn", False, 1, "", (), ())
    state.record(Batch(checked, checks=(check,)))
    for days_ago, run_id in enumerate((elsewhere, last, nothing, checked, audited, shown, made), 30):
        happened(state, run_id, days_ago)
    assert forget(state) == 2
    assert {run.id for run in state.runs()} == {made, audited, checked, last, elsewhere}
    assert nothing not in {run.id for run in state.runs()}
    assert count(state, check_results) == 1
    assert state.latest_checks(version.id) == [check]


def test_a_run_that_was_interrupted_long_ago_is_forgotten_and_one_that_runs_is_not(state: State, plan: Plan) -> None:
    killed, running = (state.begin_run(plan, "a test") for _ in range(2))
    with state._database.writing() as connection:
        for run_id, days_ago in ((killed, 30), (running, 20)):
            at = NOW - timedelta(days=days_ago)
            connection.execute(update(runs).where(runs.c.id == run_id).values(started_at=at))
    assert state.forget_runs(WEEK) == 1
    assert [run.id for run in state.runs()] == [running]


def test_what_lies_between_may_be_forgotten(state: State, make_version: MakeVersion) -> None:
    first = make_version()
    line = [first]
    for _ in range(5):
        line.append(make_version(continues=line[-1].id))
    other = make_version(continues=first.id)
    state.record(Batch("r1", versions=(*line, other)))
    state.forget([line[number].id for number in (1, 2, 4)])
    assert state.versions([line[3].id])[line[3].id].continues == first.id
    assert [state.descends(line[5].id, each.id) for each in (first, line[3], line[5], other)] == [
        True,
        True,
        True,
        False,
    ]
    assert not state.descends(first.id, line[5].id)
    assert not state.descends(line[5].id, None)
    state.forget([first.id])
    assert not state.descends(line[5].id, first.id)
    assert state.descends(line[5].id, line[3].id)


def test_what_is_forgotten_leaves_room_on_the_disk(sqlite_place: Place, plan: Plan) -> None:
    file = sqlite_place.root / ".vp" / "state.sqlite"
    with sqlite_place.open() as state:
        for number in range(3):
            run_id = state.begin_run(plan, "a test")
            said = tuple(Event(run_id, each, NOW, "log", None, {"text": "x" * 1000}) for each in range(1000))
            state.record(Batch(run_id, events=said))
            happened(state, run_id, 30 - number)
    large = file.stat().st_size
    assert large > 3_000_000
    with sqlite_place.open() as state:
        assert state.forget_runs(WEEK) == 2
    assert file.stat().st_size < large / 2
