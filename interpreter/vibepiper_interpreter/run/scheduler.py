"""The one loop of a run: starts what is ready, waits for what ends, and contains what fails."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty
from typing import TYPE_CHECKING, NamedTuple

from vibepiper_interpreter.executors import Executors
from vibepiper_interpreter.run.admission import NOTHING, Admission, Claim
from vibepiper_interpreter.run.asset_lifecycle import AssetLifecycle
from vibepiper_interpreter.run.attempts import Attempts
from vibepiper_interpreter.run.deadlines import Deadlines
from vibepiper_interpreter.run.downstream import Downstream
from vibepiper_interpreter.run.failures import Cancelled, timed_out
from vibepiper_interpreter.run.operator_lifecycle import OperatorLifecycle
from vibepiper_interpreter.run.operator_turns import OperatorTurns, predecessors
from vibepiper_interpreter.run.publisher import Publisher
from vibepiper_interpreter.run.readiness import Readiness, critical_paths, inherited_priorities
from vibepiper_interpreter.run.run import Message, Run
from vibepiper_interpreter.run.shares import Shares
from vibepiper_interpreter.run.small_tables import SmallTables
from vibepiper_interpreter.run.standing import Standing
from vibepiper_interpreter.run.tasks import OperatorTask, Report, Task
from vibepiper_interpreter.run.worker import Attempt
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
        self._publisher = publisher
        self._stop = stop
        actions = run.plan.actions
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
        self._attempts = Attempts(run, publisher)
        self._retries = self._attempts.retries
        self._deadlines = Deadlines()
        turns = OperatorTurns(run, publisher, standing)
        self._downstream = Downstream(run, self._readiness, self._attempts, turns, publisher)
        self._operators = OperatorLifecycle(run, self._readiness, self._attempts, turns, self._downstream, publisher)
        self._assets = AssetLifecycle(run, self._attempts, turns, self._downstream, tables, publisher, standing)
        self._in_flight: dict[Address, tuple[Attempt, Future[Report]]] = {}
        self._load: Counter[ExecutorKind] = Counter()
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
        for address in dict.fromkeys(map(self._operators.owner, rest)):
            if address not in self._publisher.results:
                self._downstream.cancel(address)
        self._in_flight.clear()
        if not self._stop.lease_lost.is_set():
            self._publisher.record_items()
        self._publisher.flush(publish=False)

    def _start_ready(self) -> None:
        for again in self._retries.due():
            self._attempts.ready([again])
            self._readiness.again(again)
        while (address := self._readiness.take(self._room())) is not None:
            if (task := self._lifecycle(address).begin(address)) is not None:
                self._send(address, task)

    def _lifecycle(self, address: Address) -> AssetLifecycle | OperatorLifecycle:
        return self._operators if self._operators.owns(address) else self._assets

    def _room(self) -> Callable[[tuple[ExecutorKind, Claim]], bool]:
        is_admitted = self._admission.look()

        def has_room(lane: tuple[ExecutorKind, Claim]) -> bool:
            kind, claim = lane
            # Two tasks a worker: the next one is at hand while this thread writes to the state.
            return self._load[kind] < 2 * self._executors.of(kind).workers and is_admitted(claim)

        return has_room

    def _send(self, address: Address, task: Task | OperatorTask) -> None:
        attempt = Attempt(task, self._retries.attempt(address))
        owner = self._operators.owner(address)
        kind = self._lanes[owner]
        self._load[kind] += 1
        self._admission.take(self._claims[owner])
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
                if not self._operators.is_item(address):  # its operator is told with the rest
                    self._downstream.cancel(address)
            else:
                self._lifecycle(address).end(address, what.result())
        elif what == "log":
            self._run.journal.tell("log", address, **data)
        elif what == "damaged":
            self._run.state.record_checksums({data["part"].path: data["part"].marked_damaged})
        elif is_current and attempt is not None and what == "task_started":
            self._attempts.started(address, data, is_item=self._operators.is_item(address))
            if (seconds := attempt.task.time_limit) is not None:
                self._deadlines.set(address, message.attempt, seconds)
        elif is_current and what == "progress":
            self._assets.keep_progress(address, data["version"])

    def _give_up_late(self) -> None:
        """End the attempts whose time is over."""
        for address, number in self._deadlines.past():
            attempt, _ = self._in_flight.get(address, (None, None))
            if attempt is not None and attempt.number == number:
                self._leave(address)
                self._executors.of(self._lanes[self._operators.owner(address)]).abandon(attempt)
                subject = attempt.task.subject
                found = timed_out(subject, subject.timeout or 0.0)
                self._lifecycle(address).end(address, Report("failed", diagnostics=(found,), failure="transient"))

    def _leave(self, address: Address) -> None:
        owner = self._operators.owner(address)
        del self._in_flight[address]
        self._load[self._lanes[owner]] -= 1
        self._admission.give_back(self._claims[owner])

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
