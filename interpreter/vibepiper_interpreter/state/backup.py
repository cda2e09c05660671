"""A backup: one file that holds all of a state, whatever database it is kept in, and can be put back into any.

The file is a SQLite database with the state's own tables, and a note of what it is. So an older backup is brought up
to date by the same migrations as an older state, and any SQLite client can look into it.
"""

from __future__ import annotations

import os
import secrets
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import (
    URL,
    Column,
    Connection,
    DateTime,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    delete,
    event,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.engine.interfaces import ReflectedColumn
from sqlalchemy.exc import DBAPIError

from vibepiper_interpreter.state.database import Database, database_time
from vibepiper_interpreter.state.revisions import REVISIONS
from vibepiper_interpreter.state.rows import to_text
from vibepiper_interpreter.state.schema import NOTE_OF_SCHEMA, create_tables, ready, write_identity
from vibepiper_interpreter.state.tables import Instant, environments, identity, leases, metadata, runs
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError, Fix

BACKUP_FORMAT = 1

_AT_ONCE = 1_000  # rows held in memory while they are copied
# A state that is put back continues with tokens that nobody can have been given since the backup was written.
_TOKENS_SPARED = 1_000

_note = Table(
    "backup",
    MetaData(),
    Column("format", Integer, nullable=False),
    Column("state_id", String, nullable=False),
    Column("revision", String, nullable=False),
    Column("written_by", String, nullable=False),  # the version of VibePiper
    Column("written_at", Instant, nullable=False),
    Column("sha256", String, nullable=False),  # of every row of every other table
)


@dataclass(frozen=True, slots=True)
class Note:
    """What a backup says about itself."""

    state_id: str
    revision: str
    written_by: str
    written_at: datetime  # UTC
    sha256: str
    serials: Mapping[str, int]  # of each environment
    runs: int


@dataclass(frozen=True, slots=True)
class Backup:
    """A whole backup, opened to be put back. `database` holds a copy of it, with today's tables."""

    note: Note
    database: Database


def write_backup(database: Database, state_id: str, file: Path) -> Note:
    """Write all that `database` holds, as it is at one moment, to `file`: whole, or not at all.

    A file that is there already is replaced only if it is a backup of this state; else VP715.
    """
    if file.exists():
        _require_older_backup(file, state_id)
    with database.reading() as source:
        return _write(source, metadata, create_tables, state_id, REVISIONS[-1], file)


def write_older_backup(source: Connection, revision: str, file: Path) -> Note:
    """The same of a state of an older schema, as its own tables have it. The caller sees to it that nobody writes."""
    # Alembic is slow to import, and seldom needed.
    from vibepiper_interpreter.state.migrations.upgrade import upgrade

    tables = _tables_as_they_are(source)
    state_id: str = source.execute(select(tables.tables[identity.name].c.id)).scalar_one()
    return _write(source, tables, lambda target: upgrade(target, revision), state_id, revision, file)


def _write(
    source: Connection,
    tables: MetaData,
    create: Callable[[Connection], None],
    state_id: str,
    revision: str,
    file: Path,
) -> Note:
    draft = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    copy = _sqlite(draft, file.name)
    try:
        draft.touch(exist_ok=False)  # what may not be written is told as any other file
        with copy.writing() as target:
            create(target)
            _copy_rows(source, target, tables)
            _note.create(target)
            target.execute(
                insert(_note).values(
                    format=BACKUP_FORMAT,
                    state_id=state_id,
                    revision=revision,
                    written_by=version("vibepiper"),
                    written_at=database_time(source),
                    sha256=_digest(target),
                )
            )
            note = _read_note(target)
        copy.close()
        _sync(draft)
        draft.replace(file)
        _sync(file.parent)
    finally:
        copy.close()
        draft.unlink(missing_ok=True)
        draft.with_name(f"{draft.name}-journal").unlink(missing_ok=True)
    return note


def _tables_as_they_are(connection: Connection) -> MetaData:
    """The tables of a state, whatever its schema; times are read as today's are."""
    found = MetaData()

    @event.listens_for(found, "column_reflect")
    def keep_zone(_: object, table: Table, column: ReflectedColumn) -> None:
        if isinstance(column["type"], DateTime):
            column["type"] = Instant()

    found.reflect(connection)
    found.remove(found.tables[NOTE_OF_SCHEMA])  # whoever makes the tables notes their schema
    return found


@contextmanager
def open_backup(file: Path) -> Iterator[Backup]:
    """A backup, proven whole and brought to today's tables; the file itself is never changed.

    VP715 where it is none, or damaged; VP705 where a newer version has written it.
    """
    with TemporaryDirectory(prefix="vp-backup-") as folder:
        copy = Path(folder) / "state.sqlite"
        shutil.copyfile(file, copy)
        database = _sqlite(copy, file.name)
        try:
            note = _proven(copy, database, file.name)
            ready(database)
            yield Backup(note, database)
        finally:
            database.close()


def put_back(backup: Backup, database: Database, state_id: str) -> None:
    """Let `database` hold what `backup` holds, and nothing else.

    The caller holds the lease of every environment. All of it is one transaction. The state is a new one from here
    on: `state_id` is new, and serials and tokens go on where both left off, so that no plan, process or warehouse file
    of before is taken for one of today.
    """
    with backup.database.reading() as source, database.writing() as target:
        before = _counters(target)
        for table in reversed(metadata.sorted_tables):
            target.execute(delete(table))
        _copy_rows(source, target, metadata)
        now = database_time(target)
        restored = _counters(target)
        for name in sorted(before.keys() | restored.keys()):
            serial, token = (max(pair) for pair in zip(before.get(name, _NONE), restored.get(name, _NONE), strict=True))
            if name not in restored:
                # It stays, and shows nothing: whoever held it must not find its token given to another.
                target.execute(insert(environments).values(name=name, created_at=now, serial=0))
            beyond = serial + 1 if serial else 0  # what was never published needs no way past anything
            target.execute(update(environments).where(environments.c.name == name).values(serial=beyond))
            _free(target, name, token + _TOKENS_SPARED, now)
        target.execute(delete(identity))
        write_identity(target, state_id)


_NONE = (0, 0)


def _counters(connection: Connection) -> dict[str, tuple[int, int]]:
    """The serial of each environment, and the last token given out for it."""
    rows = connection.execute(
        select(environments.c.name, environments.c.serial, leases.c.token).outerjoin(
            leases, leases.c.environment == environments.c.name
        )
    )
    return {name: (serial, token or 0) for name, serial, token in rows}


def _free(connection: Connection, environment: str, token: int, now: datetime) -> None:
    """Let nobody hold the lease, and the next owner get a token above `token`."""
    changed = connection.execute(
        update(leases).where(leases.c.environment == environment).values(token=token, held=False)
    )
    if changed.rowcount == 0:
        nobody = {"owner": "", "host": "", "machine": "", "process": 0, "process_started": ""}
        times = {"acquired_at": now, "heartbeat_at": now, "expires_at": now}
        connection.execute(insert(leases).values(environment=environment, token=token, held=False, **nobody, **times))


def _copy_rows(source: Connection, target: Connection, tables: MetaData) -> None:
    """Every row of every table, those first that others refer to."""
    for table in tables.sorted_tables:
        rows = source.execute(select(table).execution_options(stream_results=True)).mappings()
        for some in rows.partitions(_AT_ONCE):
            target.execute(insert(table), [dict(row) for row in some])


def _sqlite(path: Path, name: str) -> Database:
    return Database(create_engine(URL.create("sqlite", database=str(path))), name)


def _digest(connection: Connection) -> str:
    """Of every row of every table but the note, in the order in which they were written."""
    digest = sha256()
    names = connection.exec_driver_sql(
        "select name from sqlite_master where type = 'table' and name <> 'backup' order by name"
    )
    for name in names.scalars().all():
        rows = connection.exec_driver_sql(f'select * from "{name}" order by rowid')
        digest.update(to_text([name, list(rows.keys())]).encode() + b"\n")
        for row in rows:
            digest.update(to_text(list(row)).encode() + b"\n")
    return digest.hexdigest()


def _read_note(connection: Connection) -> Note:
    found = connection.execute(select(_note)).one()
    serials = {name: serial for name, (serial, _) in sorted(_counters(connection).items())}
    made = connection.execute(select(func.count()).select_from(runs)).scalar_one()
    return Note(found.state_id, found.revision, found.written_by, found.written_at, found.sha256, serials, made)


def _proven(copy: Path, database: Database, name: str) -> Note:
    """The note of a backup that is whole, of a format and schema that are known here."""
    stands_for = _stands_for(copy)
    if stands_for is None:
        raise DiagnosticError(_no_backup(name))
    format, revision, written_by = stands_for
    if format > BACKUP_FORMAT or revision not in REVISIONS:
        raise DiagnosticError(_newer(name, written_by))
    try:
        with database.engine.connect() as connection:
            whole = connection.exec_driver_sql("pragma quick_check").scalar() == "ok"
            if not whole or connection.execute(select(_note.c.sha256)).scalar_one() != _digest(connection):
                raise DiagnosticError(_damaged(name))
            return _read_note(connection)
    except (DBAPIError, ValueError) as error:
        raise DiagnosticError(_damaged(name)) from error


def _stands_for(path: Path) -> tuple[int, str, str] | None:
    """Format, schema and writer of a backup; None where the file is none."""
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            found: tuple[int, str, str] = connection.execute(
                "select format, revision, written_by from backup"
            ).fetchone()
            return found
    except sqlite3.DatabaseError:
        return None


def _require_older_backup(file: Path, state_id: str) -> None:
    try:
        with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            if connection.execute("select state_id from backup").fetchone() == (state_id,):
                return
    except sqlite3.Error:
        pass
    raise DiagnosticError(
        Diagnostic(
            "VP715",
            f"`{file.name}` is there already, and is no backup of this state as it is today (a state that was "
            "restored is a new one), so it is left as it is.",
            fix=Fix("Name another file."),
        )
    )


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _no_backup(name: str) -> Diagnostic:
    return Diagnostic(
        "VP715",
        f"`{name}` is no backup of a state, or it is damaged. Nothing was changed.",
        fix=Fix("Name a file that `vp state backup` has written, whole."),
    )


def _damaged(name: str) -> Diagnostic:
    return Diagnostic(
        "VP715",
        f"`{name}` is a backup, but not as it was written: its content does not fit its checksum. Nothing was changed.",
        fix=Fix("Take another backup, or get this one anew from where it was copied from."),
    )


def _newer(name: str, written_by: str) -> Diagnostic:
    return Diagnostic(
        "VP705",
        f"The backup `{name}` was written by VibePiper {written_by}, and this is {version('vibepiper')}, which does "
        f"not know all that is kept in it (schemas up to `{REVISIONS[-1]}`). Nothing was changed.",
        fix=Fix("Upgrade VibePiper: `pip install --upgrade vibepiper`."),
    )
