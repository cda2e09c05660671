"""Runs every task at once in the calling thread: the simplest order there is, for debugging."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future

from vibepiper_interpreter.executors.protocol import Result


class InlineExecutor:
    """`submit` returns a future that is already done, so a breakpoint in a Python asset stops the whole run."""

    workers = 1

    def submit(self, task: Callable[[], Result]) -> Future[Result]:
        future: Future[Result] = Future()
        try:
            future.set_result(task())
        except Exception as error:
            future.set_exception(error)
        return future

    def shutdown(self, patience: float | None = None) -> None:
        """Nothing runs between two submits, so there is nothing to stop."""
