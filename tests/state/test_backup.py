"""A backup holds all of a state, from and into either database; whatever is not whole is refused."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, text, update

from vibepiper_interpreter.plan.plan import Plan
from vibepiper_interpreter.state import Audit, Batch, Pointer, State
from vibepiper_interpreter.state.backup import open_backup
from vibepiper_interpreter.state.operator_result import OperatorResult
from vibepiper_interpreter.state.schema import new_state_id
from vibepiper_interpreter.state.tables import leases, metadata
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError

if TYPE_CHECKING:
    from tests.state.conftest import MakeVersion, Place

ORDERS = Address("shop", "orders")


def told(action: Callable[[], object]) -> Diagnostic:
    with pytest.raises(DiagnosticError) as caught:
        action()
    return caught.value.diagnostics[0]


def fill(state: State, make_version: MakeVersion, plan: Plan) -> None:
    """Two publishes and a run, with something in most tables."""
    first, second = make_version(), make_version()
    run_id = state.begin_run(plan, "ann")
    audit = Audit(first.id, "checks", True, run_id, first.created_at)
    state.record(Batch(run_id, versions=(first, second), audits=(audit,)))
    with state.take_lease("dev", "ann") as lease:
        state.publish(lease, 0, {ORDERS: Pointer(first.id, first.inputs)}, run_id)
        state.publish(lease, 1, {ORDERS: Pointer(second.id, second.inputs)}, run_id)
        state.record_operators(lease, [OperatorResult(ORDERS, "", "means", "done", (), {"rows": 3}, run_id)])
    state.finish_run(run_id, "succeeded", 1.5)


def content(state: State, *left_out: str) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table."""
    with state._database.reading() as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for table in metadata.sorted_tables
            if table.name not in left_out
        }


@pytest.fixture
def filled(state: State, make_version: MakeVersion, plan: Plan) -> State:
    fill(state, make_version, plan)
    return state


@pytest.fixture(params=["sqlite", "postgresql"])
def elsewhere(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """An empty state on each database, whichever the first one is on."""
    from tests.state.conftest import Place

    (tmp_path / "elsewhere").mkdir()
    url = None if request.param == "sqlite" else request.getfixturevalue("second_postgresql")
    return Place(tmp_path / "elsewhere", url)


def test_what_was_backed_up_comes_back_in_either_database(filled: State, elsewhere: Place, tmp_path: Path) -> None:
    note = filled.back_up(tmp_path / "backup")
    assert (note.state_id, note.serials, note.runs) == (filled.id, {"dev": 2}, 1)
    with elsewhere.open() as other, open_backup(tmp_path / "backup") as backup:
        other.put_back(backup, new_state_id())
        # What counts goes on from where it was; all else is what it was.
        counts = ("identity", "leases", "environments")
        assert content(other, *counts) == content(filled, *counts)
        assert other.serial("dev") == 3
        assert other.id not in (filled.id, note.state_id)
    with elsewhere.open() as again:
        assert again.id == other.id


def test_a_backup_is_of_one_moment_while_others_write(
    filled: State, make_version: MakeVersion, plan: Plan, tmp_path: Path
) -> None:
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            run_id = filled.begin_run(plan, "bob")
            version = make_version()
            filled.record(Batch(run_id, versions=(version,)))
            with filled.take_lease("dev", "bob", wait=30) as lease:
                filled.publish(lease, filled.serial("dev"), {ORDERS: Pointer(version.id, ())}, run_id)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(5):
            note = filled.back_up(tmp_path / "backup")  # replaces the one before
            with open_backup(tmp_path / "backup") as backup, backup.database.reading() as connection:
                moves = connection.execute(text("select count(*) from publications")).scalar_one()
                assert moves == note.serials["dev"]  # one asset, so one move a publish
    finally:
        stop.set()
        writer.join()


def test_a_process_of_before_is_fenced_off_and_a_plan_of_before_is_stale(filled: State, tmp_path: Path) -> None:
    filled.back_up(tmp_path / "backup")
    before = filled.id
    paused = filled.take_lease("dev", "a process that sleeps")
    with filled._database.writing() as connection:
        connection.execute(update(leases).values(held=False))  # it has slept for too long
    with filled.take_lease("dev", "ann"), open_backup(tmp_path / "backup") as backup:
        filled.put_back(backup, new_state_id())
    assert filled.id != before
    with filled.take_lease("dev", "ann") as lease:
        assert lease.token > paused.token
        assert told(lambda: filled.publish(paused, filled.serial("dev"), {}, "r")).code == "VP704"
        assert told(lambda: filled.publish(lease, 2, {}, "r")).code == "VP704"
    paused.release()


def test_an_environment_that_the_backup_does_not_know_stays_and_shows_nothing(filled: State, tmp_path: Path) -> None:
    filled.back_up(tmp_path / "backup")
    with filled.take_lease("prod", "ann") as lease:
        filled.publish(lease, 0, {ORDERS: filled.pointers("dev")[ORDERS]}, "r1")
    with open_backup(tmp_path / "backup") as backup:
        filled.put_back(backup, new_state_id())
    assert {each.name: (each.serial, each.assets) for each in filled.environments()} == {"dev": (3, 1), "prod": (2, 0)}


@pytest.mark.parametrize("damage", ["cut", "changed", "text", "empty", "another database", "edited"])
def test_what_is_no_whole_backup_is_refused(filled: State, tmp_path: Path, damage: str) -> None:
    file = tmp_path / "backup"
    filled.back_up(file)
    whole = file.read_bytes()
    match damage:
        case "cut":
            file.write_bytes(whole[: len(whole) // 2])
        case "changed":
            assert whole.count(b"fingerprint of orders") > 1
            file.write_bytes(whole.replace(b"fingerprint of orders", b"fingerprint of others"))
        case "text":
            file.write_text("these are my notes")
        case "empty":
            file.write_bytes(b"")
        case "another database":
            file.unlink()
            with sqlite3.connect(file) as connection:
                connection.execute("create table backup (notes text)")
            connection.close()
        case "edited":
            with sqlite3.connect(file) as connection:
                connection.execute("delete from pointers")
            connection.close()
    before = file.read_bytes()
    assert told(lambda: open_backup(file).__enter__()).code == "VP715"
    assert file.read_bytes() == before


def test_a_backup_of_a_newer_version_is_refused(filled: State, tmp_path: Path) -> None:
    file = tmp_path / "backup"
    filled.back_up(file)
    with sqlite3.connect(file) as connection:
        connection.execute("update backup set revision = '9999', written_by = '9.1'")
    connection.close()
    diagnostic = told(lambda: open_backup(file).__enter__())
    assert diagnostic.code == "VP705"
    assert "9.1" in diagnostic.detail


def test_another_file_is_never_overwritten(filled: State, sqlite_place: Place, tmp_path: Path) -> None:
    mine = tmp_path / "notes.txt"
    mine.write_text("mine")
    assert told(lambda: filled.back_up(mine)).code == "VP715"
    assert mine.read_text() == "mine"
    with sqlite_place.open() as state:
        own = sqlite_place.root / ".vp" / "state.sqlite"
        assert told(lambda: state.back_up(own)).code == "VP715"
        if state.id != filled.id:
            state.back_up(tmp_path / "of another")
            assert told(lambda: filled.back_up(tmp_path / "of another")).code == "VP715"
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".") and path.name != ".vp"]


def test_a_full_disk_leaves_the_backup_of_before(filled: State, small_disk: Path) -> None:
    file = small_disk / "backup"
    filled.back_up(file)
    before = file.read_bytes()
    (small_disk / "fills it").write_bytes(bytes(_free(small_disk) - 40_000))
    diagnostic = told(lambda: filled.back_up(file))
    assert diagnostic.code == "VP508"
    assert file.read_bytes() == before
    assert sorted(path.name for path in small_disk.iterdir()) == ["backup", "fills it"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("no small disk can be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def _free(folder: Path) -> int:
    return shutil.disk_usage(folder).free
