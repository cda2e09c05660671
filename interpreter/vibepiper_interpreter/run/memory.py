"""How much memory the process held while each task ran.

It is the whole process's: of tasks that run side by side each sees the other's share, and what the engine keeps for
later counts too. The engine could not tell more: its own peak is that of all its statements together.
"""

from __future__ import annotations

import os
import resource
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

_INTERVAL = 0.05  # seconds between two looks
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(slots=True)
class _Watched:
    """A task that runs: the most that the process had ever held when it began, and the most that was seen since."""

    ever_before: int
    seen: int = 0


@dataclass(slots=True)
class MemoryWatch:
    """Looks at the process from time to time while tasks run. Only Linux tells what a process holds now."""

    _running: dict[int, _Watched] = field(default_factory=dict)  # by thread
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _closed: threading.Event = field(default_factory=threading.Event)
    _looking: threading.Thread | None = None
    _statm: int = -1  # the open file that tells

    @contextmanager
    def task(self) -> Iterator[None]:
        """A task runs in this thread."""
        if sys.platform != "linux":
            yield
            return
        thread = threading.get_ident()
        with self._lock:
            self._running[thread] = _Watched(_most_ever())
            if self._looking is None:
                self._statm = os.open("/proc/self/statm", os.O_RDONLY)
                self._looking = threading.Thread(target=self._look, name="memory", daemon=True)
                self._looking.start()
        try:
            yield
        finally:
            with self._lock:
                self._running.pop(thread, None)

    def peak(self) -> int | None:
        """The most bytes that the process has held since the task of this thread began; None where nobody can tell.

        A new maximum of the process is known exactly, however short it was; what stays below an earlier one is the
        most that was seen.
        """
        watched = self._running.get(threading.get_ident())
        if watched is None:
            return None
        most_ever = _most_ever()
        return most_ever if most_ever > watched.ever_before else max(watched.seen, self._now())

    def close(self) -> None:
        self._closed.set()
        if self._looking is not None:
            self._looking.join()
            # A task that was left behind may still ask; its process ends soon.
            if not self._running:
                os.close(self._statm)

    def _look(self) -> None:
        while not self._closed.wait(_INTERVAL):
            now = self._now()
            with self._lock:
                for watched in self._running.values():
                    watched.seen = max(watched.seen, now)

    def _now(self) -> int:
        return int(os.pread(self._statm, 200, 0).split()[1]) * _PAGE


def whole_memory() -> int:
    """This machine's, in bytes."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _most_ever() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
