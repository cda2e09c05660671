"""Ends what a program started where `vp` itself is killed, and can end nothing any more."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

# Waits for a word from who started it. Nothing comes, and its input ends, only where that one is gone.
_SCRIPT = """
trap '' HUP INT TERM
read -r word && exit
kill -s TERM -- "-$1"
sleep 5
kill -s KILL -- "-$1"
"""


@contextmanager
def guarded(group: int) -> Iterator[None]:
    """Within it, the process group `group` does not outlive this process: a second run of a command whose first one
    still goes on could do harm."""
    guard = subprocess.Popen(
        ["/bin/sh", "-c", _SCRIPT, "vp-guard", str(group)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        start_new_session=True,
    )
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # somebody may have killed the guard
            guard.communicate(b"done\n")
        guard.wait()
