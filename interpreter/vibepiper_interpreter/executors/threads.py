"""Performs attempts on threads of this process: the default, since DuckDB releases the interpreter lock."""

from __future__ import annotations

from vibepiper_interpreter.executors.crew import Crew
from vibepiper_interpreter.run.tasks.task import Report
from vibepiper_interpreter.run.worker import Attempt, Worker


class ThreadExecutor(Crew):
    """All threads work with one engine."""

    def __init__(self, workers: int, worker: Worker) -> None:
        super().__init__(workers, lambda number: _Thread(worker, f"worker-{number}"))
        self._worker = worker

    def stop(self) -> None:
        self._worker.session.interrupt()


class _Thread:
    def __init__(self, worker: Worker, name: str) -> None:
        self._worker = worker
        self._name = name

    def perform(self, attempt: Attempt) -> Report:
        return self._worker.perform(attempt, self._name)

    def interrupt(self, attempt: Attempt) -> None:
        self._worker.interrupt(attempt)

    def close(self) -> None:
        """Its engine is everybody's."""
