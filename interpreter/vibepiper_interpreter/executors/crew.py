"""A fixed number of hands, each a thread of this process that performs one attempt after the other."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import closing, suppress
from dataclasses import dataclass, field
from queue import Empty, PriorityQueue
from typing import Protocol

from vibepiper_interpreter.run.failures import Cancelled
from vibepiper_interpreter.run.readiness import Rank
from vibepiper_interpreter.run.tasks.task import Report
from vibepiper_interpreter.run.worker import Attempt


class Hand(Protocol):
    """Where the attempts of one thread are performed. Only `interrupt` is called from other threads."""

    def perform(self, attempt: Attempt) -> Report: ...

    def interrupt(self, attempt: Attempt) -> None:
        """Let the attempt that is performed end as soon as it can."""
        ...

    def close(self) -> None:
        """No more attempts come."""
        ...


@dataclass(frozen=True, slots=True, order=True)
class _Waiting:
    rank: Rank
    number: int
    # None: the hand that finds it goes home.
    work: tuple[Future[Report], Attempt] | None = field(compare=False)


_NOTHING_MORE = _Waiting((0, 0.0, 0), 0, None)


class Crew:
    """Hands that are engaged when first needed.

    Their threads are daemons: user code that does not end after Ctrl-C cannot keep the process alive, as the threads of
    `concurrent.futures` would.
    """

    def __init__(self, workers: int, engage: Callable[[int], Hand]) -> None:
        """`engage` makes the hand of that number, from 1."""
        self.workers = workers
        self._engage = engage
        # By rank. Those with equal ranks are attempts at the same task, and come by number.
        self._queue: PriorityQueue[_Waiting] = PriorityQueue()
        self._lock = threading.Lock()
        # What each is busy with.
        self._hands: dict[threading.Thread, tuple[Hand, Attempt | None]] = {}
        self._engaged = 0
        self._stopping = False
        self._closed = False

    def submit(self, attempt: Attempt) -> Future[Report]:
        future: Future[Report] = Future()
        self._queue.put(_Waiting(attempt.rank, attempt.number, (future, attempt)))
        with self._lock:
            if len(self._hands) < self.workers:
                self._add_hand()
        return future

    def flush(self) -> None:
        """Each has begun as soon as there was somebody to do it."""

    def abandon(self, attempt: Attempt) -> None:
        """A thread cannot be ended from outside: one that is busy with what does not end is left behind, and another
        takes its place."""
        with self._lock:
            for thread, (hand, busy) in self._hands.items():
                if busy is attempt:
                    del self._hands[thread]
                    self._add_hand()
                    hand.interrupt(attempt)
                    return

    def stop(self) -> None:
        self._stopping = True
        with self._lock:
            for hand, busy in self._hands.values():
                if busy is not None:
                    hand.interrupt(busy)

    def shutdown(self, patience: float | None = None) -> None:
        with self._lock:
            threads = [*self._hands]
        if not self._closed:
            self._closed = True
            with suppress(Empty):
                while (waiting := self._queue.get_nowait().work) is not None:
                    waiting[0].cancel()
            for _ in threads:
                self._queue.put(_NOTHING_MORE)
        until = None if patience is None else time.monotonic() + patience
        for thread in threads:
            thread.join(None if until is None else max(0.0, until - time.monotonic()))

    def _add_hand(self) -> None:
        self._engaged += 1
        hand = self._engage(self._engaged)
        thread = threading.Thread(target=self._work, args=(hand,), name=f"hand-{self._engaged}", daemon=True)
        self._hands[thread] = hand, None
        thread.start()

    def _work(self, hand: Hand) -> None:
        thread = threading.current_thread()
        with closing(hand):
            while (item := self._queue.get().work) is not None:
                future, attempt = item
                if not future.set_running_or_notify_cancel():
                    continue
                with self._lock:
                    self._hands[thread] = hand, attempt
                try:
                    if self._stopping:
                        raise Cancelled
                    future.set_result(hand.perform(attempt))
                except BaseException as error:
                    future.set_exception(error)
                with self._lock:
                    if thread not in self._hands:
                        return  # another has taken its place
                    self._hands[thread] = hand, None
