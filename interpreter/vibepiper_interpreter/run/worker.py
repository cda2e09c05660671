"""Performs attempts at tasks in one process: the same work, whatever executor hands it out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vibepiper_interpreter.run.briefing import Briefing
from vibepiper_interpreter.run.conditions import Conditions
from vibepiper_interpreter.run.python.modules import user_modules
from vibepiper_interpreter.run.python.output import caught_output
from vibepiper_interpreter.run.python.planned_code import PlannedCode
from vibepiper_interpreter.run.readiness import Rank
from vibepiper_interpreter.run.redaction import Redactor
from vibepiper_interpreter.run.session import EngineShare, RunSession, Say, open_session
from vibepiper_interpreter.run.small_tables import SmallTables
from vibepiper_interpreter.run.tasks import OperatorTask, Report, Task, operate, perform

if TYPE_CHECKING:
    from vibepiper_spec.address import Address


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at a task: all that an executor is given, and nothing that ties it to a process."""

    task: Task | OperatorTask
    number: int  # from 1
    # Of those that wait for a worker, the one with the lowest rank is first.
    rank: Rank

    @property
    def address(self) -> Address:
        return self.task.address


class Worker:
    """Has the engine of one process. Any number of threads may perform attempts at once."""

    def __init__(self, session: RunSession) -> None:
        self.session = session
        self._conditions = Conditions()

    def perform(self, attempt: Attempt, place: str) -> Report:
        """Do it in this thread. `place` is how the run calls where that is. Raises Cancelled where it is stopped."""
        session, task = self.session, attempt.task
        with session.attempt(attempt.address, attempt.number):
            told = {"verb": task.action.verb, "worker": place, "attempt": attempt.number}
            session.say("task_started", attempt.address, told)
            if isinstance(task, OperatorTask):
                return operate(session, task)
            return perform(session, self._conditions, task)

    def interrupt(self, attempt: Attempt) -> None:
        """Let one attempt end as soon as it can."""
        self.session.interrupt_attempt(attempt.address, attempt.number)


@contextmanager
def open_worker(briefing: Briefing, say: Say, tables: SmallTables, share: EngineShare) -> Iterator[Worker]:
    """A worker of this process, and the project's modules and output as its tasks find them."""
    with ExitStack() as stack:
        code = PlannedCode(briefing.root)
        if briefing.runs_python:
            stack.enter_context(user_modules(briefing.root, code.imported))
        # Ray prints what it has to say of its workers, and stdout is ours.
        if briefing.runs_python or briefing.settings.executor.kind == "ray":
            stack.enter_context(caught_output(Redactor.of(briefing.root, briefing.settings)))
        session = open_session(briefing, say, code, tables, share)
        stack.callback(session.close)
        # Left first: no task runs any more when the engine closes.
        stack.callback(session.interrupt)
        yield Worker(session)
