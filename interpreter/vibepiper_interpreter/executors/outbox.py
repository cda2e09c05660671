"""What an attempt tells from afar: told while it goes on, some at once, and the rest together with its end."""

from __future__ import annotations

import pickle
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from vibepiper_spec.address import Address

# Address, attempt, what, data: what `Run.say` takes.
Told = tuple[Address, int, str, Mapping[str, Any]]

# How long what is told waits for more. A short attempt sends a single message, and costs no more than that.
_GATHER = 0.05  # seconds


class Outbox:
    """Safe to use from several threads."""

    def __init__(self, send: Callable[[list[Told]], None]) -> None:
        """`send` is called by one thread at a time, and in order."""
        self._send = send
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        self._unsent: list[Told] = []
        self._news = threading.Event()
        threading.Thread(target=self._keep_sending, name="outbox", daemon=True).start()

    def say(self, address: Address, attempt: int, what: str, data: Mapping[str, Any]) -> None:
        with self._lock:
            self._unsent.append((address, attempt, what, data))
        self._news.set()

    def take(self) -> list[Told]:
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
                if unsent:
                    self._send(unsent)


def portable(error: BaseException) -> BaseException:
    """`error`, or one that says the same where it cannot be sent to another process."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # a user's class runs its own code there, which may raise anything
        return RuntimeError("".join(traceback.format_exception(error)))
    return error
