"""1,000 small models with checks: what the tool itself costs, beside a hand-written script."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import mkdtemp

from benchmarks.measure import Command, measure_in_turns, vp
from benchmarks.models import Model, layered_models, write_bases
from benchmarks.table import COST_HEADER, Table, cost_rows
from benchmarks.write_script import SCRIPT, write_models
from benchmarks.write_vibepiper import file_of, write_project

ROWS = 1_000  # of each base


def run(folder: Path, rounds: int, models: int = 1_000) -> list[Table]:
    root = prepare(folder / "small_models", layered_models(models))
    attic = root / "attic"
    attic.mkdir()

    def forget() -> None:
        """As after `git clone`: nothing built, nothing compiled.

        What was there is moved away, not deleted: new files beside thousands just deleted cost the file system extra.
        """
        trash = Path(mkdtemp(dir=attic))
        for name in (".vp", "output", "saved.plan"):
            if (root / name).exists():
                (root / name).rename(trash / name)

    def forget_and_save_plan() -> None:
        forget()
        measure_in_turns({"plan": Command(vp("plan", "-o", "saved.plan"), root)}, 1)

    script = Command([sys.executable, SCRIPT, root], root, before=forget)
    merged = Command([sys.executable, SCRIPT, root, "--merged"], root, before=forget)
    first = measure_in_turns(
        {
            "hand-written script": script,
            "the same, checks merged by hand": merged,
            "vp apply, first": Command(vp("apply", "--yes"), root, before=forget),
            "vp apply, of a saved plan": Command(vp("apply", "--yes", "saved.plan"), root, before=forget_and_save_plan),
        },
        rounds,
    )
    later = measure_in_turns(
        {
            "vp apply, nothing changed": Command(vp("apply", "--yes"), root),
            "vp apply, one model changed": Command(
                vp("apply", "--yes"), root, before=lambda: change_last_model(root, models)
            ),
        },
        rounds,
    )
    return [
        Table(
            f"{models:,} small models",
            f"{models:,} SQL models in layers of 50 over ten files of {ROWS:,} rows, three checks each. The script "
            "writes the same Parquet files and runs the same checks, a query each; merged, the three of a table are "
            "one.",
            COST_HEADER,
            cost_rows(first | later, "hand-written script"),
        )
    ]


def prepare(root: Path, models: Sequence[Model]) -> Path:
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    write_bases(root / "data", ROWS)
    write_models(root, models)
    write_project(root, models)
    return root


def change_last_model(root: Path, models: int) -> None:
    """A new expression in a column of the last model: it has no readers, so nothing else needs to be built."""
    path = file_of(root, models - 1)
    text = path.read_text(encoding="utf-8")
    head, header, block = text.rpartition(f"[sql.model_{models - 1}]")
    path.write_text(head + header + block.replace(" as amount", " + 1 as amount", 1), encoding="utf-8")
