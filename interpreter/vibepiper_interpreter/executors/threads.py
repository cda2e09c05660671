"""Runs tasks on threads of this process: the default, since DuckDB releases the interpreter lock."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from vibepiper_interpreter.executors.protocol import Result


class ThreadExecutor:
    """A fixed number of worker threads, started when first needed."""

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="vp-worker")

    def submit(self, task: Callable[[], Result]) -> Future[Result]:
        return self._pool.submit(task)

    def shutdown(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)
