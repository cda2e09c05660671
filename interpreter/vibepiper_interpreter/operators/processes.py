"""Runs a program: its output told line by line while it runs, and nothing of it left when it has ended."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vibepiper_interpreter.operators.call import Call, OperatorCancelled
from vibepiper_interpreter.operators.ending import LOOK_EVERY, is_to_end
from vibepiper_interpreter.operators.guard import guard

# Seconds between asking a program to end and making it end.
GRACE = 5.0
# Seconds in which what it left running in the background may still write.
_DRAIN = 0.5
_CHUNK = 65_536
_FIRST_LINES = 800  # told while it runs
_LAST_LINES = 20  # of the rest
_LONGEST_LINE = 1_000_000  # bytes kept of one line


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended: its exit status (negative: by that signal), and its last lines of output."""

    status: int
    last_lines: tuple[str, ...]


def run_program(
    call: Call, command: Sequence[str], *, environment: Mapping[str, str], folder: Path, grace: float | None = None
) -> Ended:
    """Run `command` to its end, with no standard input. What it started in the background ends with it.

    Raises OperatorCancelled, after it is gone, where the attempt is to end; OSError or ValueError where it cannot be
    started.
    """
    with guard() as watch_over:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        watch_over(process.pid)
        return _follow(call, process, GRACE if grace is None else grace)


def _follow(call: Call, process: subprocess.Popen[bytes], grace: float) -> Ended:
    output = _Output(call)
    assert process.stdout is not None and process.stderr is not None
    try:
        with process.stdout, process.stderr, selectors.DefaultSelector() as selector:
            for level, stream in (("stdout", process.stdout), ("stderr", process.stderr)):
                os.set_blocking(stream.fileno(), False)
                selector.register(stream, selectors.EVENT_READ, level)
            cancelled = _read(call, process, selector, output)
            if cancelled:
                _end(process, selector, output, grace)
    finally:
        _kill_group(process, signal.SIGKILL)
        process.wait()
    last_lines = output.close()
    if cancelled:
        raise OperatorCancelled
    return Ended(process.returncode, last_lines)


def _read(call: Call, process: subprocess.Popen[bytes], selector: selectors.BaseSelector, output: _Output) -> bool:
    """Read until it has ended and nothing more comes. Whether it is to end before."""
    silent_after: float | None = None
    while selector.get_map() or process.poll() is None:
        if is_to_end(call):
            return True
        if process.poll() is not None:
            # Whoever it left in the background holds its output open: that is waited for a moment only.
            silent_after = silent_after or time.monotonic() + _DRAIN
            if time.monotonic() > silent_after:
                return False
        _take(selector, output)
    return False


def _end(process: subprocess.Popen[bytes], selector: selectors.BaseSelector, output: _Output, grace: float) -> None:
    """Ask it to end, and read on meanwhile: one who tidies up may have something to say, and must not be blocked."""
    _kill_group(process, signal.SIGTERM)
    until = time.monotonic() + grace
    while process.poll() is None and time.monotonic() < until:
        _take(selector, output)


def _take(selector: selectors.BaseSelector, output: _Output) -> None:
    if not selector.get_map():
        time.sleep(LOOK_EVERY)
    for key, _ in selector.select(LOOK_EVERY):
        stream = key.fileobj
        assert not isinstance(stream, int)
        try:
            chunk = os.read(stream.fileno(), _CHUNK)
        except BlockingIOError:
            continue
        if chunk:
            output.write(key.data, chunk)
        else:
            selector.unregister(stream)


def _kill_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """The group has the id of its first process, and keeps it while any process of it is left."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


class _Output:
    """Tells whole lines, for a secret is found in a whole line only: the first ones at once, the last at the end."""

    def __init__(self, call: Call) -> None:
        self._say = call.say
        self._told = 0
        self._untold = 0
        self._unfinished: dict[str, bytes] = {}
        self._last: deque[tuple[str, str, bool]] = deque(maxlen=_LAST_LINES)  # level, line, whether it was told

    def write(self, level: str, chunk: bytes) -> None:
        *lines, rest = chunk.split(b"\n")
        # The beginning of a line that does not end is kept; what follows it is read and forgotten.
        unfinished = self._unfinished.get(level, b"")
        if lines:
            lines[0] = unfinished + lines[0]
            unfinished = b""
            if self._told >= _FIRST_LINES and len(lines) > _LAST_LINES:
                self._untold += len(lines) - _LAST_LINES
                lines = lines[-_LAST_LINES:]
            for line in lines:
                self._line(level, line)
        self._unfinished[level] = (unfinished + rest)[:_LONGEST_LINE]

    def close(self) -> tuple[str, ...]:
        for level, rest in self._unfinished.items():
            if rest:
                self._line(level, rest)
        left = [(level, line) for level, line, told in self._last if not told]
        if self._untold > len(left):
            self._say("warning", f"… {self._untold - len(left):,} more lines were not kept; the last ones are:")
        for level, line in left:
            self._say(level, line)
        return tuple(line for _, line, _ in self._last)

    def _line(self, level: str, raw: bytes) -> None:
        line = raw[:_LONGEST_LINE].decode(errors="replace").removesuffix("\r")
        told = self._told < _FIRST_LINES
        if told:
            self._told += 1
            self._say(level, line)
        else:
            self._untold += 1
        self._last.append((level, line, told))
