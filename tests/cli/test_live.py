"""What a person sees at a terminal while a run goes on."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime
from typing import Any, get_args

from rich.console import Console

from vibepiper_cli.views.live import LiveView
from vibepiper_interpreter.run.events import Event, EventType
from vibepiper_spec.address import Address


class Watched:
    """A view, and a clock that a test sets."""

    def __init__(self, total: int, height: int = 24) -> None:
        self.now = 0.0
        self.view = LiveView(total, height, lambda: self.now)

    def tell(self, kind: EventType, name: str, **data: Any) -> None:
        assert kind in get_args(EventType)
        self.view.tell(Event("r1", 1, datetime(2026, 3, 1, tzinfo=UTC), kind, Address("shop", name), data))

    def seen(self) -> list[str]:
        console = Console(file=io.StringIO(), width=70, no_color=True)
        with console.capture() as capture:
            console.print(self.view.render())
        lines = [line.strip() for line in capture.get().splitlines()]
        return [line for line in lines if not re.search(r"\d/\d+ \d+:\d\d:\d\d$", line)]  # but for the bar


def test_what_each_worker_does_and_what_ended_last() -> None:
    watched = Watched(4)
    watched.tell("task_started", "orders", verb="create", worker="worker-1", attempt=1)
    watched.now = 2.0
    watched.tell("task_started", "rates", verb="create", worker="worker-2", attempt=1)
    watched.now = 65.0
    assert watched.seen() == ["worker-1  shop.orders  1 min 5 s", "worker-2  shop.rates   1 min 3 s"]
    watched.tell("task_finished", "orders", outcome="built", rows=1200, seconds=65.0)
    watched.tell("task_retried", "rates", attempt=1, code="VP406", detail="it raised", failure="transient", wait=5.0)
    watched.now = 66.0
    assert watched.seen() == [
        "built shop.orders: 1,200 rows, 1 min 5 s",
        "waits  shop.rates: to be attempted again: VP406  1.0 s",
    ]
    watched.tell("task_started", "rates", verb="create", worker="worker-1", attempt=2)
    watched.tell("task_waiting", "landed", reason="no file yet")
    watched.tell("task_failed", "rates", code="VP406", detail="it raised")
    assert watched.seen()[1:] == ["failed shop.rates: VP406", "waits  shop.landed: no file yet  0 ms"]


def test_of_an_asset_its_shares() -> None:
    watched = Watched(1)
    watched.tell("task_started", "daily", verb="create", worker="worker-1", attempt=1)
    watched.tell("task_divided", "daily", shares=2)
    watched.tell("share_started", "daily[2024-01-01]", verb="create", worker="worker-1", attempt=1)
    watched.tell("share_started", "daily[2024-02-01]", verb="create", worker="worker-2", attempt=1)
    lines = [" ".join(line.split()) for line in watched.seen()]
    assert lines == ["worker-1 shop.daily[2024-01-01] 0 ms", "worker-2 shop.daily[2024-02-01] 0 ms"]
    watched.tell("share_finished", "daily[2024-01-01]", outcome="built", seconds=1.0)
    watched.tell("share_finished", "daily[2024-02-01]", outcome="built", seconds=1.0)
    watched.tell("task_gathering", "daily", verb="create", worker="worker-2", attempt=1)
    assert [" ".join(line.split()) for line in watched.seen()] == ["worker-2 shop.daily 0 ms"]


def test_of_very_many_as_many_as_the_terminal_holds() -> None:
    watched = Watched(100, height=14)
    for number in range(100):
        watched.tell("task_started", f"a{number}", verb="create", worker=f"worker-{number}", attempt=1)
    lines = watched.seen()
    assert (len(lines), lines[-1]) == (6, "and 95 more")
    for number in range(20):
        watched.tell("task_finished", f"a{number}", outcome="built", rows=1, seconds=0.1)
    assert watched.seen()[:5] == [f"built shop.a{number}: 1 row, 100 ms" for number in range(15, 20)]
