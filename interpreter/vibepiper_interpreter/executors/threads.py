"""Runs tasks on threads of this process: the default, since DuckDB releases the interpreter lock."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any

from vibepiper_interpreter.executors.protocol import Result


class ThreadExecutor:
    """A fixed number of worker threads, started when first needed.

    They are daemons: user code that does not end after Ctrl-C cannot keep the process alive, as the threads of
    `concurrent.futures` would.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._queue: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._stopped = False

    def submit(self, task: Callable[[], Result]) -> Future[Result]:
        future: Future[Result] = Future()
        self._queue.put((future, task))
        if len(self._threads) < self.workers:
            thread = threading.Thread(target=self._work, name=f"worker-{len(self._threads) + 1}", daemon=True)
            self._threads.append(thread)
            thread.start()
        return future

    def shutdown(self, patience: float | None = None) -> None:
        if not self._stopped:
            self._stopped = True
            while not self._queue.empty():
                waiting = self._queue.get()
                if waiting is not None:
                    waiting[0].cancel()
            for _ in self._threads:
                self._queue.put(None)
        until = None if patience is None else time.monotonic() + patience
        for thread in self._threads:
            thread.join(None if until is None else max(0.0, until - time.monotonic()))

    def _work(self) -> None:
        while (item := self._queue.get()) is not None:
            future, task = item
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(task())
            except BaseException as error:
                future.set_exception(error)
