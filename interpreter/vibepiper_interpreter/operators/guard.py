"""Ends what a program started where `vp` itself is killed, and can end nothing any more."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# Waits for a group, and for a word from who started it. Nothing comes, and its input ends, only where that one is gone.
_SCRIPT = """
trap '' HUP INT TERM
read -r group || exit
[ "$group" = done ] && exit
read -r word && exit
kill -s TERM -- "-$group"
sleep 5
kill -s KILL -- "-$group"
"""


@contextmanager
def guard() -> Iterator[Callable[[int], None]]:
    """Within it, the process group that is named to what it gives does not outlive this process: a second run of a
    command whose first one still goes on could do harm. It stands before the command begins, to be in time for one
    that is followed by a kill at once."""
    process = subprocess.Popen(
        ["/bin/sh", "-c", _SCRIPT, "vp-guard"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        start_new_session=True,
    )
    assert process.stdin is not None
    told = process.stdin

    def tell(word: str) -> None:
        with contextlib.suppress(OSError):  # somebody may have killed the guard
            told.write(f"{word}\n".encode())
            told.flush()

    try:
        yield lambda group: tell(str(group))
    finally:
        tell("done")
        with contextlib.suppress(OSError):
            told.close()
        process.wait()
