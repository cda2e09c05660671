"""What user code prints: caught by thread while a run goes on, and told line by line, so that stdout stays ours."""

from __future__ import annotations

import io
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

_MOST_LINES = 1_000  # a task
_MOST_WIDTH = 10_000  # code points of one line
_MOST_UNFINISHED = 1_000_000  # code points kept of a line that does not end

Say = Callable[[str, str], None]


class TaskLog:
    """What one task tells, as (level, message): redacted, and bounded. Safe to use from several threads."""

    def __init__(self, say: Say, redact: Callable[[str], str]) -> None:
        self._say = say
        self._redact = redact
        self._lock = threading.Lock()
        self._told = 0
        self._unfinished: dict[str, str] = {}

    def __call__(self, level: str, message: str) -> None:
        with self._lock:
            self._tell(level, message)

    def write(self, level: str, text: str) -> None:
        """Text as it is printed: told when its line ends."""
        with self._lock:
            *lines, rest = (self._unfinished.get(level, "") + text).split("\n")
            for line in lines:
                self._tell(level, line.removesuffix("\r"))
            # Cut, so that a secret in it cannot be cut in two: what is told of such a line ends long before.
            self._unfinished[level] = rest[:_MOST_UNFINISHED]

    def close(self) -> None:
        """Tell lines that did not end, and how much was not kept."""
        with self._lock:
            for level, rest in self._unfinished.items():
                if rest:
                    self._tell(level, rest)
            self._unfinished.clear()
            if self._told > _MOST_LINES:
                self._say("warning", f"… and {self._told - _MOST_LINES:,} more lines, which were not kept")

    def _tell(self, level: str, message: str) -> None:
        self._told += 1
        if self._told <= _MOST_LINES:
            message = self._redact(message)
            self._say(level, message if len(message) <= _MOST_WIDTH else message[: _MOST_WIDTH - 1] + "…")


_here = threading.local()


@contextmanager
def told_to(log: TaskLog) -> Iterator[None]:
    """Within it, what this thread prints goes to `log`."""
    before: TaskLog | None = getattr(_here, "log", None)
    _here.log = log
    try:
        yield
    finally:
        _here.log = before


@contextmanager
def caught_output(redact: Callable[[str], str]) -> Iterator[None]:
    """Within it, what a thread prints goes to its log. This thread prints as ever where it has none.

    Any other thread without a log is one that user code has started: what it prints goes to stderr.
    """
    before = sys.stdout, sys.stderr
    owner = threading.get_ident()
    sys.stdout = _ByThread("stdout", before[0], before[1], owner, redact)
    sys.stderr = _ByThread("stderr", before[1], before[1], owner, redact)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


class _ByThread(io.TextIOBase):
    """Stands for `sys.stdout` or `sys.stderr`. A logging handler may keep it: after the run it only passes on."""

    encoding = "utf-8"

    def __init__(self, name: str, own: TextIO, stray: TextIO, owner: int, redact: Callable[[str], str]) -> None:
        self._name = name
        self._own = own
        self._stray = stray
        self._owner = owner
        self._redact = redact
        self.buffer = _Bytes(self)

    def write(self, text: str, /) -> int:
        log: TaskLog | None = getattr(_here, "log", None)
        if log is not None:
            log.write(self._name, text)
        elif threading.get_ident() == self._owner:
            self._own.write(text)
        else:
            self._stray.write(self._redact(text))
        return len(text)

    def flush(self) -> None:
        # Also called when this is forgotten, perhaps long after what it stood for was closed.
        if getattr(_here, "log", None) is None and not getattr(self._own, "closed", False):
            self._own.flush()

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        """For a program that user code starts and lends this stream to."""
        return self._stray.fileno()


class _Bytes(io.RawIOBase):
    """The same for bytes."""

    def __init__(self, text: _ByThread) -> None:
        self._text = text

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        content = bytes(data)
        self._text.write(content.decode(errors="replace"))
        return len(content)
