"""MySQL and MariaDB, by PyMySQL (extra `mysql`)."""

from __future__ import annotations

import contextlib
import math
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from vibepiper_interpreter.operators.certificates import trusting
from vibepiper_interpreter.operators.databases.database import CONNECT_TIMEOUT, Refusal, impossible_host, parsed_url
from vibepiper_interpreter.operators.placing import written
from vibepiper_interpreter.operators.statements import MYSQL

if TYPE_CHECKING:
    import pymysql

    from vibepiper_spec.model.retry import FailureClass

SCHEMES = ("mysql", "mariadb")
# Numbers of MySQL's errors (1xxx: the server's, 2xxx: the client's). 1317: somebody ended the query; 1969 and 3024: it
# took longer than the server allows; 2026: no TLS.
_TRANSIENT = frozenset(
    {1040, 1053, 1077, 1079, 1158, 1159, 1160, 1161, 1203, 1205, 1213, 1317, 1927, *range(2002, 2015)}
)
_INFRASTRUCTURE = frozenset({1021, 1037, 1038, 1041, 1114, 1969, 2026, 3024})


class MysqlDatabase:
    """`[connection.mysql.NAME]`."""

    text = MYSQL
    driver = "pymysql"
    extra = "mysql"

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

    def errors(self) -> tuple[type[Exception], ...]:
        import pymysql

        return pymysql.Error, UnicodeError

    def refusal(self, error: Exception) -> Refusal:
        import pymysql

        if isinstance(error, UnicodeError):
            return impossible_host()
        number, message = (error.args[0], error.args[-1]) if error.args else (0, error)
        failure: FailureClass = "code"
        # PyMySQL calls whatever breaks a connection before it is there 2003, and keeps what it was.
        if isinstance(getattr(error, "original_exception", None), ssl.SSLError):
            failure = "infrastructure"
        elif number in _TRANSIENT or isinstance(error, pymysql.InterfaceError):
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

        with (
            contextlib.suppress(pymysql.Error),
            pymysql.connect(**self._arguments) as other,
            other.cursor() as cursor,
        ):
            cursor.execute(f"kill query {self._id}")

    def close(self) -> None:
        import pymysql

        with contextlib.suppress(pymysql.Error):  # it says so where it is closed already
            self._connection.close()


def _arguments(fields: Mapping[str, Any], root: Path) -> dict[str, Any]:
    """What PyMySQL is to be told; its name for the option, and nothing for what is not set."""
    url = parsed_url(fields["url"], SCHEMES) if fields.get("url") else urlsplit("")
    password = fields.get("password") or (url.password and unquote(url.password))
    given: dict[str, Any] = {
        "host": fields.get("host") or url.hostname,
        "port": fields.get("port") or url.port,
        "database": fields.get("database") or unquote(url.path.removeprefix("/")) or None,
        "user": fields.get("user") or (url.username and unquote(url.username)),
        # As bytes: PyMySQL takes a text for Latin-1, which servers do not.
        "password": password.encode() if password else None,
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
        trusting(root, fields["certificates"], "VP815")
        given["ssl"]["ca"] = str(root / fields["certificates"])
    return {key: value for key, value in given.items() if value is not None}
