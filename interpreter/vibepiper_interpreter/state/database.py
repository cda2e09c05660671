"""A connection to the state's database: how transactions begin, and how its failures are told."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime

from sqlalchemy import Connection, Engine, event, func, select
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.pool import ConnectionPoolEntry

from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError, Fix

BUSY_TIMEOUT = 30_000  # milliseconds that a SQLite connection waits for another's write
_A_MOMENT = 1.0  # seconds; the same for what can be left for another day
_MUCH = 4  # one page of so many

_WRITING = "vibepiper_writing"


class Database:
    """`name` is how messages call it; it never holds a password."""

    def __init__(self, engine: Engine, name: str, *, read_only: bool = False) -> None:
        self.engine = engine
        self.name = name
        self.read_only = read_only
        if engine.dialect.name == "sqlite":
            _prepare_sqlite(engine)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent view of the state."""
        with self._told(), self.engine.connect() as connection:
            if connection.dialect.name == "postgresql":
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction that commits at the end, or leaves no trace. VP714 where the state can only be read."""
        if self.read_only:
            raise DiagnosticError(_read_only(self.name))
        with self._told(), self.engine.connect() as connection:
            connection = connection.execution_options(**{_WRITING: True})
            with connection.begin():
                yield connection

    def give_room_back(self) -> None:
        """Make a SQLite file of which much is empty as small as what is in it; a server sees to that itself.

        Where somebody else is at it, it stays as large as it is until the next time.
        """
        if self.engine.dialect.name != "sqlite":
            return
        file = str(self.engine.url.database)
        with suppress(sqlite3.OperationalError), closing(sqlite3.connect(file, timeout=_A_MOMENT)) as connection:
            [(empty,)], [(pages,)] = (connection.execute(f"PRAGMA {of}") for of in ("freelist_count", "page_count"))
            if empty > pages // _MUCH:
                connection.execute("VACUUM")

    def close(self) -> None:
        self.engine.dispose()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except IntegrityError:
            raise  # a mistake of ours, or a race that the caller settles
        except DBAPIError as error:
            raise DiagnosticError(told(str(error.orig), self.name)) from error


def database_time(connection: Connection) -> datetime:
    """The database's own clock, so that hosts whose clocks differ agree; SQLite has none but this host's."""
    if connection.dialect.name == "postgresql":
        now: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
        return now.astimezone(UTC)
    return datetime.now(UTC)


def told(message: str, name: str) -> Diagnostic:
    """A driver's error as a diagnostic. The statement and its values stay out: they may be large."""
    reason = message.strip().partition("\n")[0]
    if "disk is full" in reason or "No space left" in reason:
        return Diagnostic(
            "VP508",
            f"The disk that holds the state `{name}` is full, so nothing more can be recorded.",
            fix=Fix("Free some space, then apply again: what was finished is kept."),
        )
    return Diagnostic(
        "VP706",
        f"The state `{name}` does not answer: {reason}. Without it nobody knows what has been applied.",
        fix=Fix("Run `vp doctor`. If the file is damaged, put back a copy of it; if it is a server, see that it runs."),
    )


def _read_only(name: str) -> Diagnostic:
    return Diagnostic(
        "VP714",
        f"You may read the state `{name}` but not write it, so nothing can be recorded. Nothing was done.",
        fix=Fix("Get the permission to write to the file and its folder; verbs that only read work as they are."),
    )


def _prepare_sqlite(engine: Engine) -> None:
    """Take transactions into our own hands, and make a commit survive a power cut."""

    @event.listens_for(engine, "connect")
    def configure(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        # The driver would begin transactions late, and only for some statements.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT}")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A read that turns into a write half-way fails at once if another has written; so writers say so first.
        writing = connection.get_execution_options().get(_WRITING, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
