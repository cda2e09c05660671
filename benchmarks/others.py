"""The same models in dbt and SQLMesh: first build, nothing changed, one model changed."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import write_dbt, write_script, write_sqlmesh, write_vibepiper
from benchmarks.measure import Command, Cost, measure, say, vp
from benchmarks.models import Model, layered_models, write_bases
from benchmarks.small_models import ROWS, change_last_model
from benchmarks.table import Table


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool on its own copy of the project; `change` edits the last model's `amount`."""

    name: str
    first: Sequence[str | Path]
    unchanged: Sequence[str | Path] | None
    changed: Sequence[str | Path] | None
    change: Callable[[Path], object] = lambda root: None
    environment: Mapping[str, str] | None = None
    # Done after the first build and not measured: what the tool needs to know what has changed.
    remember: Callable[[Path], object] = lambda root: None


def run(folder: Path, rounds: int, models: int = 1_000) -> list[Table]:
    invented = layered_models(models)
    tools = [script(), vibepiper(models), dbt(folder, invented), sqlmesh(folder, invented)]
    costs: dict[str, list[Cost | None]] = {}
    for tool in tools:
        root = folder / "others" / tool.name
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir(parents=True)
        write_bases(root / "data", ROWS)
        WRITERS[tool.name](root, invented)
        costs[tool.name] = build(tool, root)
    (script_first, *_) = costs["script"]
    assert script_first is not None
    rows = []
    for name, (first, unchanged, changed) in costs.items():
        assert first is not None
        rows.append(
            [
                name,
                f"{first.cpu:.1f}",
                f"{first.cpu / script_first.cpu:.1f}",
                "–" if unchanged is None else f"{unchanged.cpu:.1f}",
                "–" if changed is None else f"{changed.cpu:.1f}",
                f"{first.peak_memory / 1e6:.0f}",
            ]
        )
    return [
        Table(
            f"Beside other tools, {models:,} models",
            "CPU seconds on the same models, data and checks, one run each, in an environment of its own for each "
            "tool. One changed: a column of a model without readers got a new expression; dbt selects "
            "`state:modified+`, SQLMesh plans. VibePiper and the script write Parquet, dbt and SQLMesh a DuckDB file.",
            ("", "first build", "to the script", "nothing changed", "one changed", "peak MB"),
            rows,
        )
    ]


def build(tool: Tool, root: Path) -> list[Cost | None]:
    results: list[Cost | None] = []
    for step, arguments in (("first", tool.first), ("unchanged", tool.unchanged), ("changed", tool.changed)):
        if arguments is None:
            results.append(None)
            continue
        if step == "unchanged":
            tool.remember(root)
        if step == "changed":
            tool.change(root)
        cost = measure(Command(arguments, root, environment=tool.environment))
        say(f"  {tool.name}, {step}: {cost.cpu:.1f} CPU s, {cost.wall:.1f} s")
        results.append(cost)
    return results


def script() -> Tool:
    return Tool("script", [sys.executable, write_script.SCRIPT, "."], None, None)


def vibepiper(models: int) -> Tool:
    apply = vp("apply", "--yes")
    return Tool("vibepiper", apply, apply, apply, change=lambda root: change_last_model(root, models))


def dbt(folder: Path, models: Sequence[Model]) -> Tool:
    binary = environment(folder, "dbt", "dbt-core<1.12", "dbt-duckdb") / "dbt"
    modified: list[str | Path] = [binary, "build", "--select", "state:modified+", "--state", "state"]

    def remember(root: Path) -> None:
        (root / "state").mkdir(exist_ok=True)
        shutil.copy(root / "target" / "manifest.json", root / "state" / "manifest.json")

    def change(root: Path) -> None:
        (path,) = root.glob(f"models/*/{models[-1].name}.sql")
        change_sql(path)

    quiet = {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DBT_PROFILES_DIR": "."}
    return Tool("dbt", [binary, "build"], modified, modified, change, quiet, remember)


def sqlmesh(folder: Path, models: Sequence[Model]) -> Tool:
    binary = environment(folder, "sqlmesh", "sqlmesh") / "sqlmesh"
    plan: list[str | Path] = [binary, "plan", "--auto-apply", "--no-prompts", "--skip-tests"]

    def change(root: Path) -> None:
        change_sql(root / "models" / f"{models[-1].name}.sql")

    return Tool(
        "sqlmesh", plan, plan, plan, change, {"SQLMESH__DISABLE_ANONYMIZED_ANALYTICS": "1", "DO_NOT_TRACK": "1"}
    )


def change_sql(path: Path) -> None:
    path.write_text(path.read_text(encoding="utf-8").replace(" as amount", " + 1 as amount", 1), encoding="utf-8")


def environment(folder: Path, name: str, *packages: str) -> Path:
    """A virtual environment with `packages`, made once; its `bin` folder."""
    root = folder / "environments" / name
    marker = root / "packages"
    if not (marker.exists() and marker.read_text() == "\n".join(packages)):
        say(f"  installing {', '.join(packages)}")
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir(parents=True)
        measure(Command([sys.executable, "-m", "venv", root], folder))
        measure(Command([root / "bin" / "python", "-m", "pip", "install", "-q", *packages], folder))
        marker.write_text("\n".join(packages))
    return root / "bin"


WRITERS: Mapping[str, Callable[[Path, Sequence[Model]], None]] = {
    "script": write_script.write_models,
    "vibepiper": write_vibepiper.write_project,
    "dbt": write_dbt.write_project,
    "sqlmesh": write_sqlmesh.write_project,
}
