"""The one loop of a run: starts what is ready, waits for what ends, and contains what fails."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from datetime import UTC, datetime
from queue import Empty
from typing import TYPE_CHECKING, Any, NamedTuple

from vibepiper_interpreter.compile.compiled import CompiledAsset
from vibepiper_interpreter.compile.compiled_operator import CompiledOperator
from vibepiper_interpreter.executors import Executors
from vibepiper_interpreter.plan.plan import Action
from vibepiper_interpreter.run.admission import NOTHING, Admission, Claim
from vibepiper_interpreter.run.deadlines import Deadlines
from vibepiper_interpreter.run.failures import Cancelled, Subject, timed_out
from vibepiper_interpreter.run.fan import Fan
from vibepiper_interpreter.run.operator_turns import NotDone, OperatorTurns, predecessors
from vibepiper_interpreter.run.prepare import prepare
from vibepiper_interpreter.run.publisher import Publisher
from vibepiper_interpreter.run.readiness import Readiness, critical_paths, inherited_priorities
from vibepiper_interpreter.run.result import Outcome, TaskResult
from vibepiper_interpreter.run.retries import Retries
from vibepiper_interpreter.run.run import Message, Run
from vibepiper_interpreter.run.shares import Shares
from vibepiper_interpreter.run.small_tables import SmallTables
from vibepiper_interpreter.run.standing import Standing
from vibepiper_interpreter.run.tasks import OperatorTask, Report, Task
from vibepiper_interpreter.run.worker import Attempt
from vibepiper_interpreter.state.records import AttemptRecord, Audit, Pointer
from vibepiper_interpreter.storage.version import Version
from vibepiper_spec.address import Address

if TYPE_CHECKING:
    from vibepiper_spec.model.execution import ExecutorKind

# How long finished work may stay unwritten: a kill loses no more than this, and small tasks share a transaction.
_FLUSH_EVERY = 0.5  # seconds
_FLUSH_AT = 200  # things to write
# How often to look whether the run was cancelled or has lost its lease while nothing else happens.
_LOOK_EVERY = 0.2  # seconds


class Stop(NamedTuple):
    """What ends a run early: somebody asked for it, or the lease is lost."""

    asked: threading.Event
    lease_lost: threading.Event
    asked_elsewhere: threading.Event  # by another process, through the state


class Scheduler:
    """Owns a run's progress. Workers tell it things through one queue; everything else happens in its own thread."""

    def __init__(
        self,
        run: Run,
        executors: Executors,
        shares: Shares,
        tables: SmallTables,
        publisher: Publisher,
        standing: Standing,
        stop: Stop,
    ) -> None:
        self._run = run
        self._executors = executors
        self._shares = shares
        self._admission = Admission(shares.budget)
        self._tables = tables
        self._publisher = publisher
        self._standing = standing
        self._stop = stop
        actions = run.plan.actions
        self._renames = {action.address: action.renames for action in actions if action.renames}
        self._actions = {action.address: action for action in actions}
        after = predecessors(run.plan)
        seconds = {each.address: None if each.estimate is None else each.estimate.seconds for each in actions}
        operators, assets = run.plan.operators, run.plan.assets
        self._lanes = {each.address: executors.kind_for(assets[each.address]) for each in actions if each.verb != "do"}
        self._lanes |= {address: executors.kind_for_operator(each) for address, each in operators.items()}
        self._claims = {each: self._admission.bounded(shares.claims.get(each, NOTHING)) for each in self._lanes}
        self._readiness = Readiness(
            after,
            critical_paths(seconds, after),
            {each: (kind, self._claims[each]) for each, kind in self._lanes.items()},
            operators.keys(),
            inherited_priorities({address: asset.priority for address, asset in assets.items()}, after),
        )
        self._turns = OperatorTurns(run, publisher, standing)
        self._retries = Retries()
        self._deadlines = Deadlines()
        # What tasks have finished that are built slice by slice and go on.
        self._progress: dict[Address, Version] = {}
        self._in_flight: dict[Address, tuple[Attempt, Future[Report]]] = {}
        self._load: Counter[ExecutorKind] = Counter()
        self._started: dict[Address, tuple[datetime, str]] = {}
        # Since when each could begin, by the monotonic clock; those that are not named: since the run began.
        self._ready_since: dict[Address, float] = {}
        self._began = time.monotonic()
        # The items of operators that are done for each of them, by the items.
        self._items: dict[Address, Fan] = {}
        # What sensors that wait have said last.
        self._reasons: dict[Address, str] = {}
        self._flushed_at = time.monotonic()

    def run(self) -> bool:
        """Do every action that can be done. False where the run was stopped before its end.

        Raises DiagnosticError, before anything has started, where an executor that it needs cannot be had.
        """
        self._executors.prepare({*self._lanes.values()}, self._run.journal)
        while True:
            if any(event.is_set() for event in self._stop):
                return False
            self._give_up_late()
            self._start_ready()
            if not self._in_flight and not self._retries and self._run.inbox.empty():
                self._publisher.flush()
                return True
            with contextlib.suppress(Empty):
                self._handle(self._run.inbox.get(timeout=self._patience()))
            if self._publisher.items_due_in() == 0:
                self._publisher.record_items()
            self._flush_if_due()

    def cancel_rest(self) -> None:
        """Give up what has not ended, after the workers have been told to stop. What was made is kept, unpublished."""
        while not self._run.inbox.empty():
            self._handle(self._run.inbox.get())
        rest = [*self._in_flight, *self._retries.drop_all(), *self._readiness.drop_rest()]
        # Of items nobody is told one by one.
        for address in dict.fromkeys(
            self._items[each].action.address if each in self._items else each for each in rest
        ):
            if address in self._publisher.results:
                continue
            self._run.journal.tell("task_skipped", address, because="cancelled")
            self._drop(address, "cancelled", address)
        self._in_flight.clear()
        if not self._stop.lease_lost.is_set():
            self._publisher.record_items()
        self._publisher.flush(publish=False)

    def _start_ready(self) -> None:
        for again in self._retries.due():
            self._ready_since[again] = time.monotonic()
            self._readiness.again(again)
        while (address := self._readiness.take(self._room())) is not None:
            if (fan := self._items.get(address)) is not None:
                self._send(address, self._turns.task(fan.action, fan.items[address]))
                continue
            action = self._actions[address]
            if action.verb == "do":
                self._begin_operator(action)
                continue
            if action.verb == "remove":
                self._finish(action, Report("removed"))
                continue
            asset = self._run.plan.assets[address]
            if (broken := self._standing.broken_input(asset)) is not None:
                self._finish(action, Report("failed", diagnostics=(broken,)))
                continue
            self._submit(action, asset)

    def _room(self) -> Callable[[tuple[ExecutorKind, Claim]], bool]:
        is_admitted = self._admission.look()

        def has_room(lane: tuple[ExecutorKind, Claim]) -> bool:
            kind, claim = lane
            # Two tasks a worker: the next one is at hand while this thread writes to the state.
            return self._load[kind] < 2 * self._executors.of(kind).workers and is_admitted(claim)

        return has_room

    def _submit(self, action: Action, asset: CompiledAsset) -> None:
        progress = self._progress.get(action.address)
        self._send(action.address, prepare(self._run, action, asset, self._standing, self._renames, progress))

    def _send(self, address: Address, task: Task | OperatorTask) -> None:
        attempt = Attempt(task, self._retries.attempt(address))
        kind = self._lanes[address]
        self._load[kind] += 1
        self._admission.take(self._claims[address])
        if attempt.number == 1 and (told := self._shares.told.get(address)):
            self._run.journal.tell("log", address, level="warning", message=told)
        future = self._executors.of(kind).submit(attempt)
        self._in_flight[address] = attempt, future
        future.add_done_callback(lambda done: self._run.inbox.put(Message(address, attempt.number, done, {})))

    def _handle(self, message: Message) -> None:
        address, what, data = message.address, message.what, message.data
        # What an attempt tells that was given up is of no use any more.
        attempt, future = self._in_flight.get(address, (None, None))
        is_current = attempt is not None and message.attempt == attempt.number
        if isinstance(what, Future):
            if what is not future:
                return
            self._leave(address)
            if what.cancelled() or isinstance(what.exception(), Cancelled):
                self._give_up(address)
            else:
                self._end(address, what.result())
        elif what == "log":
            self._run.journal.tell("log", address, **data)
        elif what == "damaged":
            self._run.state.record_checksums({data["part"].path: data["part"].marked_damaged})
        elif is_current and attempt is not None and what == "task_started":
            if address in self._items:
                self._started[address] = (datetime.now(UTC), str(data["worker"]))
            elif address not in self._started:  # a sensor goes on with the same attempt
                waited = max(0.0, time.monotonic() - self._ready_since.get(address, self._began))
                event = self._run.journal.tell("task_started", address, **data, waited=waited)
                self._started[address] = (event.at, str(data["worker"]))
            if (seconds := attempt.task.time_limit) is not None:
                self._deadlines.set(address, message.attempt, seconds)
        elif is_current and what == "progress":
            # Finished intervals of a task that goes on: whatever becomes of it, nobody has to make them again.
            self._progress[address] = data["version"]
            self._publisher.made(data["version"])

    def _give_up_late(self) -> None:
        """End the attempts whose time is over."""
        for address, number in self._deadlines.past():
            attempt, _ = self._in_flight.get(address, (None, None))
            if attempt is not None and attempt.number == number:
                self._leave(address)
                self._executors.of(self._lanes[address]).abandon(attempt)
                subject = attempt.task.subject
                found = timed_out(subject, subject.timeout or 0.0)
                self._end(address, Report("failed", diagnostics=(found,), failure="transient"))

    def _leave(self, address: Address) -> None:
        del self._in_flight[address]
        self._load[self._lanes[address]] -= 1
        self._admission.give_back(self._claims[address])

    def _end(self, address: Address, report: Report) -> None:
        if (fan := self._items.get(address)) is not None:
            self._finish_item(fan, address, report)
        else:
            self._finish(self._actions[address], report)

    def _open_fan(self, fan: Fan) -> None:
        for address in fan.items:
            self._items[address] = fan
            self._lanes[address], self._claims[address] = (
                self._lanes[fan.action.address],
                self._claims[fan.action.address],
            )
        self._go_on(fan)

    def _go_on(self, fan: Fan) -> None:
        """Let more of its items begin; the operator has ended with the last of them."""
        for address in fan.take():
            self._readiness.add(address, like=fan.action.address)
        if fan.items:
            return
        self._turns.forget_other_items(fan)
        failure = (fan.failure(),) if fan.failed else ()
        report = Report("failed" if failure else "done", diagnostics=failure, seconds=fan.seconds)
        self._settle_operator(fan.action, report)

    def _finish_item(self, fan: Fan, address: Address, report: Report) -> None:
        operator = self._run.plan.operators[fan.action.address]
        self._attempted(address, report)
        if report.outcome == "failed" and self._tries_again(operator, report, address):
            return
        failure = report.diagnostics[0] if report.outcome == "failed" else None
        item = fan.end(address, report.seconds, failure)
        del self._items[address]
        if failure is None:
            self._turns.record_item(operator, item)
        told: dict[str, Any] = {"outcome": report.outcome, "seconds": report.seconds}
        told |= {} if failure is None else {"code": failure.code, "detail": failure.detail}
        self._run.journal.tell("item_finished", address, **told)
        self._go_on(fan)

    def _begin_operator(self, action: Action) -> None:
        if action.after:
            self._ready_since.setdefault(action.address, time.monotonic())
        turn = self._turns.take(action)
        if isinstance(turn, OperatorTask):
            self._send(action.address, turn)
        else:
            self._do_not(action, turn)

    def _finish_operator(self, action: Action, report: Report) -> None:
        address, operator = action.address, self._run.plan.operators[action.address]
        if report.outcome == "done" and report.again_in is not None:
            late = self._turns.late(operator, report.because)
            if late is None:
                self._wait(operator, report.because, report.again_in)
                return
            report = late
        self._attempted(address, report)
        if report.outcome == "failed" and self._tries_again(operator, report):
            return
        if report.outcome == "skipped":
            self._do_not(action, NotDone("skipped", report.because, settled=True))
            return
        if report.outcome == "done" and operator.for_each is not None:
            self._open_fan(self._turns.fan(action, report.items))
            return
        self._settle_operator(action, report)

    def _settle_operator(self, action: Action, report: Report) -> None:
        """It has come to its end, well or not."""
        address, operator = action.address, self._run.plan.operators[action.address]
        result = TaskResult(
            address,
            report.outcome,
            published=report.outcome == "done",
            seconds=report.seconds,
            diagnostics=report.diagnostics,
            attempts=self._retries.attempt(address),
        )
        if report.outcome == "failed":
            self._contain(action, result)
            return
        self._turns.record(operator, "done", report.outputs)
        self._turns.ended(address, "succeeded")
        self._run.journal.tell("task_finished", address, outcome="done", seconds=report.seconds)
        self._publisher.settled(result)
        self._done(address)

    def _wait(self, operator: CompiledOperator, reason: str, seconds: float) -> None:
        """It holds no worker until it is asked again."""
        if self._reasons.get(operator.address) != reason:
            self._reasons[operator.address] = reason
            self._run.journal.tell("task_waiting", operator.address, reason=reason)
        self._retries.later(operator.address, self._turns.until_late(operator, seconds))

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
            self._done(address)
        else:
            self._drop_after(address)

    def _finish(self, action: Action, report: Report) -> None:
        if action.verb == "do":
            self._finish_operator(action, report)
            return
        address, version = action.address, report.version
        if version is not None and report.made:
            self._publisher.made(version)
        checks = () if report.checked is None else report.checked.results
        if version is not None and report.checked is not None:
            asset = self._run.plan.assets[address]
            read = self._standing.pointers(asset.check_inputs)
            audit = Audit(
                version.id,
                asset.checks_fingerprint,
                report.checked.passed,
                self._run.id,
                datetime.now(UTC),
                read,
            )
            self._publisher.audited(audit, checks)
        elif version is not None and action.records and report.outcome in ("recorded", "kept"):
            self._carry_proof(action, version)
        # The state keeps every result; only what failed is news.
        for check in (check for check in checks if not check.passed):
            self._run.journal.tell(
                "check_finished",
                address,
                check=check.check,
                severity=check.severity,
                passed=check.passed,
                failing=check.failing,
                detail=check.detail,
            )
        self._attempted(address, report)
        if action.verb != "remove":
            made = self._run.plan.assets[address]
            if report.outcome == "failed" and self._tries_again(made, report):
                return
            # Only now: what it reads has to be there for all of its attempts.
            self._tables.done(made)
        result = TaskResult(
            address,
            report.outcome,
            published=False,
            version_id=None if version is None else version.id,
            rows=None if version is None else version.rows,
            bytes=None if version is None else version.bytes,
            seconds=report.seconds,
            checks=checks,
            diagnostics=report.diagnostics,
            attempts=self._retries.attempt(address),
            because=report.because,
        )
        if report.outcome == "failed":
            self._contain(action, result)
        else:
            self._succeed(action, report, result)

    def _succeed(self, action: Action, report: Report, result: TaskResult) -> None:
        address, version = action.address, report.version
        self._run.journal.tell(
            "task_finished",
            address,
            outcome=report.outcome,
            rows=result.rows,
            bytes=result.bytes,
            seconds=report.seconds,
            version_id=result.version_id,
        )
        pointer = None
        if version is not None:
            read = self._standing.pointers(each.address for each in self._run.plan.assets[address].inputs)
            # A recheck moves nothing; what it reads may, and is then carried by the action that moves it.
            pointer = self._publisher.pointer(address) if action.verb == "recheck" else Pointer(version.id, read)
            self._standing.advance(address, version, report.made)
        self._publisher.succeeded(action, result, pointer)
        self._turns.ended(address, "succeeded")
        self._done(address)

    def _done(self, address: Address) -> None:
        now = time.monotonic()
        self._ready_since.update((each, now) for each in self._readiness.done(address))

    def _carry_proof(self, action: Action, version: Version) -> None:
        """What is recorded anew has the rows of before, and so has passed the checks that those have passed."""
        asset = self._run.plan.assets[action.address]
        for proof in self._run.state.audits([action.keeps or ""]).get(action.keeps or "", ()):
            if proof.checks_fingerprint == asset.checks_fingerprint:
                read = self._standing.pointers(asset.check_inputs)
                self._publisher.audited(replace(proof, version_id=version.id, inputs=read), ())

    def _tries_again(self, subject: Subject, report: Report, item: Address | None = None) -> bool:
        address = item or subject.address
        attempt = self._retries.attempt(address)
        if report.failure is None:
            return False
        wait = self._retries.again(address, subject.retry, report.failure, report.again_in or 0.0)
        if wait is None:
            return False
        if report.version is not None:
            # It failed its checks, and nobody knows by which of its slices.
            self._progress.pop(address, None)
        first = report.diagnostics[0]
        data = {"attempt": attempt, "code": first.code, "detail": first.detail, "failure": report.failure, "wait": wait}
        self._run.journal.tell("task_retried", address, **data)
        return True

    def _contain(self, action: Action, result: TaskResult) -> None:
        """What depends on a failure is skipped; everything else goes on."""
        first = result.diagnostics[0]
        self._run.journal.tell("task_failed", action.address, code=first.code, detail=first.detail)
        self._turns.ended(action.address, "failed", first.detail)
        if action.verb == "do":
            self._publisher.settled(result)
        else:
            self._publisher.failed(action, result, action.address)
        self._drop_after(action.address)

    def _drop_after(self, failed: Address) -> None:
        for address in self._readiness.failed(failed):
            self._run.journal.tell("task_skipped", address, because=str(failed))
            self._drop(address, f"`{failed}` failed", failed)

    def _drop(self, address: Address, why: str, because: Address) -> None:
        """It is not done, and nothing of what would have been published together with it."""
        skipped = TaskResult(address, "skipped", published=False, because=why)
        self._turns.ended(address, "blocked")
        if address in self._run.plan.operators:
            self._publisher.settled(skipped)
        else:
            self._publisher.failed(self._actions[address], skipped, because)

    def _give_up(self, address: Address) -> None:
        if address in self._items:
            return  # its operator is told with the rest
        self._run.journal.tell("task_skipped", address, because="cancelled")
        self._drop(address, "cancelled", address)

    def _attempted(self, address: Address, report: Report) -> None:
        started, worker = self._started.pop(address, (datetime.now(UTC), ""))
        failed = report.outcome == "failed"
        detail = report.diagnostics[0].detail if report.diagnostics else ""
        self._publisher.attempted(
            AttemptRecord(
                address,
                self._retries.attempt(address),
                worker,
                started,
                datetime.now(UTC),
                "failed" if failed else "done",
                detail,
            )
        )

    def _patience(self) -> float:
        """How long to wait for what workers tell."""
        until = (self._retries.until_next(), self._deadlines.until_next(), self._publisher.items_due_in())
        return min((_LOOK_EVERY, *(each for each in until if each is not None)))

    def _flush_if_due(self) -> None:
        pending = self._publisher.pending()
        now = time.monotonic()
        if pending >= _FLUSH_AT or (pending and now - self._flushed_at >= _FLUSH_EVERY):
            self._publisher.flush()
            self._flushed_at = time.monotonic()
