"""Performs every attempt at once in the calling thread: the simplest order there is, for debugging."""

from __future__ import annotations

from concurrent.futures import Future

from vibepiper_interpreter.run.tasks.task import Report
from vibepiper_interpreter.run.worker import Attempt, Worker


class InlineExecutor:
    """`submit` returns a future that is already done, so a breakpoint in a Python asset stops the whole run."""

    workers = 1

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def submit(self, attempt: Attempt) -> Future[Report]:
        future: Future[Report] = Future()
        try:
            future.set_result(self._worker.perform(attempt, "inline"))
        except Exception as error:  # as every executor does: the future carries whatever came
            future.set_exception(error)
        return future

    def flush(self) -> None:
        """All is done by now."""

    def abandon(self, attempt: Attempt) -> None:
        """By then it has ended: whoever asks runs in the same thread."""

    def stop(self) -> None:
        """Nothing runs between two submits, so there is nothing to stop."""

    def shutdown(self, patience: float | None = None) -> None:
        """There is nothing to wait for either."""
