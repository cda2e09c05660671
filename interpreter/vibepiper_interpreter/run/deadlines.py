"""Until when attempts have to be done."""

from __future__ import annotations

import heapq
import time
from collections.abc import Iterator

from vibepiper_spec.address import Address


class Deadlines:
    """Used from the scheduler's thread only. What has ended by then is passed over."""

    def __init__(self) -> None:
        self._waiting: list[tuple[float, Address, int]] = []

    def set(self, address: Address, attempt: int, seconds: float) -> None:
        """The attempt that has just started has so many seconds."""
        heapq.heappush(self._waiting, (time.monotonic() + seconds, address, attempt))

    def past(self) -> Iterator[tuple[Address, int]]:
        """Attempts whose time is over."""
        while self._waiting and self._waiting[0][0] <= time.monotonic():
            _, address, attempt = heapq.heappop(self._waiting)
            yield address, attempt

    def until_next(self) -> float | None:
        """Seconds until the next one's time is over; None where none has any."""
        return max(0.0, self._waiting[0][0] - time.monotonic()) if self._waiting else None
