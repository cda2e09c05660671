"""A run as it goes: a bar and the running tasks at a terminal, plain lines elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from vibepiper_cli.printer import Printer
from vibepiper_cli.views.words import count, seconds
from vibepiper_interpreter.run.events import Event, Listener

_DONE = ("task_finished", "task_failed", "task_skipped")
_MOST_RUNNING = 3  # names shown beside the bar


@contextmanager
def progress(total: int, printer: Printer, *, quiet: bool) -> Iterator[Listener]:
    """A listener for the run's events. It is called from the run's threads, one event at a time or several at once."""
    if quiet:
        yield lambda event: None
    elif printer.err.isatty():
        with _bar(total, printer) as listener:
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
        if event.type in _TOLD:
            self._talk(_TOLD[event.type](event))
        if event.type not in _DONE:
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


# What is told between the lines of what ended.
_TOLD: Mapping[str, Callable[[Event], str]] = {
    "log": log_line,
    "task_retried": retry_line,
    "task_waiting": waiting_line,
}


@contextmanager
def _bar(total: int, printer: Printer) -> Iterator[Listener]:
    # rich is heavy; it is imported only where something moves.
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(file=printer.err, no_color=not printer.colour)
    columns = (
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),
    )
    lock = threading.Lock()
    running: dict[str, float] = {}
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=total)

        def listener(event: Event) -> None:
            name = str(event.address)
            if event.type in _TOLD:
                console.print(_TOLD[event.type](event), markup=False, highlight=False)
            with lock:
                if event.type == "task_started":
                    running[name] = time.monotonic()
                elif event.type in _DONE:
                    running.pop(name, None)
                    bar.advance(task)
                elif event.type == "task_retried":
                    running.pop(name, None)
                more = len(running) - _MOST_RUNNING
                shown = ", ".join(list(running)[:_MOST_RUNNING]) + (f" and {more} more" if more > 0 else "")
            bar.update(task, description=shown)

        yield listener
