"""Performs attempts in processes of their own: user code that crashes, hangs or hoards memory harms nobody else."""

from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import replace
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any

from vibepiper_interpreter.executors.crew import Crew
from vibepiper_interpreter.run.briefing import Briefing
from vibepiper_interpreter.run.failures import Cancelled, worker_lost
from vibepiper_interpreter.run.session import EngineShare, Say
from vibepiper_interpreter.run.tasks.task import Report
from vibepiper_interpreter.run.worker import Attempt

# How long a process that is asked to end may take.
_PATIENCE = 2.0  # seconds


class ProcessExecutor(Crew):
    """Each hand has a fresh interpreter: never forked, as DuckDB, Arrow and polars have threads that would be lost."""

    def __init__(self, workers: int, briefing: Briefing, share: EngineShare, say: Say) -> None:
        """`share` is what the engine of each worker may use."""

        def engage(number: int) -> _Process:
            name = f"process-{number}"
            return _Process(name, briefing, replace(share, scratch=name), say)

        super().__init__(workers, engage)


class _Process:
    """One after the other: a process is started anew where the one before it was lost or killed."""

    def __init__(self, name: str, briefing: Briefing, share: EngineShare, say: Say) -> None:
        self._told = name, briefing, share
        self._say = say
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection[Any, Any] | None = None
        self._interrupted: Attempt | None = None

    def perform(self, attempt: Attempt) -> Report:
        try:
            connection = self._connection or self._start()
            if self._interrupted is attempt:
                raise EOFError
            connection.send(attempt)
            while True:
                kind, *rest = connection.recv()
                for told in rest[-1]:
                    self._say(*told)
                if kind == "ended":
                    report: Report = rest[0]
                    return report
                if kind == "raised":
                    raise rest[0]
        except (EOFError, ConnectionError) as error:
            status = self._forget()
            if self._interrupted is attempt:
                raise Cancelled from error
            found = worker_lost(attempt.task.subject, _how_it_ended(status))
            return Report("failed", diagnostics=(found,), failure="infrastructure")

    def interrupt(self, attempt: Attempt) -> None:
        """What runs in a process of its own need not be asked."""
        self._interrupted = attempt
        if self._process is not None:
            self._process.kill()

    def close(self) -> None:
        if self._connection is not None:
            self._forget()

    def _start(self) -> Connection[Any, Any]:
        ours, theirs = Pipe()
        with theirs:
            # -P: a module of the working folder must not come before an installed one of that name.
            command = [sys.executable, "-P", "-m", "vibepiper_interpreter.executors.process_worker"]
            self._process = subprocess.Popen(
                [*command, str(theirs.fileno())], pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL
            )
        self._connection = ours
        ours.send(self._told)
        return ours

    def _forget(self) -> int:
        """Let go of the process, which ends by that if it has not ended yet; its exit status as Python tells it."""
        assert self._process is not None and self._connection is not None
        self._connection.close()
        try:
            status = self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            status = self._process.wait()
        self._process = self._connection = None
        return status


def _how_it_ended(status: int) -> str:
    if status >= 0:
        return f"it exited with status {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        return f"it was ended by signal {-status}"
    return f"it was ended by {name}" + (", as the system does where memory runs out" if name == "SIGKILL" else "")
