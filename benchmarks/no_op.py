"""The plan of 10,000 assets of which nothing, or one, has changed: what thinking costs."""

from __future__ import annotations

import shutil
from pathlib import Path

from benchmarks.measure import Command, measure, measure_in_turns, say, vp
from benchmarks.models import layered_models, write_bases
from benchmarks.small_models import change_last_model
from benchmarks.table import Table
from benchmarks.write_vibepiper import write_project

ROWS = 10  # of each base: the tables do not matter here


def run(folder: Path, rounds: int, assets: int = 10_000) -> list[Table]:
    root = folder / "no_op"
    models = layered_models(assets - 10, width=500)
    shutil.rmtree(root, ignore_errors=True)
    write_bases(root / "data", ROWS)
    write_project(root, models)
    say(f"  building {assets:,} assets once")
    measure(Command(vp("apply", "--yes"), root))

    def without_cache() -> None:
        shutil.rmtree(root / ".vp" / "cache", ignore_errors=True)

    nothing_changed = Command(vp("plan"), root)
    after_one_edit = Command(vp("plan"), root, before=lambda: change_last_model(root, len(models)))
    measure(nothing_changed)  # the first plan after an apply is the one that learns that there is nothing to do
    costs = measure_in_turns({"nothing changed": nothing_changed}, rounds)
    # Not in turns with the former: what was edited is not applied, so there is something to do from here on.
    costs |= measure_in_turns({"after one edit": after_one_edit, "that edit, planned again": nothing_changed}, rounds)
    costs |= measure_in_turns({"without any cache": Command(vp("plan"), root, before=without_cache)}, 1)
    return [
        Table(
            f"The plan of {assets:,} assets",
            f"`vp plan` of {assets:,} published assets in {len(models) // 20 + 1} files, start of the "
            "interpreter included. Nothing is built; the edit changes one column of one model.",
            ("", "CPU s", "wall s", "peak MB"),
            [
                [name, f"{cost.cpu:.2f}", f"{cost.wall:.2f}", f"{cost.peak_memory / 1e6:.0f}"]
                for name, cost in costs.items()
            ],
        )
    ]
