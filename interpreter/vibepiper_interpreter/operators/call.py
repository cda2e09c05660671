"""What an operator is given for one attempt, and what it gives back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic

if TYPE_CHECKING:
    # The models are slow to import, and only the name is needed.
    from vibepiper_spec.model.retry import FailureClass


@dataclass(frozen=True, slots=True)
class OutputDefinition:
    """A declared output: its type (see `operators.outputs`), and for kinds that ask, where the value is found."""

    type: str
    source: str | None = None  # written `from`: for `http` a JSON pointer


@dataclass(frozen=True, slots=True)
class Call:
    """All that one attempt is given. It lives where the attempt runs, so it need not be picklable."""

    address: Address
    # The project's folder.
    root: Path
    environment: str
    run_id: str
    # The plan's frozen time, in UTC.
    now: datetime
    # Every `$name` that may be used, with its typed value: inputs, variables, `env`, `now`, `run_id` …
    values: Mapping[str, Any]
    # Those of them that the task itself declares as its `inputs`.
    inputs: tuple[str, ...]
    outputs: Mapping[str, OutputDefinition]
    # Writes to the run's log: level (`debug`, `info`, `warning`, `error`), message. Secrets are taken out behind it.
    say: Callable[[str, str], None]
    # What `secret:NAME` stands for; other text is returned as it is. Raises DiagnosticError (VP602).
    secret: Callable[[str], str]
    # The fields of a declared connection, secrets resolved, with its connector as `connector`. The planner has seen
    # that it is there.
    connection: Callable[[str], Mapping[str, Any]]
    # Set when the attempt is to end soon, because of a cancellation or its time-out.
    cancelled: threading.Event
    # When the asset was last published in the environment; None where it is not. May be asked again and again.
    published_at: Callable[[Address, str], datetime | None]
    # When this task was first asked in this run, in UTC: for a sensor, when it began to wait.
    began: datetime
    # `time.monotonic()` at which the attempt is over; None without a time-out.
    deadline: float | None


@dataclass(frozen=True, slots=True)
class Done:
    """It ended well. `outputs` are as they were found (text of a shell, values of JSON): types are given later."""

    outputs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NotYet:
    """What a sensor waits for is not there; it is asked again later, and holds no worker until then."""

    reason: str
    # Seconds before which there is no use in asking again; the sensor's own interval if not set.
    again_in: float | None = None


class OperatorFailed(Exception):
    """The attempt failed, by what is outside or by what the user wrote. `retry_after` is in seconds: what the other
    side asked for, and no sooner is it tried again."""

    def __init__(
        self, diagnostic: Diagnostic, failure: FailureClass = "code", *, retry_after: float | None = None
    ) -> None:
        super().__init__(diagnostic.detail)
        self.diagnostic = diagnostic
        self.failure: FailureClass = failure
        self.retry_after = retry_after


class OperatorCancelled(Exception):
    """The attempt ended early because `Call.cancelled` was set. The caller knows why: a time-out, or someone asked."""
