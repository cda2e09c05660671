"""What is written to the state comes back: versions, pointers, audits, runs; on every database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from tests.state.conftest import Place

from vibepiper_interpreter.plan.plan import Plan
from vibepiper_interpreter.run.events import Event
from vibepiper_interpreter.run.result import CheckResult, TaskResult
from vibepiper_interpreter.state import AttemptRecord, Audit, Batch, Pointer, State, glance_at
from vibepiper_interpreter.state.tables import definitions
from vibepiper_interpreter.storage.version import InputVersion, Version
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError

MakeVersion = Callable[..., Version]
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ORDERS, REVENUE = Address("shop", "orders"), Address("shop", "revenue")


def publish(state: State, changes: dict[Address, Pointer | None], environment: str = "dev") -> int:
    with state.take_lease(environment, "test") as lease:
        return state.publish(lease, state.serial(environment), changes, "r1")


def test_a_version_comes_back_as_it_was(state: State, make_version: MakeVersion) -> None:
    version = make_version("orders", ("raw", "v9"))
    state.record(Batch("r1", versions=(version,)))
    assert state.versions([version.id, "unknown"]) == {version.id: version}
    assert state.history(ORDERS) == [version]
    assert state.find_by_key([version.key, "other"]) == {version.key: version}


def test_a_definition_is_kept_once_however_many_versions_it_makes(state: State, make_version: MakeVersion) -> None:
    state.record(Batch("r1", versions=(make_version(), make_version())))
    state.record(Batch("r2", versions=(make_version(), make_version("revenue"))))
    with state._database.reading() as connection:
        assert connection.execute(select(func.count()).select_from(definitions)).scalar() == 2
    assert len(state.history(ORDERS)) == 3


def test_the_newest_version_of_a_key_is_found(state: State, make_version: MakeVersion) -> None:
    old, new = make_version(key="k"), make_version(key="k")
    state.record(Batch("r1", versions=(new, old)))
    assert state.find_by_key(["k"])["k"].id == new.id
    assert state.ids_by_key() == state.ids_by_key(["k", "none"]) == {"k": new.id}


def test_history_and_past_makings_begin_with_the_newest(state: State, make_version: MakeVersion) -> None:
    versions = [make_version(rows=rows) for rows in range(7)]
    state.record(Batch("r1", versions=tuple(versions)))
    assert [version.rows for version in state.history(ORDERS, 3)] == [6, 5, 4]
    assert [past.rows for past in state.pasts([ORDERS, REVENUE])[ORDERS]] == [6, 5, 4, 3, 2]


def test_publishing_moves_all_pointers_at_once_and_counts(state: State, make_version: MakeVersion) -> None:
    first, second = make_version(), make_version("revenue", ("orders", "v0001"))
    state.record(Batch("r1", versions=(first, second)))
    assert state.serial("dev") == 0
    serial = publish(state, {ORDERS: Pointer(first.id, ()), REVENUE: Pointer(second.id, second.inputs)})
    assert serial == state.serial("dev") == 1
    assert state.pointers("dev") == {ORDERS: Pointer(first.id, ()), REVENUE: Pointer(second.id, second.inputs)}
    assert state.pointers("prod") == {}

    publish(state, {ORDERS: None})
    assert set(state.pointers("dev")) == {REVENUE}
    assert [(each.name, each.serial, each.assets) for each in state.environments()] == [("dev", 2, 1)]


def test_what_planning_reads_is_consistent(state: State, make_version: MakeVersion) -> None:
    first, second = make_version(), make_version("revenue", ("orders", "v0001"))
    audit = Audit(second.id, "checks", True, "r1", NOW, (InputVersion(ORDERS, first.id),))
    state.record(Batch("r1", versions=(first, second), audits=(audit,)))
    confirmed = (InputVersion(ORDERS, "later"),)
    publish(state, {ORDERS: Pointer(first.id, ()), REVENUE: Pointer(second.id, confirmed)})
    serial, published, proofs = state.published("dev")
    assert serial == 1
    revenue = published[REVENUE]
    assert (revenue.id, revenue.fingerprint, revenue.build, revenue.key) == (
        second.id,
        second.asset.fingerprint,
        "table",
        second.key,
    )
    assert revenue.inputs == confirmed
    assert revenue.is_right_for([(ORDERS, "later")])
    assert [part.path for part in revenue.parts] == [part.path for part in second.parts]
    assert revenue.source_files == second.source_files
    assert [(proof.checks_fingerprint, proof.passed, proof.inputs) for proof in proofs[second.id]] == [
        ("checks", True, audit.inputs)
    ]
    assert state.audits([second.id]) == {second.id: (audit,)}


def test_a_file_is_seen_without_opening_the_state(place: Place, state: State, make_version: MakeVersion) -> None:
    assert glance_at(place.root / "nowhere", None, "dev") is None
    first, second = make_version(), make_version("revenue", ("orders", "v0001"))
    audits = (Audit(first.id, "checks", False, "r1", NOW), Audit(second.id, "checks", True, "r1", NOW, second.inputs))
    state.record(Batch("r1", versions=(first, second), audits=audits))
    publish(state, {ORDERS: Pointer(first.id, ()), REVENUE: Pointer(second.id, second.inputs)})
    for environment in ("dev", "prod"):
        seen, sight = glance_at(place.root, place.url, environment), state.sight(environment)
        if place.url is not None:
            assert seen is None
            continue
        assert seen is not None
        assert seen.digest() == sight.digest() != ""
        assert (seen.serial, seen.published(), seen.proofs()) == state.published(environment)


def test_a_later_audit_of_the_same_checks_replaces_the_earlier(state: State, make_version: MakeVersion) -> None:
    version = make_version()
    state.record(Batch("r1", versions=(version,), audits=(Audit(version.id, "checks", False, "r1", NOW),)))
    later = Audit(version.id, "checks", True, "r2", NOW + timedelta(hours=1))
    state.record(Batch("r2", audits=(later,)))
    assert state.audits([version.id]) == {version.id: (later,)}


def test_a_batch_is_written_whole_or_not_at_all(state: State, make_version: MakeVersion) -> None:
    version = make_version()
    nobodys = Event("no such run", 1, NOW, "log", None, {})
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        state.record(Batch("r1", versions=(version,), events=(nobodys,)))
    assert state.versions([version.id]) == {}


def test_only_what_nothing_shows_is_unreferenced(state: State, make_version: MakeVersion) -> None:
    old, new = make_version(), make_version()
    view = make_version("revenue", ("orders", old.id), parts=())
    view = replace(view, asset=replace(view.asset, build="view"))
    loose = make_version("other")
    state.record(Batch("r1", versions=(old, new, view, loose)))
    publish(state, {ORDERS: Pointer(new.id, ()), REVENUE: Pointer(view.id, (InputVersion(ORDERS, new.id),))})
    # `old` is shown through the view, though the environment has moved on from it.
    assert [version.id for version in state.unreferenced_versions(timedelta(0))] == [loose.id]
    assert state.unreferenced_versions(datetime.now(UTC) - NOW + timedelta(days=1)) == []
    assert state.forget([loose.id, old.id]) == [loose.id]
    assert set(state.versions([old.id, new.id, view.id, loose.id])) == {old.id, new.id, view.id}


def test_a_run_tells_afterwards_what_it_did_and_why(state: State, plan: Plan, make_version: MakeVersion) -> None:
    run_id = state.begin_run(plan, "ann@desk")
    version = make_version()
    check = CheckResult(
        ORDERS,
        version.id,
        "not_null(id)",
        "not_null",
        "id",
        "error",
        False,
        2,
        "2 rows",
        ("id", "name"),
        (("NULL", "x"),),
    )
    failed = TaskResult(
        ORDERS, "failed", False, version.id, 3, 100, 0.5, (check,), (Diagnostic("VP506", "`id` is NULL in 2 rows."),)
    )
    state.record(
        Batch(
            run_id,
            versions=(version,),
            tasks=(failed,),
            attempts=(AttemptRecord(ORDERS, 1, "worker-0", NOW, NOW + timedelta(seconds=1), "done"),),
            checks=(check,),
            events=(Event(run_id, 1, NOW, "task_finished", ORDERS, {"outcome": "failed", "rows": 3, "at": NOW}),),
        )
    )
    state.finish_run(run_id, "failed", 1.5)

    record = state.run(run_id)
    assert record == state.run(run_id[:-2])
    summary = record.summary
    assert (summary.status, summary.owner, summary.selection, summary.actions) == (
        "failed",
        "ann@desk",
        ("orders+",),
        1,
    )
    (task,) = record.tasks
    assert task.reasons == (("new", "it is not published in `dev` yet"),)
    assert (task.outcome, task.published, task.version_id, task.rows) == ("failed", False, version.id, 3)
    assert task.diagnostics[0]["code"] == "VP506"
    assert record.checks == (check,)
    assert record.attempts[0].worker == "worker-0"
    assert record.events[0].data == {"outcome": "failed", "rows": 3, "at": NOW}
    assert state.latest_checks(version.id) == [check]


def test_a_run_that_died_is_interrupted(state: State, plan: Plan) -> None:
    with state.take_lease("dev", "test"):
        run_id = state.begin_run(plan, "test")
        assert state.runs()[0].status == "running"
    assert state.run(run_id).summary.status == "interrupted"
    with state.take_lease("dev", "test"):
        later = state.begin_run(plan, "test")
        assert {run.id: run.status for run in state.runs()} == {run_id: "interrupted", later: "running"}


def test_an_unknown_run_is_told(state: State, plan: Plan) -> None:
    with pytest.raises(DiagnosticError) as caught:
        state.run("never")
    assert caught.value.diagnostics[0].code == "VP707"
    state.begin_run(plan, "test")
    state.begin_run(plan, "test")
    with pytest.raises(DiagnosticError, match="More than one run"):
        state.run("2")


def test_many_at_once(state: State, make_version: MakeVersion) -> None:
    """More values than a statement may have parameters."""
    versions = [make_version(f"a{index}", parts=()) for index in range(6000)]
    state.record(Batch("r1", versions=tuple(versions)))
    changes: dict[Address, Any] = {version.address: Pointer(version.id, ()) for version in versions}
    publish(state, changes)
    assert len(state.versions(version.id for version in versions)) == 6000
    assert len(state.published("dev")[1]) == 6000
