"""When an attempt is to end before its time, and how something that blocks is made to."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from vibepiper_interpreter.operators.call import Call, OperatorCancelled

# Seconds between two looks at whether it is to end: `Call.cancelled` cannot be waited for together with a socket.
LOOK_EVERY = 0.1
_LONGEST_PAUSE = 5.0  # seconds between two calls of `stop`


def is_to_end(call: Call) -> bool:
    return call.cancelled.is_set() or (call.deadline is not None and time.monotonic() >= call.deadline)


def seconds_left(call: Call) -> float | None:
    """Until the deadline; None where there is none."""
    return None if call.deadline is None else max(0.0, call.deadline - time.monotonic())


@contextmanager
def stopped_by(call: Call, stop: Callable[[], object]) -> Iterator[None]:
    """Within it, `stop` is called from another thread once the attempt is to end, to wake what blocks this one; again
    and again, for what blocks it may begin a moment later. It must raise nothing.

    Whatever that makes of it, OperatorCancelled comes out.
    """
    ended, stopped = threading.Event(), threading.Event()

    def watch() -> None:
        pause = LOOK_EVERY
        while not ended.wait(pause):
            if is_to_end(call):
                stopped.set()
                stop()
                pause = min(2 * pause, _LONGEST_PAUSE)  # a server may need a while to undo what was done

    watcher = threading.Thread(target=watch, name=f"end of {call.address}", daemon=True)
    watcher.start()
    try:
        yield
    except Exception as error:  # of whatever library: what is broken off says so in many ways
        if stopped.is_set():
            raise OperatorCancelled from error
        raise
    finally:
        ended.set()
        watcher.join()
    if stopped.is_set():
        raise OperatorCancelled
