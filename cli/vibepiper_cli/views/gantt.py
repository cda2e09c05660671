"""When each attempt of a run ran, and where: what both the chart at the terminal and the one for a browser draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from vibepiper_cli.printer import Paint
from vibepiper_cli.views.words import count, seconds
from vibepiper_interpreter.run.events import Event
from vibepiper_interpreter.state.records import RunRecord

# retried: it failed, and another attempt followed · unfinished: it runs still, or was stopped.
Ending = Literal["done", "failed", "retried", "unfinished"]

_ENDINGS: Mapping[str, Ending] = {
    "task_finished": "done",
    "task_failed": "failed",
    "task_retried": "retried",
    "task_skipped": "unfinished",
    "task_divided": "done",
    "share_finished": "done",
}
# A worker begins with an asset, with a share of its slices, or with what its shares have made.
STARTS = ("task_started", "share_started", "task_gathering")
_MOST_ROWS = 60
_NARROWEST = 20  # characters of a chart
_MARKS: Mapping[Ending, tuple[str, str]] = {
    "done": ("█", "good"),
    "failed": ("▓", "error"),
    "retried": ("▓", "warning"),
    "unfinished": ("▒", "faint"),
}


@dataclass(frozen=True, slots=True)
class Bar:
    """One attempt. Times in seconds since the run began; `ready` is when it could have begun."""

    address: str
    attempt: int
    worker: str
    ready: float
    start: float
    end: float
    ending: Ending
    words: str = ""  # rows, or why it failed

    @property
    def label(self) -> str:
        return self.address if self.attempt == 1 else f"{self.address} #{self.attempt}"


@dataclass(frozen=True, slots=True)
class Lane:
    """A worker, with what it did in order."""

    worker: str
    bars: tuple[Bar, ...]

    def busy(self, length: float) -> float:
        """The share of the run in which it worked."""
        return min(1.0, sum(bar.end - bar.start for bar in self.bars) / length) if length else 0.0


@dataclass(frozen=True, slots=True)
class Gantt:
    run: str
    length: float  # seconds
    lanes: tuple[Lane, ...]


def gantt(record: RunRecord) -> Gantt:
    """Of a run that has ended, or as far as it has come."""
    began = record.events[0].at if record.events else record.summary.started_at
    open_: dict[str, tuple[Event, float]] = {}
    bars: list[Bar] = []
    for event in record.events:
        if event.address is None:
            continue
        name, at = str(event.address), _since(began, event.at)
        if event.type in STARTS:
            open_[name] = event, at
        elif event.type in _ENDINGS and name in open_:
            ending = "failed" if event.data.get("outcome") == "failed" else _ENDINGS[event.type]
            bars.append(_bar(name, *open_.pop(name), at, ending, _words(event)))
    length = _since(began, record.events[-1].at) if record.events else 0.0
    bars += [_bar(name, event, start, length, "unfinished", "") for name, (event, start) in open_.items()]
    by_worker: dict[str, list[Bar]] = {}
    for bar in sorted(bars, key=lambda bar: (bar.start, bar.address)):
        by_worker.setdefault(bar.worker, []).append(bar)
    lanes = tuple(Lane(worker, tuple(by_worker[worker])) for worker in sorted(by_worker, key=_in_numbers))
    return Gantt(record.summary.id, length, lanes)


def _bar(name: str, started: Event, start: float, end: float, ending: Ending, words: str) -> Bar:
    data = started.data
    ready = max(0.0, start - float(data.get("waited") or 0.0))
    return Bar(name, int(data["attempt"]), str(data["worker"]), ready, start, max(start, end), ending, words)


def _words(event: Event) -> str:
    if event.type == "task_finished":
        rows = event.data.get("rows")
        return "" if rows is None else count(int(rows), "row")
    return f"{event.data['code']}: {event.data['detail']}" if "code" in event.data else ""


def _since(began: datetime, at: datetime) -> float:
    return max(0.0, (at - began).total_seconds())


def _in_numbers(worker: str) -> tuple[str, int]:
    """`worker-2` before `worker-10`."""
    name, _, number = worker.rpartition("-")
    return (name, int(number)) if number.isdigit() else (worker, 0)


def render_gantt(chart: Gantt, paint: Paint, width: int) -> str:
    """For a terminal of so many characters: a line for each worker, and one for each of its longest attempts."""
    if not chart.lanes:
        return "No task of this run has begun."
    shown, hidden = _longest(chart)
    label = min(max((len(bar.label) for bar in shown), default=0), 40)
    scale = _Scale(chart.length, max(_NARROWEST, width - label - 16))
    lines = [f"{'':{label}}    {paint('faint', scale.axis())}"]
    for lane in chart.lanes:
        strip = scale.strip(lane.bars, paint)
        lines.append(f"{paint('strong', f'{lane.worker:{label + 2}}')}  {strip}  {lane.busy(chart.length):.0%} busy")
        lines += [
            f"  {_cut(bar.label, label):{label}}  {scale.strip((bar,), paint)}  {seconds(bar.end - bar.start)}"
            for bar in lane.bars
            if bar in shown
        ]
    if hidden:
        lines.append(f"  and {count(hidden, 'shorter attempt')}")
    legend = "█ ran  ░ waited for a worker  ▓ failed  ▒ not finished"
    return "\n".join([*lines, "", paint("faint", legend)])


def _longest(chart: Gantt) -> tuple[set[Bar], int]:
    bars = [bar for lane in chart.lanes for bar in lane.bars]
    return set(sorted(bars, key=lambda bar: bar.start - bar.end)[:_MOST_ROWS]), max(0, len(bars) - _MOST_ROWS)


def _cut(label: str, width: int) -> str:
    return label if len(label) <= width else "…" + label[1 - width :]


class _Scale:
    """Seconds on so many characters."""

    def __init__(self, length: float, width: int) -> None:
        self._length = length or 1.0
        self._width = width

    def axis(self) -> str:
        half, end = seconds(self._length / 2), seconds(self._length)
        return f"{'0':{self._width // 2}}{half:{self._width - self._width // 2 - len(end)}}{end}"

    def strip(self, bars: Sequence[Bar], paint: Paint) -> str:
        marks: list[tuple[str, str]] = [(" ", "faint")] * self._width
        for bar in bars:
            if len(bars) == 1:
                self._draw(marks, bar.ready, bar.start, ("░", "faint"), least=0)
            self._draw(marks, bar.start, bar.end, _MARKS[bar.ending], least=1)
        return "".join(paint(role, mark) if mark != " " else mark for mark, role in marks)

    def _draw(
        self, marks: list[tuple[str, str]], start: float, end: float, mark: tuple[str, str], *, least: int
    ) -> None:
        first = min(self._width - 1, int(start / self._length * self._width))
        last = min(self._width, max(first + least, round(end / self._length * self._width)))
        marks[first:last] = [mark] * max(0, last - first)
