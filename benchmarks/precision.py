"""How many tables are made anew by a hundred edits: VibePiper, SQLMesh's plan, dbt's `state:modified+`.

After every edit all tables of every tool are compared with the same queries run from nothing.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random

import duckdb

from benchmarks.measure import Command, measure, say, vp
from benchmarks.models import base_names, write_bases
from benchmarks.others import environment
from benchmarks.precision_models import Project, edits, invent
from benchmarks.table import Table

ROWS = 300
HERE = Path(__file__).parent
# The columns of a table in one order, whatever order they have: SQLMesh and dbt keep the one of before.
Contents = Mapping[str, tuple[int, int]]


def run(folder: Path, rounds: int, models: int = 300, most: int = 100) -> list[Table]:
    project = invent(models)
    tools = [vibepiper(folder), sqlmesh(folder), dbt(folder)]
    for tool in tools:
        write_bases(tool.root / "data", ROWS)
        tool.write(project)
        tool.build()
    random = Random(7)
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    wrong: Counter[str] = Counter()
    made: Counter[str] = Counter()
    for number, (kind, edit) in enumerate(edits()[:most], start=1):
        project = edit(project, random)
        truth = contents_of_queries(tools[0].root, project)
        made[kind] += 1
        for tool in tools:
            tool.write(project)
            counts[tool.name][kind] += len([name for name in tool.build() if name in project])
            shown = tool.contents(project)
            wrong[tool.name] += sum(shown[name] != truth[name] for name in project)
        told = (f"{tool.name} {counts[tool.name].total():,} ({wrong[tool.name]:,} not right)" for tool in tools)
        say(f"  {number}, {kind}; made so far: {', '.join(told)}")
    for tool in tools:
        tool.close()
    names = [tool.name for tool in tools]
    rows = [[kind, str(made[kind]), *(f"{counts[name][kind]:,}" for name in names)] for kind in made]
    rows.append(["all", str(made.total()), *(f"{counts[name].total():,}" for name in names)])
    rows.append(["tables that were not right", "", *(f"{wrong[name]:,}" for name in names)])
    return [
        Table(
            f"What is made anew: {made.total()} edits of {models} models",
            "Models that were built after each edit, one upon the other. After each, all tables of every tool were "
            "compared, as multisets of rows, with the same queries run from nothing.",
            ("edit", "times", *names),
            rows,
        )
    ]


@dataclass
class Tool:
    """One tool on its own copy of the project. `build` gives the names of the models that were made anew."""

    name: str
    root: Path
    write: Callable[[Project], None]
    build: Callable[[], list[str]]
    contents: Callable[[Project], Contents]
    close: Callable[[], object] = lambda: None


def vibepiper(folder: Path) -> Tool:
    root = fresh(folder, "vibepiper")

    def write(project: Project) -> None:
        (root / "vp.toml").write_text('[project]\nname = "bench"\n', encoding="utf-8")
        blocks = ['[pipeline]\nname = "bench"\n']
        blocks += [f'[source.file.{name}]\npath = "data/{name}.parquet"\n' for name in base_names()]
        blocks += [f"[sql.{name}]\nquery = '''\n{model.query(str)}\n'''\n" for name, model in project.items()]
        (root / "bench.vp.toml").write_text("\n".join(blocks), encoding="utf-8")

    def build() -> list[str]:
        log = root / "apply.json"
        log.unlink(missing_ok=True)
        measure(Command(vp("apply", "--yes", "--json"), root), log)
        # Where nothing changed there is no run to tell of.
        text = log.read_text(encoding="utf-8")
        tasks = json.loads(text[text.index("{") :]).get("tasks", ())
        return [task["address"].partition(".")[2] for task in tasks if task["outcome"] == "built"]

    def contents(project: Project) -> Contents:
        with duckdb.connect(str(root / ".vp" / "warehouse.duckdb"), read_only=True) as connection:
            return {name: content(connection, f"bench.{name}") for name in project}

    return Tool("VibePiper", root, write, build, contents)


def sqlmesh(folder: Path) -> Tool:
    python = environment(folder, "sqlmesh", "sqlmesh") / "python"
    root = fresh(folder, "sqlmesh")
    models = root / "models"
    (root / "config.yaml").write_text(
        "gateways:\n  local:\n    connection: {type: duckdb, database: models.duckdb}\ndefault_gateway: local\n"
        "model_defaults: {dialect: duckdb, start: 2024-01-01}\ndisable_anonymized_analytics: true\n",
        encoding="utf-8",
    )

    def write(project: Project) -> None:
        shutil.rmtree(models, ignore_errors=True)
        models.mkdir()
        for name in base_names():
            query = f"select id, kind, amount, day from read_parquet('{root}/data/{name}.parquet')"
            columns = "columns (id bigint, kind varchar, amount bigint, day date)"
            text = f"MODEL (name bench.{name}, kind FULL, {columns});\n\n{query}\n"
            (models / f"{name}.sql").write_text(text, encoding="utf-8")
        for name, model in project.items():
            query = model.query(lambda read: f"bench.{read}")
            text = f"MODEL (name bench.{name}, kind FULL);\n\n{query}\n"
            (models / f"{name}.sql").write_text(text, encoding="utf-8")

    def contents(project: Project) -> Contents:
        with duckdb.connect(str(root / "models.duckdb"), read_only=True) as connection:
            return {name: content(connection, f"bench.{name}") for name in project}

    driver = Driver(python, "drive_sqlmesh.py", root)
    return Tool("SQLMesh", root, write, driver.build, contents, driver.close)


def dbt(folder: Path) -> Tool:
    python = environment(folder, "dbt", "dbt-core<1.12", "dbt-duckdb") / "python"
    root = fresh(folder, "dbt")
    models = root / "models"
    (root / "dbt_project.yml").write_text(
        "name: bench\nversion: '1.0'\nprofile: bench\nmodel-paths: [models]\nmodels:\n  +materialized: table\n"
        "flags:\n  send_anonymous_usage_stats: false\n",
        encoding="utf-8",
    )
    (root / "profiles.yml").write_text(
        "bench:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: models.duckdb, threads: 2}\n",
        encoding="utf-8",
    )

    def write(project: Project) -> None:
        shutil.rmtree(models, ignore_errors=True)
        models.mkdir()
        for name in base_names():
            (models / f"{name}.sql").write_text(f"select * from read_parquet('{root}/data/{name}.parquet')\n")
        for name, model in project.items():
            query = model.query(lambda read: f"{{{{ ref('{read}') }}}}")
            (models / f"{name}.sql").write_text(query + "\n", encoding="utf-8")

    def contents(project: Project) -> Contents:
        with duckdb.connect(str(root / "models.duckdb"), read_only=True) as connection:
            return {name: content(connection, f"main.{name}") for name in project}

    driver = Driver(python, "drive_dbt.py", root)
    return Tool("dbt", root, write, driver.build, contents, driver.close)


class Driver:
    """A process in another tool's environment that builds whenever it is sent a line, and answers with one."""

    def __init__(self, python: Path, script: str, root: Path) -> None:
        quiet = {"DO_NOT_TRACK": "1", "DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DBT_PROFILES_DIR": "."}
        self._log = (root / "driver.log").open("w")
        self._process = subprocess.Popen(
            [str(python), str(HERE / script)],
            cwd=root,
            env={**os.environ, **quiet, "SQLMESH__DISABLE_ANONYMIZED_ANALYTICS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )

    def build(self) -> list[str]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("build\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise SystemExit(f"{self._log.name} tells why there is no answer")
        built: list[str] = json.loads(answer)
        return built

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def fresh(folder: Path, name: str) -> Path:
    root = folder / "precision" / name
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    return root


def contents_of_queries(root: Path, project: Project) -> Contents:
    """All queries, run from nothing in one engine."""
    with duckdb.connect() as connection:
        connection.execute("create schema bench")
        for name in base_names():
            connection.execute(f"create table bench.{name} as from read_parquet('{root}/data/{name}.parquet')")
        for name in in_order(project):
            query = project[name].query(lambda read: f"bench.{read}")
            connection.execute(f"create table bench.{name} as {query}")
        return {name: content(connection, f"bench.{name}") for name in project}


def in_order(project: Project) -> Iterable[str]:
    """Inputs first: a new model stands behind all others, and reads any of them."""
    return sorted(project, key=lambda name: int(name.removeprefix("model_")))


def content(connection: duckdb.DuckDBPyConnection, table: str) -> tuple[int, int]:
    """The number of rows and a sum of their hashes, the columns by name."""
    described = connection.execute(f"describe {table}").fetchall()
    # A sum is a HUGEINT here, and a DECIMAL once it was stored.
    columns = ", ".join(f"cast({name} as varchar)" for name in sorted(row[0] for row in described))
    [(rows, total)] = connection.execute(f"select count(*), sum(hash({columns})) from {table}").fetchall()
    return int(rows), int(total or 0)
