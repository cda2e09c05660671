"""What the end of an asset or an operator means to those downstream of it: they may begin, or they are skipped."""

from __future__ import annotations

from vibepiper_interpreter.run.attempts import Attempts
from vibepiper_interpreter.run.operator_turns import OperatorTurns
from vibepiper_interpreter.run.publisher import Publisher
from vibepiper_interpreter.run.readiness import Readiness
from vibepiper_interpreter.run.result import TaskResult
from vibepiper_interpreter.run.run import Run
from vibepiper_spec.address import Address


class Downstream:
    """Used from the scheduler's thread only."""

    def __init__(
        self, run: Run, readiness: Readiness[Address], attempts: Attempts, turns: OperatorTurns, publisher: Publisher
    ) -> None:
        self._run, self._readiness, self._attempts = run, readiness, attempts
        self._turns, self._publisher = turns, publisher
        self._actions = {action.address: action for action in run.plan.actions}

    def done(self, address: Address) -> None:
        """What has waited only for it may begin."""
        self._attempts.ready(self._readiness.done(address))

    def contain(self, result: TaskResult) -> None:
        """What depends on a failure is skipped; everything else goes on."""
        address, first = result.address, result.diagnostics[0]
        self._run.journal.tell("task_failed", address, code=first.code, detail=first.detail)
        self._turns.ended(address, "failed", first.detail)
        self._settle(result, address)
        self.skip_after(address)

    def skip_after(self, failed: Address) -> None:
        """Skip what depends on it."""
        for address in self._readiness.failed(failed):
            self._run.journal.tell("task_skipped", address, because=str(failed))
            self._skip(address, f"`{failed}` failed", failed)

    def cancel(self, address: Address) -> None:
        """The run ends before it has ended."""
        self._run.journal.tell("task_skipped", address, because="cancelled")
        self._skip(address, "cancelled", address)

    def _skip(self, address: Address, why: str, because: Address) -> None:
        self._turns.ended(address, "blocked")
        self._settle(TaskResult(address, "skipped", published=False, because=why), because)

    def _settle(self, result: TaskResult, because: Address) -> None:
        """It is not done, and nothing of what would have been published together with it."""
        action = self._actions[result.address]
        if action.verb == "do":
            self._publisher.settled(result)
        else:
            self._publisher.failed(action, result, because)
