"""MySQL and MariaDB, by PyMySQL (extra `mysql`)."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from vibepiper_interpreter.operators.databases.database import CONNECT_TIMEOUT, Refusal, parsed_url
from vibepiper_interpreter.operators.placing import written
from vibepiper_interpreter.operators.statements import MYSQL

if TYPE_CHECKING:
    import pymysql

    from vibepiper_spec.model.retry import FailureClass

SCHEMES = ("mysql", "mariadb")
# Numbers of MySQL's errors (1xxx: the server's, 2xxx: the client's).
_TRANSIENT = frozenset({1040, 1053, 1077, 1079, 1158, 1159, 1160, 1161, 1203, 1205, 1213, 1927, *range(2002, 2015)})
_INFRASTRUCTURE = frozenset({1021, 1037, 1038, 1041, 1114, 3024})


class MysqlDatabase:
    """`[connection.mysql.NAME]`."""

    text = MYSQL

    def __init__(self, fields: Mapping[str, Any], root: Path) -> None:
        self._arguments = _arguments(fields, root)

    def connect(self, seconds: float | None, *, read_only: bool = False) -> MysqlSession:
        import pymysql

        timeout = max(1, math.ceil(min(CONNECT_TIMEOUT, seconds if seconds is not None else math.inf)))
        arguments = {**self._arguments, "connect_timeout": timeout}
        connection = pymysql.connect(**arguments)
        if read_only:
            with connection.cursor() as cursor:
                cursor.execute("set session transaction read only")
        return MysqlSession(connection, arguments)

    def refusal(self, error: Exception) -> Refusal | None:
        import pymysql

        if not isinstance(error, pymysql.Error):
            return None
        number, message = (error.args[0], error.args[-1]) if error.args else (0, error)
        failure: FailureClass = "code"
        if number in _TRANSIENT or isinstance(error, pymysql.InterfaceError):
            failure = "transient"
        elif number in _INFRASTRUCTURE:
            failure = "infrastructure"
        elif isinstance(error, pymysql.DataError | pymysql.IntegrityError):
            failure = "data"
        return Refusal(str(message) or "the connection is closed", failure)

    def value(self, value: Any) -> Any:
        if isinstance(value, datetime) and value.tzinfo is not None:
            return value.astimezone(UTC).replace(tzinfo=None)
        return written(value) if isinstance(value, Mapping | list | tuple) else value


class MysqlSession:
    """One connection."""

    def __init__(self, connection: pymysql.Connection[Any], arguments: Mapping[str, Any]) -> None:
        self._connection = connection
        self._arguments = arguments
        self._id: int = connection.thread_id()  # type: ignore[no-untyped-call]  # its stub gives no type

    def begin(self) -> None:
        self._connection.begin()

    def execute(self, statement: str, parameters: Mapping[str, Any] | None) -> tuple[tuple[str, ...], Any | None, int]:
        with self._connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            if cursor.description is None:
                return (), None, cursor.rowcount
            return tuple(column[0] for column in cursor.description), cursor.fetchone(), cursor.rowcount

    def commit(self) -> None:
        self._connection.commit()

    def interrupt(self) -> None:
        """By another connection, as the client of MySQL does: this one listens to nobody while it waits."""
        import pymysql

        with pymysql.connect(**self._arguments) as other, other.cursor() as cursor:
            cursor.execute(f"kill query {self._id}")

    def close(self) -> None:
        with contextlib.suppress(Exception):
            self._connection.close()


def _arguments(fields: Mapping[str, Any], root: Path) -> dict[str, Any]:
    """What PyMySQL is to be told; its name for the option, and nothing for what is not set."""
    url = parsed_url(fields["url"], SCHEMES) if fields.get("url") else urlsplit("")
    given: dict[str, Any] = {
        "host": fields.get("host") or url.hostname,
        "port": fields.get("port") or url.port,
        "database": fields.get("database") or unquote(url.path.removeprefix("/")) or None,
        "user": fields.get("user") or (url.username and unquote(url.username)),
        "password": fields.get("password") or (url.password and unquote(url.password)),
        "charset": "utf8mb4",
        "autocommit": True,
        "program_name": "vibepiper",
    }
    match fields.get("ssl"):
        case "disable":
            given["ssl_disabled"] = True
        case "require":
            given["ssl"] = {"check_hostname": False, "verify_mode": "none"}
        case "verify-full":
            given["ssl"] = {"check_hostname": True, "verify_mode": "required"}
    if fields.get("certificates") and isinstance(given.get("ssl"), dict):
        given["ssl"]["ca"] = str(root / fields["certificates"])
    return {key: value for key, value in given.items() if value is not None}
