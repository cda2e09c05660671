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
        sound = parts.scheme in schemes and (parts.port is None or parts.hostname is not None)
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


class Session(Protocol):
    """One connection; used from one thread, but for `interrupt`. Its errors are those of the driver."""

    def begin(self) -> None: ...

    def execute(self, statement: str, parameters: Mapping[str, Any] | None) -> tuple[tuple[str, ...], Any | None, int]:
        """Run one statement. The columns and the first row of its result, if it has one, and the rows it counted,
        -1 where it does not count. Without parameters (None) the text is sent as it is."""
        ...

    def commit(self) -> None: ...

    def interrupt(self) -> None:
        """From another thread: make the statement under way end soon, with an error or without."""
        ...

    def close(self) -> None:
        """What was not committed is undone."""
        ...


class Database(Protocol):
    """A database that is declared as a connection."""

    # How its SQL is read, to find the parameters in it.
    text: SqlText

    def connect(self, seconds: float | None, *, read_only: bool = False) -> Session:
        """Raises ImportError where the driver is not installed, else an error of the driver after at most `seconds`."""
        ...

    def refusal(self, error: Exception) -> Refusal | None:
        """What `error` means; None where it is not one of this database's driver."""
        ...

    def value(self, value: Any) -> Any:
        """`value` as the driver takes it."""
        ...
