"""Writes invented models as a dbt project for dbt-duckdb."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from benchmarks.models import KINDS, Model, base_names


def write_project(root: Path, models: Sequence[Model], models_per_folder: int = 50) -> None:
    folder = root / "models"
    folder.mkdir(parents=True, exist_ok=True)
    (root / "dbt_project.yml").write_text(
        "name: bench\nversion: '1.0'\nprofile: bench\nmodel-paths: [models]\n"
        "models:\n  +materialized: table\nflags:\n  send_anonymous_usage_stats: false\n",
        encoding="utf-8",
    )
    (root / "profiles.yml").write_text(
        "bench:\n  target: dev\n  outputs:\n    dev:\n      type: duckdb\n      path: bench.duckdb\n      threads: 2\n",
        encoding="utf-8",
    )
    for name in base_names():
        write_model(folder / f"{name}.sql", f"select * from read_parquet('{root}/data/{name}.parquet')")
    for start in range(0, len(models), models_per_folder):
        group = folder / f"group_{start // models_per_folder:03}"
        group.mkdir(exist_ok=True)
        described = []
        for model in models[start : start + models_per_folder]:
            write_model(group / f"{model.name}.sql", model.query(lambda name: f"{{{{ ref('{name}') }}}}"))
            described.append(described_model(model))
        # JSON is YAML, and needs no library to write.
        text = json.dumps({"version": 2, "models": described}, indent=1)
        (group / "schema.yml").write_text(text, encoding="utf-8")


def write_model(path: Path, query: str) -> None:
    path.write_text(query + "\n", encoding="utf-8")


def described_model(model: Model) -> dict[str, object]:
    return {
        "name": model.name,
        "columns": [
            {"name": "id", "data_tests": ["not_null", "unique"]},
            {"name": "kind", "data_tests": [{"accepted_values": {"arguments": {"values": list(KINDS)}}}]},
        ],
    }
