"""How long `vp codegen` takes for 1,000 assets: all of them, one of them, none of them."""

from __future__ import annotations

import shutil
from pathlib import Path

from benchmarks.measure import Command, measure_in_turns, vp
from benchmarks.table import Table

_PIPELINES, _ASSETS, _COLUMNS = 20, 50, 10
_VALUES = ("1::bigint", "timestamp '2024-01-01'", "'x'", "1.5::double", "true")


def run(folder: Path, rounds: int) -> list[Table]:
    root = folder / "codegen"
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    _write(root)
    edited = root / "p0.vp.toml"
    text = edited.read_text(encoding="utf-8")

    def cold() -> None:
        shutil.rmtree(root / ".vp", ignore_errors=True)
        shutil.rmtree(root / "vp_stubs", ignore_errors=True)

    def edit() -> None:
        before = edited.read_text(encoding="utf-8")
        edited.write_text(text if before != text else text.replace("as c1,", "as renamed,", 1), encoding="utf-8")

    costs = measure_in_turns(
        {
            "all, the project compiled for the first time": Command(vp("codegen"), root, before=cold),
            "nothing changed": Command(vp("codegen"), root),
            "one column renamed": Command(vp("codegen"), root, before=edit),
        },
        rounds,
    )
    return [
        Table(
            "Stubs of 1,000 assets",
            f"`vp codegen` of {_PIPELINES * _ASSETS:,} SQL assets of {_COLUMNS} columns in {_PIPELINES} files: a "
            "pydantic model, a typed dictionary and five tables for each.",
            ("", "wall s", "CPU s", "peak MB"),
            [
                [name, f"{cost.wall:.2f}", f"{cost.cpu:.2f}", f"{cost.peak_memory / 1e6:.0f}"]
                for name, cost in costs.items()
            ],
        )
    ]


def _write(root: Path) -> None:
    (root / "vp.toml").write_text('[project]\nname = "codegen"\n', encoding="utf-8")
    columns = ", ".join(f"{_VALUES[number % len(_VALUES)]} as c{number}" for number in range(_COLUMNS))
    for pipeline in range(_PIPELINES):
        text = f'[pipeline]\nname = "p{pipeline}"\n'
        for asset in range(_ASSETS):
            text += f'\n[sql.a{asset}]\nquery = "select {columns}"\n'
            text += 'columns.c0 = { description = "The key", checks = ["not_null", "unique"] }\n'
        (root / f"p{pipeline}.vp.toml").write_text(text, encoding="utf-8")
