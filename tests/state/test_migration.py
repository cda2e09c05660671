"""A state that an older version of VibePiper wrote keeps all it held; one that a newer version wrote is refused."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, MetaData, Table, create_engine, insert, inspect, select, text
from tests.state.conftest import MakeVersion, Place

from vibepiper_interpreter.plan.plan import Plan
from vibepiper_interpreter.state import Audit, Batch, Pointer, State
from vibepiper_interpreter.state.backup import open_backup
from vibepiper_interpreter.state.migrations.upgrade import upgrade
from vibepiper_interpreter.state.revisions import REVISIONS
from vibepiper_interpreter.state.schema import new_state_id
from vibepiper_interpreter.state.tables import metadata
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import DiagnosticError

ORDERS = Address("shop", "orders")
Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture
def written(place: Place, make_version: MakeVersion, plan: Plan) -> dict[str, Any]:
    return write(place, make_version, plan)


def write(place: Place, make_version: MakeVersion, plan: Plan) -> dict[str, Any]:
    """Publishes twice; what a state of today answers then."""
    first, second = make_version(), make_version("orders", ("raw", "v9"))
    with place.open() as state:
        run_id = state.begin_run(plan, "ann")
        audit = Audit(second.id, "checks", True, run_id, second.created_at)
        state.record(Batch(run_id, versions=(first, second), audits=(audit,)))
        with state.take_lease("dev", "ann") as lease:
            state.publish(lease, 0, {ORDERS: Pointer(first.id, first.inputs)}, run_id)
            state.publish(lease, 1, {ORDERS: Pointer(second.id, second.inputs)}, run_id)
        state.finish_run(run_id, "succeeded", 1.5)
        return answers(state)


def answers(state: State) -> dict[str, Any]:
    return {
        "id": state.id,
        "serial": state.serial("dev"),
        "pointers": state.pointers("dev"),
        "before": state.pointers_at("dev", 1),
        "versions": state.history(ORDERS),
        "audits": state.audits(version.id for version in state.history(ORDERS)),
        "runs": state.runs(),
        "published": state.published("dev"),
    }


def as_written_by(revision: str, place: Place) -> None:
    """Give the state's database the tables of an older version, with the same content as far as they can hold it."""
    url = place.url or f"sqlite:///{place.root}/.vp/state.sqlite"
    engine = create_engine(url)
    with engine.connect() as connection:
        rows = _rows(connection)
        metadata.drop_all(connection)
        connection.execute(text("drop table alembic_version"))
        upgrade(connection, revision)
        there = set(inspect(connection).get_table_names())
        for table in (table for table in metadata.sorted_tables if table.name in there):
            older = Table(table.name, MetaData(), autoload_with=connection)
            known = {column.name for column in older.columns}
            values = [{name: row[name] for name in row.keys() & known} for row in rows[table.name]]
            if values:
                connection.execute(insert(older), values)
        connection.commit()
    engine.dispose()


def _rows(connection: Connection) -> Rows:
    tables = inspect(connection).get_table_names()
    assert set(metadata.tables) <= set(tables)
    return {
        name: [
            dict(row)
            for row in connection.execute(select(Table(name, MetaData(), autoload_with=connection))).mappings()
        ]
        for name in metadata.tables
    }


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_state_of_every_older_schema_is_brought_up_to_date(
    place: Place, written: dict[str, Any], revision: str
) -> None:
    as_written_by(revision, place)
    with place.open() as state:
        assert answers(state) == written
    folder = place.root / ".vp"
    copies = list(folder.glob("state-*.sqlite") if place.url is None else folder.glob("backups/*"))
    assert len(copies) == (0 if revision == REVISIONS[-1] else 1)
    for copy in copies:
        kind = "state-{}.sqlite" if place.url is None else "schema-{}-*.vpstate"
        assert copy.match(kind.format(revision))
        with sqlite3.connect(copy) as kept:
            assert kept.execute("select version_num from alembic_version").fetchone() == (revision,)
            assert kept.execute("select count(*) from versions").fetchone() == (2,)
        kept.close()


@pytest.mark.parametrize("revision", REVISIONS[:-1])
def test_what_was_kept_before_a_server_was_migrated_can_be_restored(
    postgresql: str, second_postgresql: str, tmp_path: Path, make_version: MakeVersion, plan: Plan, revision: str
) -> None:
    place = Place(tmp_path / "first", postgresql)
    was = write(place, make_version, plan)
    as_written_by(revision, place)
    place.open().close()
    (kept,) = (place.root / ".vp" / "backups").iterdir()
    with Place(tmp_path / "second", second_postgresql).open() as state, open_backup(kept) as backup:
        assert (backup.note.revision, backup.note.state_id) == (revision, was["id"])
        state.put_back(backup, new_state_id())
        now = answers(state)
    same = ("pointers", "before", "versions", "audits", "runs")
    assert {name: now[name] for name in same} == {name: was[name] for name in same}


def test_without_a_copy_a_server_is_not_migrated(postgresql: str, tmp_path: Path) -> None:
    place = Place(tmp_path, postgresql)
    place.open().close()
    as_written_by(REVISIONS[0], place)
    (tmp_path / ".vp").mkdir(exist_ok=True)
    (tmp_path / ".vp" / "backups").write_text("in the way")
    with pytest.raises(DiagnosticError) as refused:
        place.open()
    assert refused.value.diagnostics[0].code == "VP008"
    engine = create_engine(postgresql)
    with engine.connect() as connection:
        assert connection.execute(text("select version_num from alembic_version")).scalar() == REVISIONS[0]
        assert "built" not in {column["name"] for column in inspect(connection).get_columns("versions")}
    engine.dispose()


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_backup_of_every_older_schema_can_be_restored(
    place: Place, written: dict[str, Any], revision: str, tmp_path: Path
) -> None:
    """The file is written by today's code, and then made what an older one would have written."""
    file = tmp_path / "older.vpstate"
    with place.open() as state:
        state.back_up(file)
    _make_older(file, revision)
    with place.open() as state, open_backup(file) as backup:
        assert backup.note.revision == revision
        state.put_back(backup, new_state_id())
        restored = answers(state)
    counts = ("id", "serial", "published")
    assert {key: value for key, value in restored.items() if key not in counts} == {
        key: value for key, value in written.items() if key not in counts
    }
    assert restored["published"][1:] == written["published"][1:]


def _make_older(file: Path, revision: str) -> None:
    from vibepiper_interpreter.state.backup import _digest

    engine = create_engine(f"sqlite:///{file}")
    with engine.connect() as connection:
        note = connection.execute(text("select * from backup")).one()
    engine.dispose()
    place = type("Place", (), {"url": f"sqlite:///{file}", "root": file.parent})
    as_written_by(revision, place)  # type: ignore[arg-type]
    with engine.connect() as connection:
        assert note.state_id
        connection.execute(
            text("update backup set revision = :revision, sha256 = :digest"),
            {"revision": revision, "digest": _digest(connection)},
        )
        connection.commit()
    engine.dispose()


def test_a_newer_state_is_refused_and_not_a_byte_of_it_changes(place: Place, written: dict[str, Any]) -> None:
    with place.open() as state, state._database.writing() as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))
        connection.execute(text("alter table versions add column of_the_future text"))
    with pytest.raises(DiagnosticError) as refused:
        place.open()
    assert refused.value.diagnostics[0].code == "VP705"
    engine = create_engine(place.url or f"sqlite:///{place.root}/.vp/state.sqlite")
    with engine.connect() as connection:
        assert connection.execute(text("select version_num from alembic_version")).scalar() == "9999"
        assert connection.execute(text("select count(*), count(of_the_future) from versions")).one() == (2, 0)
    engine.dispose()


def test_a_migration_that_fails_leaves_the_older_state_whole(
    sqlite_place: Place, monkeypatch: pytest.MonkeyPatch, make_version: MakeVersion, plan: Plan
) -> None:
    with sqlite_place.open() as state, state._database.writing() as connection:
        connection.execute(text("update alembic_version set version_num = '0000'"))
    monkeypatch.setattr("vibepiper_interpreter.state.schema.REVISIONS", ("0000", *REVISIONS))
    with pytest.raises(Exception, match="0000"):  # alembic knows of no such revision
        sqlite_place.open()
    file = sqlite_place.root / ".vp" / "state.sqlite"
    for kept in (file, file.with_name("state-0000.sqlite")):
        with sqlite3.connect(kept) as connection:
            assert connection.execute("select version_num from alembic_version").fetchone() == ("0000",)
            assert connection.execute("select count(*) from identity").fetchone() == (1,)
        connection.close()
