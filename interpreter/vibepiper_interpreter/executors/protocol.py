"""What the scheduler asks of an executor: perform an attempt somewhere, give one up, and stop."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Protocol

from vibepiper_interpreter.run.tasks.task import Report
from vibepiper_interpreter.run.worker import Attempt


class Executor(Protocol):
    """Performs attempts. It knows nothing of order, retries or results: the scheduler owns those.

    What an attempt tells while it runs goes to the run's inbox, in order and before its future is done.
    """

    @property
    def workers(self) -> int:
        """How many attempts run at once; the scheduler keeps no more in flight than it must to keep these busy."""
        ...

    def submit(self, attempt: Attempt) -> Future[Report]:
        """Perform it when a worker is free, perhaps not before `flush`. The future holds its exception, if any."""
        ...

    def flush(self) -> None:
        """Nothing more is submitted for now: what is better sent together is complete."""
        ...

    def abandon(self, attempt: Attempt) -> None:
        """Stop it as far as can be, and let its worker's place be free again: nobody waits for it any more."""
        ...

    def stop(self) -> None:
        """Let everything that runs end as soon as it can."""
        ...

    def shutdown(self, patience: float | None = None) -> None:
        """Forget what has not started, and wait for what runs, at most `patience` seconds."""
        ...
