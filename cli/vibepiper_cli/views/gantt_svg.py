"""The chart of a run for a browser: one SVG, or an HTML page around it, that needs nothing else."""

from __future__ import annotations

from html import escape

from vibepiper_cli.views.gantt import Bar, Gantt
from vibepiper_cli.views.words import seconds

_LABELS = 260  # points, left of the chart
_CHART = 900
_RIGHT = 80
_ROW = 20
_TOP = 40
_TICKS = 6
# Both for light and for dark pages; what is seen is also told by form: waiting is hollow, failures are hatched.
_STYLE = """
text { font: 12px system-ui, sans-serif; fill: #24292f; }
.worker { font-weight: 600; }
.faint { fill: #6e7781; }
.page { fill: #ffffff; }
.band { fill: #f2f4f7; }
.grid { stroke: #d0d7de; stroke-width: 1; }
.waited { fill: none; stroke: #8c959f; stroke-dasharray: 3 2; }
.done { fill: #2da44e; }
.failed { fill: url(#failed); stroke: #cf222e; }
.retried { fill: url(#retried); stroke: #bf8700; }
.unfinished { fill: #8c959f; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; }
  .faint { fill: #8d96a0; }
  .page { fill: #0d1117; }
  .band { fill: #161b22; }
  .grid { stroke: #30363d; }
}
"""
_HATCH = (
    '<pattern id="{name}" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect width="6" height="6" fill="{light}"/><rect width="3" height="6" fill="{dark}"/></pattern>'
)
_LEGEND = (
    ("done", "ran"),
    ("waited", "waited for a worker"),
    ("failed", "failed"),
    ("retried", "failed, attempted again"),
    ("unfinished", "not finished"),
)


def gantt_svg(chart: Gantt) -> str:
    """A row for each worker, and below it one for each of its attempts; to point at one tells of it."""
    drawing = _Drawing(chart)
    for number, lane in enumerate(chart.lanes):
        drawing.lane(lane.worker, f"{lane.busy(chart.length):.0%} busy", len(lane.bars), shaded=number % 2 == 0)
        for bar in lane.bars:
            drawing.bar(bar)
    return drawing.finish()


def gantt_html(chart: Gantt) -> str:
    title = f"Run {escape(chart.run)}"
    return (
        f'<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8"><title>{title}</title>\n'
        "<style>:root { color-scheme: light dark; } body { margin: 24px; overflow-x: auto; }</style></head>\n"
        f"<body>\n{gantt_svg(chart)}\n</body>\n</html>\n"
    )


class _Drawing:
    """Rows from top to bottom."""

    def __init__(self, chart: Gantt) -> None:
        self._chart = chart
        self._length = chart.length or 1.0
        self._rows = sum(len(lane.bars) + 1 for lane in chart.lanes)
        self._row = 0
        self._parts: list[str] = []

    def lane(self, worker: str, busy: str, bars: int, *, shaded: bool) -> None:
        if shaded:
            height = (bars + 1) * _ROW
            self._parts.append(f'<rect class="band" x="0" y="{self._y()}" width="{_width()}" height="{height}"/>')
        self._text(8, worker, "worker")
        self._text(_LABELS + _CHART + 8, busy, "faint")
        self._row += 1

    def bar(self, bar: Bar) -> None:
        words = [bar.label, f"{bar.worker}, {seconds(bar.end - bar.start)} from {seconds(bar.start)} on"]
        if bar.start > bar.ready:
            words.append(f"waited {seconds(bar.start - bar.ready)} for a worker")
        words += [bar.words] if bar.words else []
        self._text(20, bar.label if len(bar.label) <= 36 else "…" + bar.label[-35:])
        self._parts.append(f"<g><title>{escape(chr(10).join(words))}</title>")
        if bar.start > bar.ready:
            self._rect("waited", bar.ready, bar.start)
        self._rect(bar.ending, bar.start, bar.end)
        self._parts.append("</g>")
        self._row += 1

    def finish(self) -> str:
        height = _TOP + self._rows * _ROW + 50
        bottom = _TOP + self._rows * _ROW
        grid = []
        for tick in range(_TICKS + 1):
            x = _LABELS + _CHART * tick / _TICKS
            told = "0" if tick == 0 else seconds(self._length * tick / _TICKS)
            grid.append(f'<line class="grid" x1="{x:.1f}" y1="{_TOP - 4}" x2="{x:.1f}" y2="{bottom}"/>')
            grid.append(f'<text class="faint" x="{x:.1f}" y="{_TOP - 10}" text-anchor="middle">{told}</text>')
        hatches = _HATCH.format(name="failed", light="#ffc1c0", dark="#cf222e")
        hatches += _HATCH.format(name="retried", light="#fff1b8", dark="#bf8700")
        lanes = [part for part in self._parts if 'class="band"' in part]
        marks = [part for part in self._parts if 'class="band"' not in part]
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" width="{_width()}" height="{height}" '
                f'viewBox="0 0 {_width()} {height}" role="img" aria-label="Run {escape(self._chart.run)}">',
                f"<style>{_STYLE}</style><defs>{hatches}</defs>",
                f'<rect class="page" width="{_width()}" height="{height}"/>',
                f'<text class="worker" x="8" y="20">Run {escape(self._chart.run)}</text>',
                *lanes,
                *grid,
                *marks,
                *self._legend(bottom + 30),
                "</svg>",
            ]
        )

    def _legend(self, y: int) -> list[str]:
        found, x = [], _LABELS
        for name, words in _LEGEND:
            found.append(f'<rect class="{name}" x="{x}" y="{y - 10}" width="16" height="11" rx="2"/>')
            found.append(f'<text class="faint" x="{x + 22}" y="{y}">{words}</text>')
            x += 50 + 7 * len(words)
        return found

    def _rect(self, name: str, start: float, end: float) -> None:
        x, width = self._x(start), max(1.5, self._x(end) - self._x(start))
        self._parts.append(
            f'<rect class="{name}" x="{x:.1f}" y="{self._y() + 4}" width="{width:.1f}" height="{_ROW - 8}" rx="2"/>'
        )

    def _text(self, x: float, words: str, role: str = "") -> None:
        self._parts.append(f'<text class="{role}" x="{x}" y="{self._y() + 14}">{escape(words)}</text>')

    def _x(self, time: float) -> float:
        return _LABELS + min(time, self._length) / self._length * _CHART

    def _y(self) -> int:
        return _TOP + self._row * _ROW


def _width() -> int:
    return _LABELS + _CHART + _RIGHT
