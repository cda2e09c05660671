"""PostgreSQL, by psycopg (extra `postgres`)."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from vibepiper_interpreter.operators.databases.database import CONNECT_TIMEOUT, Refusal, impossible_host, parsed_url
from vibepiper_interpreter.operators.placing import written
from vibepiper_interpreter.operators.statements import POSTGRES

if TYPE_CHECKING:
    import psycopg

    from vibepiper_spec.model.retry import FailureClass

SCHEMES = ("postgresql", "postgres")
# By the first two characters of the SQLSTATE; what is not here is a mistake of the statement.
_CLASSES: Mapping[str, FailureClass] = {
    "08": "transient",  # connection
    "40": "transient",  # serialisation, deadlock
    "57": "transient",  # shutdown, restart, recovery
    "53": "infrastructure",  # disk, memory, connections
    "58": "infrastructure",
    "XX": "infrastructure",
    "22": "data",
    "23": "data",
}
_LOCK_NOT_AVAILABLE = "55P03"
# Before there is a connection there is no SQLSTATE: a server that answers and refuses says FATAL.
_REFUSED_FOR_NOW = ("starting up", "shutting down", "too many", "connection slots", "recovery")


class PostgresDatabase:
    """`[connection.postgres.NAME]`."""

    text = POSTGRES
    driver = "psycopg"
    extra = "postgres"

    def __init__(self, fields: Mapping[str, Any], root: Path) -> None:
        self._fields = fields
        self._root = root

    def connect(self, seconds: float | None, *, read_only: bool = False) -> PostgresSession:
        import psycopg

        fields = self._fields
        if fields.get("url"):
            parsed_url(fields["url"], SCHEMES)
        given: dict[str, Any] = {
            "host": fields.get("host"),
            "port": fields.get("port"),
            "dbname": fields.get("database"),
            "user": fields.get("user"),
            "password": fields.get("password"),
            "sslmode": fields.get("ssl"),
            "sslrootcert": _in(self._root, fields.get("certificates")),
            # Whole seconds, and two at least.
            "connect_timeout": max(2, math.ceil(min(CONNECT_TIMEOUT, seconds if seconds is not None else math.inf))),
            "application_name": "vibepiper",
        }
        given = {key: value for key, value in given.items() if value is not None}
        connection = psycopg.connect(fields.get("url") or "", autocommit=True, **given)
        if read_only:
            connection.execute("set default_transaction_read_only = on")
        return PostgresSession(connection)

    def errors(self) -> tuple[type[Exception], ...]:
        import psycopg

        return psycopg.Error, UnicodeError

    def refusal(self, error: Exception) -> Refusal:
        import psycopg

        if not isinstance(error, psycopg.Error):
            return impossible_host()
        first, *more = str(error).strip().split("\n")
        message = error.diag.message_primary or first
        notes = [note for note in (error.diag.message_detail, error.diag.message_hint) if note]
        # The line of the statement, with a mark below the fault.
        notes += [line for line in more if line.startswith(("LINE ", " "))]
        return Refusal(message, _failure_class(error, first), tuple(notes))

    def value(self, value: Any) -> Any:
        return written(value) if isinstance(value, Mapping | list | tuple) else value


class PostgresSession:
    """One connection."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def begin(self) -> None:
        self._connection.execute("begin")

    def execute(self, statement: str, parameters: Mapping[str, Any] | None) -> tuple[tuple[str, ...], Any | None, int]:
        cursor = self._connection.cursor()
        cursor.execute(statement.encode(), parameters)
        while cursor.nextset():  # a text may hold several statements: the last one counts
            pass
        if cursor.description is None:
            return (), None, cursor.rowcount
        row = cursor.fetchone()
        found = None if row is None else tuple(str(value) if isinstance(value, UUID) else value for value in row)
        return tuple(column.name for column in cursor.description), found, cursor.rowcount

    def commit(self) -> None:
        self._connection.execute("commit")

    def interrupt(self) -> None:
        import psycopg

        with contextlib.suppress(psycopg.Error):
            self._connection.cancel_safe(timeout=CONNECT_TIMEOUT)

    def close(self) -> None:
        self._connection.close()


def _in(root: Path, file: str | None) -> str | None:
    return None if file is None else str(root / file)


def _failure_class(error: psycopg.Error, message: str) -> FailureClass:
    import psycopg

    if error.sqlstate is not None:
        return "transient" if error.sqlstate == _LOCK_NOT_AVAILABLE else _CLASSES.get(error.sqlstate[:2], "code")
    if isinstance(error, psycopg.DataError):  # the driver cannot send a value, or read one
        return "data"
    if "SSL" in message or "certificate" in message:
        return "infrastructure"
    refused = "FATAL" in message and not any(words in message for words in _REFUSED_FOR_NOW)
    return "transient" if isinstance(error, psycopg.OperationalError) and not refused else "code"
