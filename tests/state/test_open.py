"""Opening a state: new, old, newer, damaged, out of reach, and by several processes at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect, text

from vibepiper_interpreter.state import open_state
from vibepiper_interpreter.state.database import Database
from vibepiper_interpreter.state.migrations.upgrade import revisions, upgrade
from vibepiper_interpreter.state.network_disk import network_file_system
from vibepiper_interpreter.state.process import Process, is_known_dead, this_process
from vibepiper_interpreter.state.revisions import REVISIONS
from vibepiper_interpreter.state.schema import ready
from vibepiper_interpreter.state.tables import metadata
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError
from vibepiper_spec.model.settings import ProjectSettings


def told(action: Any) -> Diagnostic:
    with pytest.raises(DiagnosticError) as caught:
        action()
    return caught.value.diagnostics[0]


def database_of(place: Any) -> Database:
    if place.url is not None:
        return Database(create_engine(place.url), "test")
    return Database(create_engine(f"sqlite:///{place.root / 'direct.sqlite'}"), "test")


def test_a_state_keeps_its_id(place: Any) -> None:
    with place.open() as first:
        known = first.id
    with place.open() as again:
        assert again.id == known


def test_migrations_make_the_tables_that_the_code_knows(place: Any) -> None:
    database = database_of(place)
    with database.writing() as connection:
        upgrade(connection)
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        migrated = _schema(connection)
    with database.writing() as connection:
        metadata.drop_all(connection)
        connection.execute(text("drop table alembic_version"))
    ready(database)
    with database.engine.connect() as connection:
        assert _schema(connection) == migrated
    database.close()


def test_a_migrated_state_works(place: Any) -> None:
    """A state is created at the newest revision; one that an older version made comes there by migrations."""
    database = database_of(place)
    with database.writing() as connection:
        upgrade(connection, REVISIONS[0])
        connection.execute(text("insert into identity values ('old', '2026-01-01 00:00:00')"))
    assert ready(database) == "old"
    database.close()


def test_every_migration_is_known_to_the_code() -> None:
    assert revisions() == REVISIONS


def test_a_newer_state_is_refused_and_left_alone(place: Any) -> None:
    with place.open() as state, state._database.writing() as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))
    diagnostic = told(place.open)
    assert diagnostic.code == "VP705"
    assert "9999" in diagnostic.detail


def test_processes_that_start_together_agree_on_one_state(place: Any) -> None:
    others = [place.start("print(state.id)") for _ in range(4)]
    ids = {other.communicate()[0] for other in others}
    assert [other.returncode for other in others] == [0] * 4
    assert len(ids) == 1


def test_opening_imports_neither_alembic_nor_an_engine(sqlite_place: Any) -> None:
    code = """
slow = {"alembic", "duckdb", "pyarrow", "pandas", "polars", "sqlglot", "rich", "tomlkit", "jsonschema"}
print(sorted(slow & sys.modules.keys()))
"""
    assert sqlite_place.start(code).communicate()[0] == "[]\n"


def test_commits_survive_a_power_cut(sqlite_place: Any) -> None:
    with sqlite_place.open() as state, state._database.writing() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"pragma {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30_000}


@pytest.mark.parametrize(
    "content", [b"this is no database at all, but long enough to be looked at" * 20, b"SQLite format 3\0" * 99]
)
def test_a_damaged_file_is_told(sqlite_place: Any, content: bytes) -> None:
    folder = sqlite_place.root / ".vp"
    folder.mkdir()
    (folder / "state.sqlite").write_bytes(content)
    diagnostic = told(sqlite_place.open)
    assert diagnostic.code == "VP706"
    assert ".vp/state.sqlite" in diagnostic.detail
    assert str(sqlite_place.root) not in diagnostic.detail
    assert (folder / "state.sqlite").read_bytes() == content


def test_a_folder_in_its_place_is_told(sqlite_place: Any) -> None:
    (sqlite_place.root / ".vp" / "state.sqlite").mkdir(parents=True)
    assert told(sqlite_place.open).code == "VP706"


def test_a_server_that_does_not_answer_is_told_without_its_password(tmp_path: Path) -> None:
    diagnostic = told(lambda: open_state(tmp_path, _settings("postgresql://ann:hush@127.0.0.1:1/x")))
    assert diagnostic.code == "VP706"
    assert "127.0.0.1:1/x" in diagnostic.detail
    assert "hush" not in repr(diagnostic)


@pytest.mark.parametrize("url", ["hush", "mysql://ann:hush@host/x", "sqlite://", "postgresql://ann:hush@host:port/x"])
def test_what_is_no_url_is_told_without_showing_it(tmp_path: Path, url: str) -> None:
    diagnostic = told(lambda: open_state(tmp_path, _settings(url)))
    assert diagnostic.code == "VP706"
    assert "hush" not in repr(diagnostic)


def test_the_url_can_be_a_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = _settings("secret:MY_STATE")
    assert told(lambda: open_state(tmp_path, settings)).code == "VP602"
    monkeypatch.setenv("MY_STATE", "sqlite:///elsewhere.sqlite")
    open_state(tmp_path, settings).close()
    assert (tmp_path / "elsewhere.sqlite").is_file()


MOUNTS = """\
/dev/sda1 / ext4 rw 0 0
server:/home /home nfs4 rw 0 0
/dev/sdb1 /home/local ext4 rw 0 0
//server/share /mnt/team\\040share cifs rw 0 0
me@host:/ /mnt/far fuse.sshfs rw 0 0
/dev/sdc1 /mnt/near fuse.ntfs rw 0 0
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/srv/project", None),
        ("/home/ann/project", "nfs4"),
        ("/home/local/project", None),
        ("/homestead", None),
        ("/mnt/team share/project", "cifs"),
        ("/mnt/far/project", "fuse.sshfs"),
        ("/mnt/near/project", None),
    ],
)
def test_network_disks_are_known(tmp_path: Path, folder: str, kind: str | None) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(MOUNTS)
    assert network_file_system(Path(folder), mounts) == kind


def test_a_sqlite_file_on_a_network_disk_is_refused(sqlite_place: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = sqlite_place.root / "mounts"
    mounts.write_text(f"server:/x {sqlite_place.root} nfs rw 0 0\n")
    monkeypatch.setattr("vibepiper_interpreter.state.network_disk.MOUNTS", mounts)
    diagnostic = told(sqlite_place.open)
    assert diagnostic.code == "VP605"
    assert "nfs" in diagnostic.detail


def test_this_process_lives_and_another_of_its_number_would_not_be_it() -> None:
    this = this_process()
    assert not is_known_dead(this)
    assert is_known_dead(Process(this.host, this.machine, this.number, "another time"))
    assert not is_known_dead(Process(this.host, "another machine", this.number, "another time"))
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert is_known_dead(Process(this.host, this.machine, ended.pid, "1"))


def _settings(url: str) -> ProjectSettings:
    return ProjectSettings.model_validate({"project": {"name": "test"}, "state": {"url": url}})


def _schema(connection: Any) -> dict[str, Any]:
    """Everything about the tables that can be looked at, in an order of its own."""
    seen = inspect(connection)
    return {
        table: (
            [(column["name"], str(column["type"]), column["nullable"]) for column in seen.get_columns(table)],
            seen.get_pk_constraint(table)["constrained_columns"],
            sorted(str(sorted(index.items(), key=str)) for index in seen.get_indexes(table)),
            sorted(
                (key["constrained_columns"], key["referred_table"], key["options"].get("ondelete"))
                for key in seen.get_foreign_keys(table)
            ),
        )
        for table in sorted(seen.get_table_names())
        if table != "alembic_version"
    }
