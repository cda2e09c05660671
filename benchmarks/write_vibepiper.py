"""Writes invented models as a VibePiper project."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.models import KINDS, Model, base_names

PIPELINE = "bench"
KIND_CHECK = "{ accepted_values = [" + ", ".join(f'"{kind}"' for kind in KINDS) + "] }"


def write_project(root: Path, models: Sequence[Model], models_per_file: int = 20) -> None:
    """The project at `root`; the bases lie in `root/data` already."""
    folder = root / "pipelines"
    folder.mkdir(parents=True, exist_ok=True)
    (root / "vp.toml").write_text(f'[project]\nname = "{PIPELINE}"\n', encoding="utf-8")
    sources = [f'[source.file.{name}]\npath = "data/{name}.parquet"\n' for name in base_names()]
    write_file(folder / "bases.vp.toml", sources)
    for start in range(0, len(models), models_per_file):
        blocks = [model_block(model) for model in models[start : start + models_per_file]]
        write_file(folder / f"models_{start // models_per_file:04}.vp.toml", blocks)


def write_file(path: Path, blocks: Sequence[str]) -> None:
    path.write_text("\n".join([f'[pipeline]\nname = "{PIPELINE}"\n', *blocks]), encoding="utf-8")


def model_block(model: Model) -> str:
    return (
        f"[sql.{model.name}]\nquery = '''\n{model.query(str)}\n'''\n"
        'columns.id.checks = ["not_null", "unique"]\n'
        f"columns.kind.checks = [{KIND_CHECK}]\n"
    )


def file_of(root: Path, index: int, models_per_file: int = 20) -> Path:
    """The file that holds model number `index`."""
    return root / "pipelines" / f"models_{index // models_per_file:04}.vp.toml"
