"""A run as it goes, at a terminal: a bar, what each worker does, what waits, and what ended last."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from vibepiper_cli.printer import Printer
from vibepiper_cli.views.gantt import STARTS
from vibepiper_cli.views.progress import DONE, TOLD, ended
from vibepiper_cli.views.words import seconds
from vibepiper_interpreter.run.events import Event, Listener

_LATEST = 5  # lines about what has ended
_LEAST = 3  # lines about what runs, however low the terminal is
_STYLES = {"failed": "red", "skipped": "yellow"}


@contextmanager
def live(total: int, printer: Printer) -> Iterator[Listener]:
    """A listener that draws; what user code logs is printed above the drawing and stays."""
    console = Console(file=printer.err, no_color=not printer.colour)
    view = LiveView(total, console.height)

    def listener(event: Event) -> None:
        if event.type in TOLD:
            console.print(TOLD[event.type](event), markup=False, highlight=False)
        view.tell(event)

    with Live(get_renderable=view.render, console=console, transient=True, refresh_per_second=8):
        yield listener


class LiveView:
    """What is drawn. It is told events from one thread, and drawn from another."""

    def __init__(self, total: int, height: int, clock: Callable[[], float] = time.monotonic) -> None:
        """`height` is that of the terminal, in lines; `clock` tells seconds."""
        self._bar = Progress(BarColumn(bar_width=30), MofNCompleteColumn(), TimeElapsedColumn())
        self._whole = self._bar.add_task("", total=total)
        self._most = max(_LEAST, height - _LATEST - 4)
        self._clock = clock
        self._lock = threading.Lock()
        # By address: on which worker, and since when.
        self._running: dict[str, tuple[str, float]] = {}
        # Sensors, and what is attempted again: what for, and since when.
        self._waiting: dict[str, tuple[str, float]] = {}
        self._latest: deque[str] = deque(maxlen=_LATEST)

    def tell(self, event: Event) -> None:
        if event.address is None:
            return
        name = str(event.address)
        with self._lock:
            if event.type in STARTS:
                self._waiting.pop(name, None)
                self._running[name] = str(event.data["worker"]), self._clock()
            elif event.type in ("task_divided", "share_finished"):
                self._running.pop(name, None)
            elif event.type in ("task_retried", "task_waiting"):
                self._running.pop(name, None)
                why = str(event.data.get("reason") or f"to be attempted again: {event.data.get('code', '')}")
                self._waiting[name] = why, self._clock()
            elif event.type in DONE:
                self._running.pop(name, None)
                self._waiting.pop(name, None)
                self._latest.append(ended(event))
                self._bar.advance(self._whole)

    def render(self) -> RenderableType:
        with self._lock:
            running, waiting, latest = dict(self._running), dict(self._waiting), list(self._latest)
        lines: list[RenderableType] = [Text(line, _STYLES.get(line.split()[0], "dim"), no_wrap=True) for line in latest]
        lines.append(self._bar)
        now = self._clock()
        table = Table.grid(padding=(0, 2))
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True, overflow="ellipsis")
        table.add_column(justify="right", no_wrap=True)
        rows = [(worker, name, since) for name, (worker, since) in running.items()]
        rows += [("waits", f"{name}: {why}", since) for name, (why, since) in waiting.items()]
        for worker, name, since in rows[: self._most]:
            table.add_row(Text(f"  {worker}", "cyan"), Text(name), Text(seconds(now - since), "dim"))
        lines.append(table)
        if len(rows) > self._most:
            lines.append(Text(f"  and {len(rows) - self._most:,} more", "dim"))
        return Group(*lines)
