"""Which process this is, and whether another one on this machine still lives."""

from __future__ import annotations

import os
import socket
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Process:
    """A process, told apart from a later one of the same number by when it started.

    `machine` names what process numbers are unique in: one boot of one machine, and the container in it. It is empty
    where that cannot be told; then no process is ever known to be dead.
    """

    host: str
    machine: str
    number: int
    started: str


def this_process() -> Process:
    number = os.getpid()
    return Process(socket.gethostname(), _machine(), number, _started(number))


def is_known_dead(process: Process) -> bool:
    """True only where it is certain: the process ran here, and is gone or its number belongs to another now."""
    if not process.machine or process.machine != _machine():
        return False
    try:
        os.kill(process.number, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass  # it lives, and belongs to somebody else
    started = _started(process.number)
    return bool(started and process.started) and started != process.started


def ended_with_an_earlier_boot(process: Process, seen: datetime) -> bool:
    """Whether it ran under another boot than this process, and was not `seen` since this one began.

    For processes of one machine only. False where it cannot be told.
    """
    theirs, ours = process.machine.partition(" "), _machine().partition(" ")
    if not (theirs[2] and ours[2]) or theirs[0] == ours[0]:
        return False
    try:
        uptime = float(Path("/proc/uptime").read_text().split()[0])
    except (OSError, ValueError):
        return False
    return seen < datetime.now(UTC) - timedelta(seconds=uptime)


def _machine() -> str:
    boot, container = Path("/proc/sys/kernel/random/boot_id"), Path("/proc/self/ns/pid")
    try:
        return f"{boot.read_text().strip()} {container.readlink()}"
    except OSError:
        # Without /proc (macOS) there are no containers that share a host name, and a boot shows in start times.
        return socket.gethostname()


def _started(number: int) -> str:
    """When a process started, in whatever form the system tells it; empty where it does not."""
    try:
        # The name in the second field may hold anything, so count from the bracket that ends it.
        fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
        # A process that has ended but was not waited for yet is as dead as any.
        return "ended" if fields[0] in ("Z", "X") else fields[19]
    except (OSError, IndexError):
        pass
    try:
        told = subprocess.run(
            ["ps", "-o", "lstart=", "-p", str(number)], capture_output=True, text=True, check=False, timeout=5
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return told.stdout.strip()
