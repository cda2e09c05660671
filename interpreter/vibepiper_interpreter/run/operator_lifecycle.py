"""An operator in a run, from its turn to its end: it is done, asked again later, done for each of its items, or not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vibepiper_interpreter.compile.compiled_operator import CompiledOperator
from vibepiper_interpreter.plan.plan import Action
from vibepiper_interpreter.run.attempts import Attempts
from vibepiper_interpreter.run.downstream import Downstream
from vibepiper_interpreter.run.fan import Fan, Fans
from vibepiper_interpreter.run.operator_turns import NotDone, OperatorTurns
from vibepiper_interpreter.run.publisher import Publisher
from vibepiper_interpreter.run.readiness import Readiness
from vibepiper_interpreter.run.result import Outcome, TaskResult
from vibepiper_interpreter.run.run import Run
from vibepiper_interpreter.run.tasks import OperatorTask, Report
from vibepiper_interpreter.run.tasks.item import Item
from vibepiper_spec.address import Address


class OperatorLifecycle:
    """Used from the scheduler's thread only. An item of an operator has an address of its own."""

    def __init__(
        self,
        run: Run,
        readiness: Readiness[Address],
        attempts: Attempts,
        turns: OperatorTurns,
        downstream: Downstream,
        publisher: Publisher,
        fans: Fans,
    ) -> None:
        self._run, self._readiness, self._attempts = run, readiness, attempts
        self._turns, self._downstream, self._publisher, self._fans = turns, downstream, publisher, fans
        self._actions = {action.address: action for action in run.plan.actions if action.verb == "do"}
        # Of operators that are done for each of some items, those that are left.
        self._items: dict[Address, Fan[Item]] = {}
        # What sensors that wait have said last.
        self._reasons: dict[Address, str] = {}

    def owns(self, address: Address) -> bool:
        """Whether it is an operator, or an item of one."""
        return self._fans.owner(address) in self._actions

    def started(self, address: Address, told: Mapping[str, Any]) -> None:
        """A worker has begun. The run tells nobody of items that begin."""
        self._attempts.started(address, told, None if self._fans.holds(address) else "task_started")

    def begin(self, address: Address) -> OperatorTask | None:
        """The next attempt; None where it is not done, which is then told."""
        if self._fans.holds(address):
            fan = self._items[self._fans.owner(address)]
            return self._turns.task(fan.action, fan.pieces[address])
        action = self._actions[address]
        if action.after:
            self._attempts.ready_by_now(address)
        turn = self._turns.take(action)
        if isinstance(turn, OperatorTask):
            return turn
        self._do_not(action, turn)
        return None

    def end(self, address: Address, report: Report) -> None:
        """An attempt has ended."""
        if self._fans.holds(address):
            self._end_item(self._items[self._fans.owner(address)], address, report)
            return
        action, operator = self._actions[address], self._run.plan.operators[address]
        if report.outcome == "done" and report.again_in is not None:
            late = self._turns.late(operator, report.because)
            if late is None:
                self._wait(operator, report.because, report.again_in)
                return
            report = late
        self._attempts.ended(address, report)
        if report.outcome == "failed" and self._attempts.tries_again(operator, report):
            return
        if report.outcome == "skipped":
            self._do_not(action, NotDone("skipped", report.because, settled=True))
            return
        if report.outcome == "done" and operator.for_each is not None:
            self._open_fan(self._turns.fan(action, report.items))
            return
        self._settle(action, report)

    def _open_fan(self, fan: Fan[Item]) -> None:
        self._items[fan.action.address] = fan
        self._fans.open(fan)
        self._go_on(fan)

    def _go_on(self, fan: Fan[Item]) -> None:
        """Let more of its items begin; the operator has ended with the last of them."""
        owner = fan.action.address
        for address in fan.take():
            self._readiness.add(address, like=owner)
        if fan.pieces:
            return
        self._turns.forget_other_items(owner)
        others = "The others are done, and the next" if len(fan.failed) < fan.count else "The next"
        failure = (fan.failure(f"{others} apply does only these."),) if fan.failed else ()
        report = Report("failed" if failure else "done", diagnostics=failure, seconds=fan.seconds)
        self._settle(fan.action, report)

    def _end_item(self, fan: Fan[Item], address: Address, report: Report) -> None:
        operator = self._run.plan.operators[fan.action.address]
        self._attempts.ended(address, report)
        if report.outcome == "failed" and self._attempts.tries_again(operator, report, address):
            return
        failure = report.diagnostics[0] if report.outcome == "failed" else None
        item = fan.end(address, report.seconds, failure)
        self._fans.close(address)
        if failure is None:
            self._turns.record_item(operator, item)
        told: dict[str, Any] = {"outcome": report.outcome, "seconds": report.seconds}
        told |= {} if failure is None else {"code": failure.code, "detail": failure.detail}
        self._run.journal.tell("item_finished", address, **told)
        self._go_on(fan)

    def _settle(self, action: Action, report: Report) -> None:
        """It has come to its end, well or not."""
        address, operator = action.address, self._run.plan.operators[action.address]
        result = TaskResult(
            address,
            report.outcome,
            published=report.outcome == "done",
            seconds=report.seconds,
            diagnostics=report.diagnostics,
            attempts=self._attempts.retries.attempt(address),
        )
        if report.outcome == "failed":
            self._downstream.contain(result)
            return
        self._turns.record(operator, "done", report.outputs)
        self._turns.ended(address, "succeeded")
        self._run.journal.tell("task_finished", address, outcome="done", seconds=report.seconds)
        self._publisher.settled(result)
        self._downstream.done(address)

    def _wait(self, operator: CompiledOperator, reason: str, seconds: float) -> None:
        """It holds no worker until it is asked again."""
        if self._reasons.get(operator.address) != reason:
            self._reasons[operator.address] = reason
            self._run.journal.tell("task_waiting", operator.address, reason=reason)
        self._attempts.retries.later(operator.address, self._turns.until_late(operator, seconds))

    def _do_not(self, action: Action, why: NotDone) -> None:
        """An operator is not done: those after it are told so, and what has failed is told no second time."""
        address = action.address
        if why.settled:
            self._turns.record(self._run.plan.operators[address], "skipped", {})
        self._turns.ended(address, why.fate)
        outcome: Outcome = "kept" if why.fate == "kept" else "skipped"
        self._run.journal.tell("task_skipped", address, because=why.because)
        went_well = why.fate != "blocked"
        self._publisher.settled(TaskResult(address, outcome, published=went_well, because=why.because))
        if went_well:
            self._downstream.done(address)
        else:
            self._downstream.skip_after(address)
