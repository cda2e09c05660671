"""What a task asks of a database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import SplitResult, urlsplit

from vibepiper_interpreter.operators.call import OperatorFailed
from vibepiper_interpreter.operators.statements import SqlText
from vibepiper_spec.diagnostics import Diagnostic, Fix

if TYPE_CHECKING:
    from vibepiper_spec.model.retry import FailureClass

# Seconds to wait for a server that does not answer at all.
CONNECT_TIMEOUT = 10.0


def parsed_url(url: str, schemes: tuple[str, ...]) -> SplitResult:
    """The parts of a connection's URL. Raises OperatorFailed (VP815), without the URL: it may hold a password."""
    try:
        parts = urlsplit(url)
        # Of two `@` nobody can tell which one ends the password: a driver might take the rest of it for a host, and
        # say so.
        sound = (
            parts.scheme in schemes
            and parts.netloc.count("@") <= 1
            and (parts.port is None or parts.hostname is not None)
        )
    except ValueError:
        sound = False
    if not sound:
        raise OperatorFailed(
            Diagnostic(
                "VP815",
                "The `url` of the connection is no URL of such a database.",
                fix=Fix(
                    f"Write it as `{schemes[0]}://user:password@host:port/database`; `%40` is an `@` in a password."
                ),
            )
        )
    return parts


@dataclass(frozen=True, slots=True)
class Refusal:
    """What went wrong in a database: its own words, and whether another attempt may mend it."""

    message: str
    failure: FailureClass
    notes: tuple[str, ...] = ()


def impossible_host() -> Refusal:
    """For the UnicodeError that Python raises when it looks up a name such as `db..example`."""
    return Refusal("there can be no host of that name", "code")


class Session(Protocol):
    """One connection; used from one thread, but for `interrupt`. Its errors are those of `Database.errors`."""

    def begin(self) -> None: ...

    def execute(self, statement: str, parameters: Mapping[str, Any] | None) -> tuple[tuple[str, ...], Any | None, int]:
        """Run one statement. The columns and the first row of its result, if it has one, and the rows it counted,
        -1 where it does not count. Without parameters (None) the text is sent as it is."""
        ...

    def commit(self) -> None: ...

    def interrupt(self) -> None:
        """From another thread: make the statement under way end soon, with an error or without. Raises nothing, and may
        be called again: between two statements it has no effect."""
        ...

    def close(self) -> None:
        """What was not committed is undone. Raises nothing: the connection may be gone already."""
        ...


class Database(Protocol):
    """A database that is declared as a connection."""

    # How its SQL is read, to find the parameters in it.
    text: SqlText
    # The package of its driver, and the extra that it comes with.
    driver: str
    extra: str

    def connect(self, seconds: float | None, *, read_only: bool = False) -> Session:
        """Raises ImportError where the driver is not installed, OperatorFailed (VP815) for what is wrong in the fields,
        else one of `errors`, after at most `seconds`."""
        ...

    def errors(self) -> tuple[type[Exception], ...]:
        """What the driver raises for what a server, a statement or a value is at fault. It must be installed."""
        ...

    def refusal(self, error: Exception) -> Refusal:
        """What one of `errors` means."""
        ...

    def value(self, value: Any) -> Any:
        """`value` as the driver takes it."""
        ...
