"""A table of figures, as it stands in docs/performance.md and on the terminal."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version

from benchmarks.measure import Cost


@dataclass(frozen=True, slots=True)
class Table:
    """One result: a title, a sentence on what was done, and rows of text."""

    title: str
    story: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]

    def markdown(self) -> str:
        lines = [f"## {self.title}", "", self.story, ""]
        lines.append("| " + " | ".join(self.header) + " |")
        lines.append("| " + " | ".join(["---"] + ["---:"] * (len(self.header) - 1)) + " |")
        lines += ["| " + " | ".join(row) + " |" for row in self.rows]
        return "\n".join(lines) + "\n"


def cost_rows(costs: Mapping[str, Cost], baseline: str) -> list[list[str]]:
    """A row a command; the ratio is of CPU seconds to those of `baseline`."""
    return [
        [
            name,
            f"{cost.cpu:.2f}",
            f"{cost.wall:.2f}",
            f"{cost.peak_memory / 1e6:.0f}",
            "1" if name == baseline else f"{cost.cpu / costs[baseline].cpu:.2f}",
        ]
        for name, cost in costs.items()
    ]


COST_HEADER = ("", "CPU s", "wall s", "peak MB", "CPU ratio")


def machine() -> str:
    """What the figures were measured on, without naming the machine."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (
        f"Measured on {datetime.now(UTC):%Y-%m-%d} with {cores} cores, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}, DuckDB {version('duckdb')}, VibePiper {version('vibepiper')}."
    )
