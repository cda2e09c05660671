"""The storage root: bound to one state, complete or not, and swept without losing what is in use."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from vibepiper_interpreter.compile.compiled import CompiledAsset, SqlDefinition
from vibepiper_interpreter.storage import Storage, new_version_id
from vibepiper_interpreter.storage.version import Part, Version
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import DiagnosticError

ORDERS = Address("shop", "orders")


def stored(storage: Storage, content: bytes = b"12345") -> Version:
    version_id = new_version_id()
    directory = storage.directory(ORDERS, version_id)
    directory.mkdir(parents=True)
    (directory / "part-0.parquet").write_bytes(content)
    (directory / "manifest.json").write_text("{}")
    part = Part(f"shop/orders/{version_id}/part-0.parquet", 1, len(content))
    asset = CompiledAsset(ORDERS, "sql", "table", SqlDefinition("select 1"), (), (), (), "f", "c")
    return Version(version_id, asset, "k", (), (), (part,), (), 1, 5, 0.0, None, "r", datetime.now(UTC))


def test_a_root_belongs_to_the_state_that_made_it(tmp_path: Path) -> None:
    Storage.open(tmp_path / "storage", "mine")
    Storage.open(tmp_path / "storage", "mine")
    with pytest.raises(DiagnosticError) as caught:
        Storage.open(tmp_path / "storage", "yours")
    assert [each.code for each in caught.value.diagnostics] == ["VP604"]


def test_of_many_that_open_a_new_root_at_once_one_state_wins(tmp_path: Path) -> None:
    owners: list[str] = []

    def claim(state: str) -> None:
        try:
            Storage.open(tmp_path / "storage", state)
            owners.append(state)
        except DiagnosticError:
            return

    threads = [threading.Thread(target=claim, args=(f"state-{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(owners) == 1


def test_a_part_that_is_cut_short_is_missing(tmp_path: Path) -> None:
    storage = Storage.open(tmp_path, "mine")
    version = stored(storage)
    storage.sync([version])
    assert storage.has(version)
    storage.path(version.parts[0]).write_bytes(b"123")
    assert not storage.has(version)


def test_removing_tells_the_bytes_and_leaves_no_empty_folder(tmp_path: Path) -> None:
    storage = Storage.open(tmp_path, "mine")
    first, second = stored(storage), stored(storage)
    assert storage.remove(ORDERS, first.id) == 7
    assert storage.has(second)
    storage.remove(ORDERS, second.id)
    assert not (tmp_path / "shop").exists()


def test_what_the_state_does_not_know_is_found_once_it_is_old(tmp_path: Path) -> None:
    storage = Storage.open(tmp_path, "mine")
    known, left_behind = stored(storage), stored(storage)
    soon = time.time() + 60
    assert [each.version_id for each in storage.unknown({known.id}, before=soon)] == [left_behind.id]
    assert storage.unknown({known.id}, before=time.time() - 60) == []


def test_version_ids_sort_by_time() -> None:
    first = new_version_id()
    time.sleep(0.002)
    assert first < new_version_id()
