"""When an attempt is to end before its time, and how something that blocks is made to."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from vibepiper_interpreter.operators.call import Call, OperatorCancelled

# Seconds between two looks at whether it is to end: `Call.cancelled` cannot be waited for together with a socket.
LOOK_EVERY = 0.1


def is_to_end(call: Call) -> bool:
    return call.cancelled.is_set() or (call.deadline is not None and time.monotonic() >= call.deadline)


def seconds_left(call: Call) -> float | None:
    """Until the deadline; None where there is none."""
    return None if call.deadline is None else max(0.0, call.deadline - time.monotonic())


@contextmanager
def stopped_by(call: Call, stop: Callable[[], object]) -> Iterator[None]:
    """Within it, `stop` is called from another thread once the attempt is to end, to wake what blocks this one.

    Whatever that makes of it, OperatorCancelled comes out.
    """
    ended, stopped = threading.Event(), threading.Event()

    def watch() -> None:
        while not ended.wait(LOOK_EVERY):
            if is_to_end(call):
                stopped.set()
                # What is stopped may be at its end already; then there is nothing to wake.
                with contextlib.suppress(Exception):
                    stop()
                return

    watcher = threading.Thread(target=watch, name=f"end of {call.address}", daemon=True)
    watcher.start()
    try:
        yield
    except Exception as error:
        if stopped.is_set():
            raise OperatorCancelled from error
        raise
    finally:
        ended.set()
        watcher.join()
    if stopped.is_set():
        raise OperatorCancelled
