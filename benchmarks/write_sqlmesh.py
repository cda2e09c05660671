"""Writes invented models as a SQLMesh project."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.models import KINDS, Model, base_names


def write_project(root: Path, models: Sequence[Model]) -> None:
    folder = root / "models"
    folder.mkdir(parents=True, exist_ok=True)
    (root / "config.yaml").write_text(
        """gateways:
  local:
    connection:
      type: duckdb
      database: bench.duckdb
      concurrent_tasks: 2
default_gateway: local
model_defaults:
  dialect: duckdb
  start: 2024-01-01
disable_anonymized_analytics: true
""",
        encoding="utf-8",
    )
    for name in base_names():
        query = f"select id, kind, amount, day from read_parquet('{root}/data/{name}.parquet')"
        columns = "columns (id bigint, kind varchar, amount bigint, day date)"
        write_model(folder / f"{name}.sql", name, columns, query)
    values = ", ".join(f"'{kind}'" for kind in KINDS)
    audits = (
        "audits (not_null(columns := (id)), unique_values(columns := (id)), "
        f"accepted_values(column := kind, is_in := ({values})))"
    )
    for model in models:
        write_model(folder / f"{model.name}.sql", model.name, audits, model.query(lambda name: f"bench.{name}"))


def write_model(path: Path, name: str, properties: str, query: str) -> None:
    path.write_text(f"MODEL (name bench.{name}, kind FULL, {properties});\n\n{query}\n", encoding="utf-8")
