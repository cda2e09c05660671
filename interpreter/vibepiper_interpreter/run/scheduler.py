"""The one loop of a run: starts what is ready, waits for what ends, and contains what fails."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty
from typing import TYPE_CHECKING, NamedTuple

from vibepiper_interpreter.executors import Executors
from vibepiper_interpreter.plan.plan import Action
from vibepiper_interpreter.run.admission import NOTHING, Admission, Claim
from vibepiper_interpreter.run.asset_lifecycle import AssetLifecycle
from vibepiper_interpreter.run.at_hand import AtHand
from vibepiper_interpreter.run.attempts import Attempts
from vibepiper_interpreter.run.deadlines import Deadlines
from vibepiper_interpreter.run.downstream import Downstream
from vibepiper_interpreter.run.failures import Cancelled, timed_out
from vibepiper_interpreter.run.fan import Fans
from vibepiper_interpreter.run.operator_lifecycle import OperatorLifecycle
from vibepiper_interpreter.run.operator_turns import OperatorTurns, predecessors
from vibepiper_interpreter.run.publisher import Publisher
from vibepiper_interpreter.run.readiness import Readiness, critical_paths, inherited_priorities
from vibepiper_interpreter.run.run import Message, Run
from vibepiper_interpreter.run.shares import Shares
from vibepiper_interpreter.run.small_tables import SmallTables
from vibepiper_interpreter.run.standing import Standing
from vibepiper_interpreter.run.tasks import OperatorTask, Report, Task
from vibepiper_interpreter.run.tasks.shares import Gather, Survey
from vibepiper_interpreter.run.worker import Attempt
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import DiagnosticError

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
        after = self._after = predecessors(run.plan)
        seconds = {each.address: None if each.estimate is None else each.estimate.seconds for each in actions}
        operators, assets = run.plan.operators, run.plan.assets
        self._lanes = {
            # What is removed needs nobody's work, so no cluster is begun for it.
            each.address: executors.kind_here() if each.verb == "remove" else executors.kind_for(assets[each.address])
            for each in actions
            if each.verb != "do"
        }
        self._lanes |= {address: executors.kind_for_operator(each) for address, each in operators.items()}
        self._claims = {each: self._admission.bounded(shares.claims.get(each, NOTHING)) for each in self._lanes}
        self._readiness = Readiness(
            after,
            critical_paths(seconds, after),
            {each: (kind, self._claims[each]) for each, kind in self._lanes.items()},
            operators.keys(),
            inherited_priorities(
                {address: asset.priority for address, asset in assets.items()}
                | {address: operator.priority for address, operator in operators.items()},
                after,
            ),
        )
        self._attempts = Attempts(run, publisher)
        self._retries = self._attempts.retries
        self._deadlines = Deadlines()
        turns = OperatorTurns(run, publisher, standing)
        self._downstream = Downstream(run, self._readiness, self._attempts, turns, publisher)
        ways = (run, self._readiness, self._attempts, turns, self._downstream)
        self._fans = Fans()
        self._operators = OperatorLifecycle(*ways, publisher, self._fans)
        self._assets = AssetLifecycle(*ways, tables, publisher, standing, self._fans, self._survey)
        self._in_flight: dict[Address, tuple[Attempt, Future[Report]]] = {}
        # What has its share of the machine, and is sent as soon as that is written which must be known before.
        self._admitted: OrderedDict[Address, Attempt] = OrderedDict()
        self._at_hand = AtHand()
        self._flushed_at = time.monotonic()

    def run(self) -> bool:
        """Do every action that can be done. False where the run was stopped before its end.

        Raises DiagnosticError, before anything has started, where an executor that it needs cannot be had.
        """
        self._executors.prepare({*self._lanes.values()}, self._run.journal)
        try:
            return self._go_on()
        except BaseException:
            # What has been done is done, whatever went wrong. That it cannot be written is perhaps what did.
            with contextlib.suppress(DiagnosticError):
                self._publisher.operators.write()
            raise

    def _go_on(self) -> bool:
        while True:
            if any(event.is_set() for event in self._stop):
                return False
            self._give_up_late()
            self._start_ready()
            if not self._in_flight and not self._retries and self._run.inbox.empty():
                self._publisher.flush()
                return True
            self._listen()
            self._assets.keep_due()
            if self._publisher.operators.due_in() == 0:
                self._publisher.operators.write()
            self._flush_if_due()

    def cancel_rest(self) -> None:
        """Give up what has not ended, after the workers have been told to stop. What was made is kept, unpublished."""
        while not self._run.inbox.empty():
            self._handle(self._run.inbox.get())
        rest = [*self._in_flight, *self._admitted, *self._retries.drop_all(), *self._readiness.drop_rest()]
        self._assets.keep_due(at_once=True)
        # Of items and shares nobody is told one by one.
        for address in dict.fromkeys(map(self._fans.owner, rest)):
            if address not in self._publisher.results:
                self._downstream.cancel(address)
        self._in_flight.clear()
        if not self._stop.lease_lost.is_set():
            self._publisher.operators.write()
        self._publisher.flush(publish=False)

    def _listen(self) -> None:
        """Wait until a worker tells something; then take all that is there."""
        with contextlib.suppress(Empty):
            self._handle(self._run.inbox.get(timeout=self._patience()))
            for _ in range(self._run.inbox.qsize()):
                self._handle(self._run.inbox.get_nowait())

    def _start_ready(self) -> None:
        for again in self._retries.due():
            self._attempts.ready([again])
            self._readiness.again(again)
        # Together, so that what must be written before they begin is one transaction.
        while (address := self._readiness.take(self._room())) is not None:
            if (task := self._lifecycle(address).begin(address)) is not None:
                self._admit(address, task)
        for address in self._admitted:
            self._publisher.operators.write_before(self._after.get(address, ()))
        lanes = {self._lanes[self._fans.owner(address)] for address in self._admitted}
        while self._admitted:
            self._send(*self._admitted.popitem(last=False))
        for lane in lanes:
            self._executors.of(lane).flush()

    def _lifecycle(self, address: Address) -> AssetLifecycle | OperatorLifecycle:
        return self._operators if self._operators.owns(address) else self._assets

    def _survey(self, action: Action) -> Survey | None:
        """By how many the slices of an asset could be made; None where nothing runs beside anything."""
        kind, estimate = self._lanes[action.address], action.estimate
        if kind == "inline":
            return None
        apart = kind in ("processes", "ray")
        return Survey(self._executors.of(kind).workers, apart, None if estimate is None else estimate.seconds)

    def _room(self) -> Callable[[tuple[ExecutorKind, Claim]], bool]:
        is_admitted = self._admission.look()

        def has_room(lane: tuple[ExecutorKind, Claim]) -> bool:
            kind, claim = lane
            workers = self._executors.of(kind).workers
            return self._at_hand.has_room(kind, workers, claims=claim != NOTHING) and is_admitted(claim)

        return has_room

    def _admit(self, address: Address, task: Task | OperatorTask) -> None:
        owner = self._fans.owner(address)
        self._at_hand.begun(self._lanes[owner])
        self._admission.take(self._claims[owner])
        self._admitted[address] = Attempt(task, self._retries.attempt(address), self._readiness.rank(address))

    def _send(self, address: Address, attempt: Attempt) -> None:
        task = attempt.task
        begins = attempt.number == 1 and not (isinstance(task, Task) and isinstance(task.stage, Gather))
        if begins and (told := self._shares.told.get(address)):
            self._run.journal.tell("log", address, level="warning", message=told)
        future = self._executors.of(self._lanes[self._fans.owner(address)]).submit(attempt)
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
                if not self._fans.holds(address):  # its asset or operator is told with the rest
                    self._downstream.cancel(address)
            else:
                self._lifecycle(address).end(address, what.result())
        elif what == "log":
            self._run.journal.tell("log", address, **data)
        elif what == "damaged":
            self._run.state.record_checksums({data["part"].path: data["part"].marked_damaged})
        elif is_current and attempt is not None and what == "task_started":
            self._lifecycle(address).started(address, data)
            if (seconds := attempt.task.time_limit) is not None:
                self._deadlines.set(address, message.attempt, seconds)
        elif is_current and what == "progress":
            self._assets.keep_progress(address, data)

    def _give_up_late(self) -> None:
        """End the attempts whose time is over."""
        for address, number in self._deadlines.past():
            attempt, _ = self._in_flight.get(address, (None, None))
            if attempt is not None and attempt.number == number:
                self._leave(address)
                self._executors.of(self._lanes[self._fans.owner(address)]).abandon(attempt)
                subject = attempt.task.subject
                found = timed_out(subject, subject.timeout or 0.0)
                self._lifecycle(address).end(address, Report("failed", diagnostics=(found,), failure="transient"))

    def _leave(self, address: Address) -> None:
        owner = self._fans.owner(address)
        del self._in_flight[address]
        self._at_hand.ended(self._lanes[owner])
        self._admission.give_back(self._claims[owner])

    def _patience(self) -> float:
        """How long to wait for what workers tell."""
        until = (self._retries.until_next(), self._deadlines.until_next(), self._publisher.operators.due_in())
        return min((_LOOK_EVERY, *(each for each in until if each is not None)))

    def _flush_if_due(self) -> None:
        pending = self._publisher.pending()
        now = time.monotonic()
        if pending >= _FLUSH_AT or (pending and now - self._flushed_at >= _FLUSH_EVERY):
            self._publisher.flush()
            self._flushed_at = time.monotonic()
