"""SQLite: a file below the project's folder."""

from __future__ import annotations

import contextlib
import math
import sqlite3
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vibepiper_interpreter.operators.databases.database import CONNECT_TIMEOUT, Refusal
from vibepiper_interpreter.operators.placing import written
from vibepiper_interpreter.operators.statements import SQLITE

if TYPE_CHECKING:
    from vibepiper_spec.model.retry import FailureClass

_TRANSIENT = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_INFRASTRUCTURE = frozenset(
    {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
)


class SqliteDatabase:
    """`[connection.sqlite.NAME]`."""

    text = SQLITE
    driver = "sqlite3"
    extra = ""

    def __init__(self, fields: Mapping[str, Any], root: Path) -> None:
        self._path = root / fields["path"]

    def connect(self, seconds: float | None, *, read_only: bool = False) -> SqliteSession:
        # Without a transaction of its own making, and told off by another thread.
        connection = sqlite3.connect(
            f"{self._path.resolve().as_uri()}?mode={'ro' if read_only else 'rwc'}",
            uri=True,
            timeout=min(CONNECT_TIMEOUT, seconds if seconds is not None else math.inf),
            isolation_level=None,
            check_same_thread=False,
        )
        return SqliteSession(connection)

    def errors(self) -> tuple[type[Exception], ...]:
        return sqlite3.Error, OverflowError

    def refusal(self, error: Exception) -> Refusal:
        if isinstance(error, OverflowError):  # Python's own, of a whole number that is sent
            return Refusal("a whole number is larger than SQLite can hold", "data")
        # The extended number holds the plain one in its lowest byte. One of Python's own has none.
        number = getattr(error, "sqlite_errorcode", 0) & 0xFF
        failure: FailureClass = "code"
        if number in _TRANSIENT:
            failure = "transient"
        elif number in _INFRASTRUCTURE:
            failure = "infrastructure"
        elif isinstance(error, sqlite3.IntegrityError | sqlite3.DataError):
            failure = "data"
        return Refusal(str(error), failure)

    def value(self, value: Any) -> Any:
        return written(value) if isinstance(value, Mapping | list | tuple | date | Decimal) else value


class SqliteSession:
    """One connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def begin(self) -> None:
        self._connection.execute("begin")

    def execute(self, statement: str, parameters: Mapping[str, Any] | None) -> tuple[tuple[str, ...], Any | None, int]:
        cursor = self._connection.execute(statement, parameters or {})
        if cursor.description is None:
            return (), None, cursor.rowcount
        return tuple(column[0] for column in cursor.description), cursor.fetchone(), cursor.rowcount

    def commit(self) -> None:
        self._connection.execute("commit")

    def interrupt(self) -> None:
        with contextlib.suppress(sqlite3.ProgrammingError):  # it is closed already
            self._connection.interrupt()

    def close(self) -> None:
        self._connection.close()
