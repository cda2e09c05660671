"""How soon a command answers."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from benchmarks.measure import Command, measure_in_turns, vp
from benchmarks.table import Table

EXAMPLE = Path(__file__).parents[1] / "examples" / "flights"


def run(folder: Path, rounds: int) -> list[Table]:
    root = folder / "flights"
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(EXAMPLE, root, ignore=shutil.ignore_patterns(".vp", "__pycache__"))

    def without_cache() -> None:
        shutil.rmtree(root / ".vp", ignore_errors=True)

    costs = measure_in_turns(
        {
            "python -c pass": Command([sys.executable, "-c", "pass"], root),
            "vp --version": Command(vp("--version"), root),
            "vp --help": Command(vp("--help"), root),
            "vp plan, examples/flights, for the first time": Command(vp("plan"), root, before=without_cache),
            "vp plan, examples/flights, again": Command(vp("plan"), root),
        },
        max(rounds, 5),
    )
    return [
        Table(
            "Until the first answer",
            "Median wall time from the start of the process to its end.",
            ("", "wall s", "CPU s", "peak MB"),
            [
                [f"`{name}`", f"{cost.wall:.2f}", f"{cost.cpu:.2f}", f"{cost.peak_memory / 1e6:.0f}"]
                for name, cost in costs.items()
            ],
        )
    ]
