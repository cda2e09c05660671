"""How many tasks an executor is given ahead, so that none of its workers waits for the scheduler."""

from __future__ import annotations

import time
from collections import Counter, deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vibepiper_spec.model.execution import ExecutorKind

# Longer than the scheduler is busy with itself, as while it writes to the state.
_BUSY = 0.05  # seconds
_MOST = 16  # for each worker


class AtHand:
    """Used from the scheduler's thread only.

    One task for each worker is enough where they take long. Where they are short, a worker needs as many as it ends
    while the scheduler writes; and since all that end meanwhile are written together, it then writes less often.
    """

    def __init__(self) -> None:
        self._under_way: Counter[ExecutorKind] = Counter()
        self._ended: dict[ExecutorKind, deque[float]] = {}

    def begun(self, kind: ExecutorKind) -> None:
        self._under_way[kind] += 1

    def ended(self, kind: ExecutorKind) -> None:
        self._under_way[kind] -= 1
        self._ended.setdefault(kind, deque()).append(time.monotonic())

    def has_room(self, kind: ExecutorKind, workers: int, *, claims: bool) -> bool:
        """Whether one more may be given to an executor with so many workers. What `claims` something holds it from that
        moment on, so there is never more of that than must be."""
        under_way = self._under_way[kind]
        if under_way < 2 * workers:
            return True
        if claims or under_way >= _MOST * workers:
            return False
        ended = self._ended.get(kind, deque())
        long_ago = time.monotonic() - _BUSY
        while ended and ended[0] < long_ago:
            ended.popleft()
        return under_way < 2 * workers + len(ended)
