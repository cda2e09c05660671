"""What an attempt tells from afar: told while it goes on, some at once, and the rest together with its end."""

from __future__ import annotations

import pickle
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from vibepiper_interpreter.run.tasks.task import Report
from vibepiper_spec.address import Address

# Address, attempt, what, data: what `Run.say` takes.
Told = tuple[Address, int, str, Mapping[str, Any]]
Key = tuple[Address, int]  # which attempt


@dataclass(frozen=True, slots=True)
class Ended:
    """How an attempt ended: behind all that it told."""

    key: Key
    end: Report | BaseException
    seconds: float


Item = Told | Ended

# How long what is told waits for more. A short attempt sends a single message, and costs no more than that.
_GATHER = 0.05  # seconds


class Outbox:
    """Safe to use from several threads."""

    def __init__(self, send: Callable[[list[Item]], None]) -> None:
        """`send` is called by one thread at a time, and in order; with nothing too, where all has been taken."""
        self._send = send
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        self._unsent: list[Item] = []
        self._news = threading.Event()
        threading.Thread(target=self._keep_sending, name="outbox", daemon=True).start()

    def say(self, address: Address, attempt: int, what: str, data: Mapping[str, Any]) -> None:
        with self._lock:
            self._unsent.append((address, attempt, what, data))
        self._news.set()

    def add(self, ended: Ended) -> None:
        """Behind all that is said by now. Nobody is in a hurry to have it: it goes with what comes next."""
        with self._lock:
            self._unsent.append(ended)

    def look_again(self) -> None:
        """Call `send` once more after a while, whether or not anything is told until then."""
        self._news.set()

    def take(self) -> list[Item]:
        """What is not sent yet, to be sent by the caller. Everything before it has been sent."""
        with self._sending, self._lock:
            unsent, self._unsent = self._unsent, []
        return unsent

    def _keep_sending(self) -> None:
        while self._news.wait():
            time.sleep(_GATHER)
            self._news.clear()
            with self._sending:
                with self._lock:
                    unsent, self._unsent = self._unsent, []
                self._send(unsent)


def portable(error: BaseException) -> BaseException:
    """`error`, or one that says the same where it cannot be sent to another process."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # a user's class runs its own code there, which may raise anything
        return RuntimeError("".join(traceback.format_exception(error)))
    return error
