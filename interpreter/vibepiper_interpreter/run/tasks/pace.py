"""When a task that makes one slice after the other lets the state know what it has made: a kill loses no more."""

from __future__ import annotations

import time

RECORD_EVERY = 0.25  # seconds
RECORD_SHARE = 0.05  # of the work so far: a long backfill is recorded some hundred times, not thousands


class Pace:
    """Runs from when it is made."""

    def __init__(self) -> None:
        self._began = self._recorded = time.perf_counter()

    def is_due(self) -> bool:
        """Whether enough was made since the last time that it would be a loss."""
        now = time.perf_counter()
        return now - self._recorded > max(RECORD_EVERY, RECORD_SHARE * (now - self._began))

    def since_recorded(self) -> float:
        """Seconds of work that the state does not know of."""
        return time.perf_counter() - self._recorded

    def recorded(self) -> None:
        """The state knows of all that is made by now."""
        self._recorded = time.perf_counter()
