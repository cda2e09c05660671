"""Renames of assets and columns, at random: every table stays what a full rebuild gives, and no row is rewritten."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pytest
from tests.proof_steps import PROOF_SEED, PROOF_STEPS
from tests.run.conftest import Project

_ORDERS = "id,day,amount\n1,2026-01-01,5\n2,2026-01-01,6\n3,2026-01-02,0\n4,2026-01-03,4\n"
_NAMES = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "mu", "nu", "xi")
# By what an asset is: its columns, what it reads, and its query with both to be filled in. `{shop[0]}` is the first
# asset, `{shop[0].id}` its column.
_QUERIES: tuple[tuple[tuple[str, ...], str], ...] = (
    (
        ("id", "day", "amount"),
        "select id as {own.id}, day as {own.day}, amount * {factor} as {own.amount} from {source} where amount > 0",
    ),
    (
        ("day", "total"),
        "select x.{a.day} as {own.day}, sum(x.{a.amount}) as {own.total} from {a} as x group by x.{a.day}",
    ),
    (("id", "double"), "select {a}.{a.id} as {own.id}, {a}.{a.amount} * 2 as {own.double} from {a}"),
    (
        ("id", "total", "share"),
        "with a as (select * from {a}) select a.{a.id} as {own.id}, b.{b.total} as {own.total}, "
        "(select max(c.{c.double}) from {c} as c where c.{c.id} = a.{a.id}) as {own.share} "
        "from a join {b} as b on a.{a.day} = b.{b.day}",
    ),
    (("total",), "select {own.total} from (select b.{b.total} as {own.total} from {b} as b) where {own.total} > 4"),
    (
        ("day", "total"),
        "select x.{a.day} as {own.day}, sum(x.{a.amount}) as {own.total} from {a} as x "
        "where x.{a.day} >= $start and x.{a.day} < $end group by all",
    ),
    (
        ("day", "total"),
        "select x.{d.day} as {own.day}, x.{d.total} + 1 as {own.total} from {d} as x "
        "where cast(x.{d.day} as varchar) = $partition",
    ),
)
# By number: how those are built that are no table, and what their slices are.
_BUILDS = {
    2: 'build = "view"',
    5: 'build = {{ mode = "interval", column = "{own.day}", grain = "day", start = 2026-01-01, end = 2026-01-31 }}',
    6: 'build = {{ mode = "partition", column = "{own.day}", values = ["2026-01-01", "2026-01-03", "2026-02-01"] }}',
}
_SLICES: dict[int, list[dict[str, str]]] = {
    5: [{"start": "2026-01-01", "end": "2026-02-01"}],
    6: [{"partition": day} for day in ("2026-01-01", "2026-01-03", "2026-02-01")],
}


@dataclass
class Named:
    """An asset under its names of now: as text it is its own name, and its columns are attributes."""

    name: str
    columns: dict[str, str]

    def __getattr__(self, key: str) -> str:
        return self.columns[key]

    def __str__(self) -> str:
        return self.name


@dataclass
class Shop:
    chance: random.Random
    source: str = "orders"
    factor: int = 1
    assets: list[Named] = field(default_factory=list)
    blocks: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for number, (columns, _) in enumerate(_QUERIES):
            self.assets.append(Named(f"asset_{number}", {column: column for column in columns}))

    def rename_something(self) -> None:
        """Some assets and columns get names that nothing has now; a name of before may come back."""
        self.blocks = []
        taken = {self.source, *(asset.name for asset in self.assets)}
        for asset in self.chance.sample(self.assets, self.chance.randint(0, 2)):
            new = self.chance.choice([name for name in _NAMES if name not in taken])
            taken.add(new)
            self._block(asset.name, new)
            asset.name = new
        if self.chance.random() < 0.2:
            new = self.chance.choice([name for name in _NAMES if name not in taken])
            self._block(self.source, new)
            self.source = new
        for asset in self.chance.sample(self.assets, self.chance.randint(0 if self.blocks else 1, 2)):
            there = {name.casefold() for name in asset.columns.values()}
            column = self.chance.choice(list(asset.columns))
            new = self.chance.choice([f"{name}_{column}" for name in _NAMES if f"{name}_{column}" not in there])
            self._block(f"{asset.name}.{asset.columns[column]}", f"{asset.name}.{new}")
            asset.columns[column] = new

    def _block(self, before: str, after: str) -> None:
        self.blocks.append(f'[[moved]]\nfrom = "{before}"\nto = "{after}"\n')

    def queries(self) -> dict[str, str]:
        a, b, c, _, _, d, _ = self.assets
        return {
            asset.name: query.format(own=asset, source=self.source, factor=self.factor, a=a, b=b, c=c, d=d)
            for asset, (_, query) in zip(self.assets, _QUERIES, strict=True)
        }

    def text(self) -> str:
        blocks = [f'[source.file.{self.source}]\npath = "orders.csv"\n']
        for number, (name, query) in enumerate(self.queries().items()):
            build = _BUILDS.get(number, "").format(own=self.assets[number])
            blocks.append(f'[sql.{name}]\nquery = "{query}"\n{build}\n')
        return "\n".join([*blocks, *self.blocks])

    def from_nothing(self, root: Path) -> dict[str, Table]:
        """Every table as the queries give it, made by an engine that knows nothing of versions."""
        with duckdb.connect() as connection:
            connection.execute(f"create table {self.source} as from read_csv('{root / 'orders.csv'}')")
            for number, (name, query) in enumerate(self.queries().items()):
                slices = _SLICES.get(number, [{}])
                connection.execute(f"create table {name} as select * from ({query}) limit 0", slices[0])
                for each in slices:
                    connection.execute(f"insert into {name} {query}", each)
            names = [self.source, *self.queries()]
            return {f"shop.{name}": table(connection, name) for name in names}


Table = tuple[tuple[str, ...], Counter[tuple[Any, ...]]]


def table(connection: duckdb.DuckDBPyConnection, name: str) -> Table:
    cursor = connection.execute(f"select * from {name}")
    columns = tuple(column[0] for column in cursor.description or ())
    return columns, Counter(cursor.fetchall())


def published(project: Project) -> dict[str, Table]:
    with duckdb.connect(str(project.root / ".vp" / "warehouse.duckdb"), read_only=True) as connection:
        return {str(address): table(connection, str(address)) for address in project.state.pointers("dev")}


def walk(project: Project, seed: int, steps: int) -> None:
    shop = Shop(random.Random(seed))
    project.write("orders.csv", _ORDERS)
    project.pipeline(shop.text())
    project.apply()
    for step in range(steps):
        shop.rename_something()
        more = shop.chance.random()
        if more < 0.2:
            shop.factor += 1
        elif more < 0.4:
            project.write("orders.csv", _ORDERS + f"{step + 10},2026-02-01,{step + 1}\n")
        files = project.part_files()
        project.pipeline(shop.text())
        result = project.apply()
        told = f"seed {seed}, step {step}: {''.join(shop.blocks)}"
        assert result.status == "succeeded", (told, result.diagnostics, result.tasks)
        assert published(project) == shop.from_nothing(project.root), told
        if more >= 0.4:
            assert {task.outcome for task in result.tasks} <= {"recorded", "repointed"}, told
            assert project.part_files() == files, told
        assert project.plan().empty, told


@pytest.mark.parametrize("seed", [1, 5])
def test_renames_rewrite_nothing(project: Project, seed: int) -> None:
    walk(project, seed, 4)


@pytest.mark.slow
def test_many_renames_rewrite_nothing(project: Project) -> None:
    walk(project, PROOF_SEED, PROOF_STEPS // 4)
