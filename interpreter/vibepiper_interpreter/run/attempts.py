"""The attempts of a run: since when each could begin, when it did, how it ended, and whether another one follows."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from vibepiper_interpreter.run.events import EventType
from vibepiper_interpreter.run.failures import Subject
from vibepiper_interpreter.run.publisher import Publisher
from vibepiper_interpreter.run.retries import Retries
from vibepiper_interpreter.run.run import Run
from vibepiper_interpreter.run.tasks import Report
from vibepiper_interpreter.state.records import AttemptRecord
from vibepiper_spec.address import Address


class Attempts:
    """Used from the scheduler's thread only."""

    def __init__(self, run: Run, publisher: Publisher) -> None:
        self._run, self._publisher = run, publisher
        self.retries = Retries()
        self._started: dict[Address, tuple[datetime, str]] = {}
        # Since when each could begin, by the monotonic clock; those that are not named: since the run began.
        self._ready_since: dict[Address, float] = {}
        self._began = time.monotonic()
        self._ended: set[Address] = set()

    def ready(self, addresses: Iterable[Address]) -> None:
        """These can begin from now on."""
        now = time.monotonic()
        self._ready_since.update((each, now) for each in addresses)

    def ready_anew(self, address: Address) -> None:
        """It can begin; where it has ended before in this run, all of it is done again."""
        if address in self._ended:
            self._ended.discard(address)
            self.retries.begins_anew(address)
        self.ready([address])

    def ready_by_now(self, address: Address) -> None:
        """It can begin now, if it could not before."""
        self._ready_since.setdefault(address, time.monotonic())

    def started(
        self, address: Address, told: Mapping[str, Any], event: EventType | None = "task_started", **more: Any
    ) -> None:
        """A worker has begun, and has `told` so; the run tells it as `event`, with `more`, or nobody."""
        worker = str(told["worker"])
        if event is None:
            self._started[address] = (datetime.now(UTC), worker)
        elif address not in self._started:  # a sensor goes on with the same attempt
            waited = max(0.0, time.monotonic() - self._ready_since.get(address, self._began))
            begun = self._run.journal.tell(event, address, **told, waited=waited, **more)
            self._started[address] = (begun.at, worker)

    def paused(self, address: Address) -> None:
        """The attempt goes on later, maybe elsewhere."""
        self._started.pop(address, None)

    def ended(self, address: Address, report: Report) -> None:
        """Write down how the attempt has ended."""
        started, worker = self._started.pop(address, (datetime.now(UTC), ""))
        self._ended.add(address)
        failed = report.outcome == "failed"
        detail = report.diagnostics[0].detail if report.diagnostics else ""
        self._publisher.attempted(
            AttemptRecord(
                address,
                self.retries.attempt(address),
                worker,
                started,
                datetime.now(UTC),
                "failed" if failed else "done",
                detail,
            )
        )

    def tries_again(self, subject: Subject, report: Report, piece: Address | None = None) -> bool:
        """Whether another attempt follows the one that has failed; of `subject`, or of a piece of it."""
        address = piece or subject.address
        attempt = self.retries.attempt(address)
        if report.failure is None:
            return False
        wait = self.retries.again(address, subject.retry, report.failure, report.again_in or 0.0)
        if wait is None:
            return False
        first = report.diagnostics[0]
        data = {"attempt": attempt, "code": first.code, "detail": first.detail, "failure": report.failure, "wait": wait}
        self._run.journal.tell("task_retried", address, **data)
        return True
