"""What kind of failure it was: whether another attempt may mend it, and what that depends on."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from typing import TYPE_CHECKING

import duckdb

from vibepiper_interpreter.run.python.failures import CodeFailed
from vibepiper_spec.diagnostics import DiagnosticError

if TYPE_CHECKING:
    from vibepiper_spec.model.retry import FailureClass

# What is wrong with rows, keys and files, however often they are read.
_DATA = frozenset({"VP503", "VP504", "VP506", "VP518", "VP520", "VP521", "VP522", "VP534"})
_INFRASTRUCTURE = frozenset({"VP508", "VP509"})
_NOTHING_LEFT = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.ENOMEM})
# Exceptions of packages that need not be installed, by their full name; so are those derived from them.
_TRANSIENT = frozenset(
    {
        "aiohttp.client_exceptions.ClientConnectionError",
        "botocore.exceptions.ConnectionError",
        "botocore.exceptions.HTTPClientError",
        "google.api_core.exceptions.RetryError",
        "google.api_core.exceptions.ServerError",
        "httpx.TransportError",
        "psycopg.OperationalError",
        "psycopg2.OperationalError",
        "pymysql.err.OperationalError",
        "redis.exceptions.ConnectionError",
        "requests.exceptions.ConnectionError",
        "requests.exceptions.Timeout",
        "sqlalchemy.exc.OperationalError",
        "urllib3.exceptions.NewConnectionError",
        "urllib3.exceptions.ProtocolError",
        "urllib3.exceptions.TimeoutError",
    }
)
# What a server answers that is overloaded, restarting, or has lost the one behind it (RFC 9110, RFC 6585).
_TRANSIENT_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})


def failure_class(error: BaseException) -> FailureClass:
    """The class of what ended an attempt.

    Of a user's own exception, the ones it was raised from count as well: `raise Unreachable(...) from error`.
    """
    if isinstance(error, CodeFailed):
        return _of_user(error.raised)
    if isinstance(error, DiagnosticError):
        code = error.diagnostics[0].code
        if code == "VP507" and isinstance(error.__cause__, duckdb.Error):
            return _of_engine(error.__cause__)
        return "data" if code in _DATA else "infrastructure" if code in _INFRASTRUCTURE else "code"
    return _of_engine(error) if isinstance(error, duckdb.Error) else _of_user(error)


def _of_engine(error: duckdb.Error) -> FailureClass:
    if isinstance(error, duckdb.OutOfMemoryException | duckdb.IOException):
        return "infrastructure"
    return "data" if isinstance(error, duckdb.DataError | duckdb.IntegrityError) else "code"


def _of_user(error: BaseException) -> FailureClass:
    for each in _chain(error):
        if isinstance(each, MemoryError) or (isinstance(each, OSError) and each.errno in _NOTHING_LEFT):
            return "infrastructure"
        if isinstance(each, duckdb.Error):
            return _of_engine(each)
        if isinstance(each, ConnectionError | TimeoutError) or not _TRANSIENT.isdisjoint(_names(type(each))):
            return "transient"
        if _status(each) in _TRANSIENT_STATUS:
            return "transient"
    return "code"


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__


def _names(kind: type[BaseException]) -> set[str]:
    """By the module that defines a class, and by the package that lends it its name."""
    return {
        name
        for each in kind.__mro__
        for name in (
            f"{each.__module__}.{each.__qualname__}",
            f"{each.__module__.partition('.')[0]}.{each.__qualname__}",
        )
    }


def _status(error: BaseException) -> int | None:
    """The status that a server answered, where the exception tells: as urllib, or as requests and httpx do."""
    found = getattr(getattr(error, "response", None), "status_code", None)
    if found is None and isinstance(error, OSError):
        found = getattr(error, "code", None)
    return found if isinstance(found, int) else None
