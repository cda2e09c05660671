"""A run as it goes: a view that moves at a terminal, plain lines elsewhere."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from vibepiper_cli.printer import Printer
from vibepiper_cli.views.words import count, seconds
from vibepiper_interpreter.run.events import Event, Listener

DONE = ("task_finished", "task_failed", "task_skipped")


@contextmanager
def progress(total: int, printer: Printer, *, quiet: bool) -> Iterator[Listener]:
    """A listener for the run's events. It is called from the run's threads, one event at a time or several at once."""
    if quiet:
        yield lambda event: None
    elif printer.err.isatty():
        # It brings rich, which is heavy, and needed only where something moves.
        from vibepiper_cli.views.live import live

        with live(total, printer) as listener:
            yield listener
    else:
        yield _Lines(total, printer.talk)


class _Lines:
    """One line for each task that ended."""

    def __init__(self, total: int, talk: Callable[[str], None]) -> None:
        self._total = total
        self._talk = talk
        self._lock = threading.Lock()
        self._done = 0

    def __call__(self, event: Event) -> None:
        if event.type in TOLD:
            self._talk(TOLD[event.type](event))
        if event.type not in DONE:
            return
        with self._lock:
            self._done += 1
            width = len(str(self._total))
            self._talk(f"[{self._done:>{width}}/{self._total}] {ended(event)}")


def ended(event: Event) -> str:
    """`built shop.orders: 12 rows, 0.1 s`"""
    data = event.data
    match event.type:
        case "task_failed":
            return f"failed {event.address}: {data.get('code', '')}".rstrip(": ")
        case "task_skipped":
            return f"skipped {event.address}{_why(data)}"
    outcome = data.get("outcome", "finished")
    parts = []
    if outcome == "built" and data.get("rows") is not None:
        parts.append(count(data["rows"], "row"))
    if data.get("seconds") is not None:
        parts.append(seconds(data["seconds"]))
    return f"{outcome} {event.address}{': ' if parts else ''}{', '.join(parts)}"


def _why(data: Mapping[str, Any]) -> str:
    """A condition says more than the name of what failed, which is told already."""
    because = str(data.get("because", ""))
    return f": {because}" if " " in because else ""


def waiting_line(event: Event) -> str:
    return f"{event.address} waits: {event.data.get('reason', '')}"


def log_line(event: Event) -> str:
    return f"{event.address} {event.data.get('level', 'info')}: {event.data.get('message', '')}"


def retry_line(event: Event) -> str:
    """`shop.rates: attempt 1 failed (transient). The next one follows in 4.0 s. VP406: it raised …`"""
    data = event.data
    return (
        f"{event.address}: attempt {data['attempt']} failed ({data['failure']}). The next one follows in "
        f"{seconds(data['wait'])}. {data['code']}: {data['detail']}"
    )


def starting_line(event: Event) -> str:
    return f"Waiting for {event.data['kind']} ({event.data['cluster'] or 'started on this machine'}) …"


def started_line(event: Event) -> str:
    """`ray: 8 workers; dashboard http://127.0.0.1:8265`"""
    dashboard = event.data["dashboard"]
    return f"{event.data['kind']}: {count(event.data['workers'], 'worker')}" + (
        f"; dashboard {dashboard}" if dashboard else ""
    )


# What is told between the lines of what ended.
TOLD: Mapping[str, Callable[[Event], str]] = {
    "executor_starting": starting_line,
    "executor_started": started_line,
    "log": log_line,
    "task_retried": retry_line,
    "task_waiting": waiting_line,
}
