"""Which tasks are attempted or asked again, and when."""

from __future__ import annotations

import heapq
import random
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from vibepiper_interpreter.compile.compiled import RetryPolicy
from vibepiper_spec.address import Address

if TYPE_CHECKING:
    from vibepiper_spec.model.retry import FailureClass


def wait_before(policy: RetryPolicy, attempt: int, chance: Callable[[], float] = random.random) -> float:
    """Seconds to wait before `attempt`, the second being the first that waits.

    Exponential, and between half of it and all of it by chance, so that those who failed together do not come back
    together ("equal jitter": Marc Brooker, Exponential Backoff And Jitter, AWS Architecture Blog, 2015).
    """
    longest = min(policy.max_delay, policy.delay * policy.backoff ** (attempt - 2))
    return longest * (0.5 + 0.5 * chance())


class Retries:
    """Used from the scheduler's thread only."""

    def __init__(self) -> None:
        self._attempts: dict[Address, int] = {}
        self._waiting: list[tuple[float, Address]] = []

    def __bool__(self) -> bool:
        """Whether any task waits for that."""
        return bool(self._waiting)

    def attempt(self, address: Address) -> int:
        """Which attempt of this run is under way, or was the last."""
        return self._attempts.get(address, 1)

    def later(self, address: Address, seconds: float) -> None:
        """Let it go on with the same attempt in so many seconds: what it waits for was not there yet."""
        heapq.heappush(self._waiting, (time.monotonic() + seconds, address))

    def again(
        self, address: Address, policy: RetryPolicy, failure: FailureClass, at_least: float = 0.0
    ) -> float | None:
        """Let it be attempted again, in `at_least` so many seconds. The seconds until then; None where it is not."""
        attempt = self.attempt(address) + 1
        if attempt > policy.attempts or failure not in policy.on:
            return None
        self._attempts[address] = attempt
        wait = max(at_least, wait_before(policy, attempt))
        heapq.heappush(self._waiting, (time.monotonic() + wait, address))
        return wait

    def begins_anew(self, address: Address) -> None:
        """Its next attempt is another one than all before, though none of these called for it."""
        self._attempts[address] = self.attempt(address) + 1

    def due(self) -> Iterator[Address]:
        """Those whose time has come; they do not wait any more."""
        while self._waiting and self._waiting[0][0] <= time.monotonic():
            yield heapq.heappop(self._waiting)[1]

    def until_next(self) -> float | None:
        """Seconds until the next one's time comes; None where none waits."""
        return max(0.0, self._waiting[0][0] - time.monotonic()) if self._waiting else None

    def drop_all(self) -> list[Address]:
        """Those that wait, and are not attempted again after all."""
        dropped = [address for _, address in self._waiting]
        self._waiting.clear()
        return dropped
