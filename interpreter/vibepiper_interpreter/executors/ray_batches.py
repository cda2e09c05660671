"""What is sent to Ray as one task: short attempts together, since to send one costs as much as to perform several."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from vibepiper_interpreter.executors.outbox import Key
from vibepiper_interpreter.executors.ray_worker import Outcome
from vibepiper_interpreter.run.tasks import Report
from vibepiper_interpreter.run.worker import Attempt

# A batch takes about as long as its worker gathers what is told: nobody waits longer for its end than for a log line.
_SECONDS = 0.04
_MOST = 16  # attempts
# Batches that each worker has: one that it performs, and one that is on its way.
_AHEAD = 2
_WEIGHT = 0.3  # of the last attempt, in how long one takes


@dataclass(slots=True)
class Submitted:
    """An attempt that has no end yet."""

    attempt: Attempt
    claims: dict[str, Any]
    future: Future[Report] = field(default_factory=Future)

    @property
    def key(self) -> Key:
        return self.attempt.address, self.attempt.number

    @property
    def may_share(self) -> bool:
        """Not what claims more than a processor; and what may be given up takes its whole process with it."""
        return self.claims == {"num_cpus": 1} and self.attempt.task.time_limit is None


@dataclass(slots=True)
class Batch:
    """What one task of Ray's performs, one after the other."""

    number: int
    # Those without an end, in order.
    open: dict[Key, Submitted]
    task: Any = None
    # Letters that have come from it.
    letters: int = 0
    # How it ended, if its letters have not all come.
    outcome: Outcome | None = None
    # Whether its worker writes down how far it has come.
    wrote: bool = field(init=False)

    def __post_init__(self) -> None:
        self.wrote = len(self.open) > 1


class Waiting:
    """Attempts that are not sent yet. Not safe to use from several threads."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._waiting: deque[Submitted] = deque()
        self._seconds: float | None = None

    def add(self, submitted: Submitted) -> None:
        self._waiting.append(submitted)

    def add_again(self, submitted: Submitted) -> None:
        """One that was sent and has not begun."""
        self._waiting.appendleft(submitted)

    def learn(self, seconds: float) -> None:
        """How long an attempt has taken."""
        before = seconds if self._seconds is None else self._seconds
        self._seconds = before + _WEIGHT * (seconds - before)

    def next(self, batches: int) -> list[Submitted]:
        """What is to be sent as one task; nothing where it is better kept until a batch of the `batches` ends."""
        if not self._waiting:
            return []
        together = self._together()
        places = _AHEAD * self._workers - batches
        if not self._waiting[0].may_share or together == 1:
            return [self._waiting.popleft()]
        if places <= 0:
            return []
        # Not one worker for what all can share.
        together = min(together, -(-len(self._waiting) // places))
        found: list[Submitted] = []
        while len(found) < together and self._waiting and self._waiting[0].may_share:
            found.append(self._waiting.popleft())
        return found

    def drop_all(self) -> list[Submitted]:
        dropped = [*self._waiting]
        self._waiting.clear()
        return dropped

    def _together(self) -> int:
        if self._seconds is None:
            return 1
        return max(1, min(_MOST, int(_SECONDS / max(self._seconds, 1e-6))))
