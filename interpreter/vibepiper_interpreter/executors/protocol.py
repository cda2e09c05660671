"""What the scheduler asks of an executor: run a task somewhere, and stop."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Protocol, TypeVar

Result = TypeVar("Result")


class Executor(Protocol):
    """Runs tasks. It knows nothing of order, retries or results: the scheduler owns those."""

    @property
    def workers(self) -> int:
        """How many tasks run at once; the scheduler keeps no more in flight than it must to keep these busy."""
        ...

    def submit(self, task: Callable[[], Result]) -> Future[Result]:
        """Start `task`, now or when a worker is free. Its exception, if any, belongs to the future."""
        ...

    def shutdown(self, patience: float | None = None) -> None:
        """Forget the tasks that have not started, and wait for the running ones, at most `patience` seconds."""
        ...
