"""A small world to plan in: invented specs and files, a real state, and an apply that only counts contents.

Contents are numbers: one for which rows there are, one for each column. So it can be told, without running any SQL,
whether an environment shows what building everything from scratch would show.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest

from vibepiper_interpreter.compile.compiled import (
    Check,
    Column,
    CompiledAsset,
    CompiledProject,
    FileDefinition,
    Input,
    SqlDefinition,
)
from vibepiper_interpreter.plan import make_plan
from vibepiper_interpreter.plan.plan import Action, Plan
from vibepiper_interpreter.state import Audit, Batch, Pointer, State, open_state
from vibepiper_interpreter.storage.version import InputVersion, Part, SourceFile, Stored, Version, version_of_part
from vibepiper_interpreter.storage.version_key import version_key
from vibepiper_spec.address import Address
from vibepiper_spec.model.build import BuildMode
from vibepiper_spec.model.settings import ProjectSettings

PIPELINE = "shop"


def hashed(*items: object) -> str:
    return sha256(repr(items).encode()).hexdigest()[:12]


def number(*items: object) -> int:
    return int(hashed(*items), 16)


def at(name: str) -> Address:
    return Address(PIPELINE, name)


@dataclass(frozen=True)
class Expression:
    """What a column (or a filter) computes. constant: nothing; value: all it reads; parity: one bit of it."""

    kind: str
    seed: int
    reads: tuple[tuple[str, str], ...] = ()

    def evaluate(self, contents: dict[str, Content]) -> int:
        read = number(self.seed, *(contents[name].columns[column] for name, column in self.reads))
        return {"constant": number("constant", self.seed), "value": read, "parity": number(self.seed, read % 2)}[
            self.kind
        ]

    def sql(self) -> str:
        return " + ".join([str(self.seed), *(f"{name}.{column}" for name, column in self.reads)])


@dataclass(frozen=True)
class Spec:
    """One asset as a user would write it.

    `opaque`: nothing is known of its columns (as of Python). `deterministic`: making it again gives the same.
    `proven`: the compiler knows that it does.
    """

    name: str
    columns: dict[str, Expression]
    sources: tuple[str, ...] = ()  # empty: it reads a file
    where: Expression = Expression("constant", 0)
    build: BuildMode = "table"
    opaque: bool = False
    deterministic: bool = True
    proven: bool = True
    checks: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    always: bool = False

    def shape(self) -> str:
        return hashed("shape", self.sources, self.where)

    def used(self, source: str) -> tuple[str, ...] | None:
        if self.opaque:
            return None
        expressions = [*self.columns.values(), self.where]
        return tuple(sorted({column for each in expressions for name, column in each.reads if name == source}))

    def compiled(self) -> CompiledAsset:
        fingerprints = {name: hashed(expression) for name, expression in self.columns.items()}
        query = f"select {', '.join(f'{e.sql()} as {name}' for name, e in self.columns.items())}"
        if self.sources:
            query += f" from {' cross join '.join(self.sources)} where {self.where.sql()} > 0"
        return CompiledAsset(
            address=at(self.name),
            kind="sql" if self.sources else "source",
            build=self.build,
            definition=SqlDefinition(query) if self.sources else FileDefinition((f"data/{self.name}.csv",), "csv"),
            inputs=tuple(Input(at(source), self.used(source)) for source in self.sources),
            columns=tuple(Column(name, "BIGINT") for name in self.columns),
            checks=tuple(Check(check, "expression", "error", condition="true") for check in self.checks),
            fingerprint=hashed(
                self.shape(), sorted(fingerprints.items()), self.opaque, self.deterministic, self.proven
            ),
            checks_fingerprint=hashed(self.checks),
            shape="" if self.opaque or not self.sources else self.shape(),
            column_fingerprints=() if self.opaque or not self.sources else tuple(fingerprints.items()),
            deterministic=self.deterministic and self.proven and not self.opaque,
            check_inputs=tuple(at(name) for name in self.references),
            rebuild_always=self.always,
            tags=self.tags,
        )


@dataclass(frozen=True)
class Content:
    rows: int
    columns: dict[str, int]

    def seen(self, columns: tuple[str, ...] | None) -> object:
        names = sorted(self.columns) if columns is None else columns
        return self.rows, [self.columns.get(name) for name in names]


def content_of(spec: Spec, inputs: dict[str, Content], file: Content | None, salt: str) -> Content:
    """What comes out. `salt` is the chance in a volatile asset: every making of it has its own."""
    if file is not None:
        return file
    rows = number("rows", [inputs[name].rows for name in spec.sources], spec.where.evaluate(inputs))
    return Content(rows, {name: number(rows, each.evaluate(inputs), salt) for name, each in spec.columns.items()})


@dataclass
class World:
    """Specs that a test edits, files that it changes, and an environment that follows by `apply(plan())`."""

    state: State
    specs: dict[str, Spec] = field(default_factory=dict)
    files: dict[str, Content] = field(default_factory=dict)
    contents: dict[str, Content] = field(default_factory=dict)  # by version id
    made_from: dict[str, tuple[Spec, tuple[InputVersion, ...]]] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)  # version ids
    separate: bool = False
    environment: str = "dev"
    clock: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    made: list[str] = field(default_factory=list)  # names of what the last apply built

    def source(self, name: str, *columns: str) -> None:
        self.specs[name] = Spec(name, {column: Expression("value", 0) for column in columns})
        self.files[name] = Content(1, {column: number(name, column) for column in columns})

    def sql(self, name: str, *sources: str, where: Expression | None = None, **columns: Expression) -> None:
        self.specs[name] = Spec(name, columns, sources, where or Expression("constant", 0))

    def edit(self, name: str, **changes: object) -> None:
        self.specs[name] = replace(self.specs[name], **changes)  # type: ignore[arg-type]  # a test names real fields

    def ordered(self) -> list[Spec]:
        """Inputs first, otherwise by name."""
        done: dict[str, Spec] = {}
        while len(done) < len(self.specs):
            for name in sorted(self.specs):
                if name not in done and all(source in done for source in self.specs[name].sources):
                    done[name] = self.specs[name]
        return list(done.values())

    def compiled(self) -> CompiledProject:
        assets = {at(spec.name): spec.compiled() for spec in self.ordered()}
        digest = hashed(sorted((str(address), asset.fingerprint) for address, asset in assets.items()))
        each = frozenset([PIPELINE]) if self.separate else frozenset()
        return CompiledProject("world", self.environment, assets, {}, each, digest)

    def source_files(self, asset: CompiledAsset) -> tuple[SourceFile, ...]:
        content = self.files[asset.address.name]
        return (
            SourceFile(f"data/{asset.address.name}.csv", 1, 0, hashed(content.rows, sorted(content.columns.items()))),
        )

    def has(self, stored: Stored) -> bool:
        return not any(version_of_part(part) in self.lost for part in stored.parts)

    def plan(self, *selection: str) -> Plan:
        return make_plan(
            self.compiled(),
            self.state,
            self.environment,
            selection=selection,
            now=self.clock,
            list_files=self.source_files,
            storage_has=self.has,
        )

    def verbs(self, *selection: str) -> dict[str, str]:
        return {action.address.name: action.verb for action in self.plan(*selection).actions}

    def shown(self, version_id: str) -> Content:
        """What a reader of a version sees: a view is computed when it is read."""
        spec, inputs = self.made_from[version_id]
        if spec.build == "view" and spec.sources:
            return content_of(spec, {read.address.name: self.shown(read.version_id) for read in inputs}, None, "")
        if version_id in self.lost:
            raise LookupError(f"{spec.name} {version_id} is lost")
        return self.contents[version_id]

    def published(self) -> dict[str, Content]:
        pointers = self.state.pointers(self.environment)
        return {address.name: self.shown(pointer.version_id) for address, pointer in pointers.items()}

    def from_scratch(self) -> dict[str, Content]:
        """What everything would be if it were built anew, with the same luck."""
        ids = {address.name: pointer.version_id for address, pointer in self.state.pointers(self.environment).items()}
        built: dict[str, Content] = {}
        for spec in self.ordered():
            file = None if spec.sources else self.files[spec.name]
            built[spec.name] = content_of(spec, built, file, self._salt(spec, ids.get(spec.name, "")))
        return built

    def _salt(self, spec: Spec, version_id: str) -> str:
        return "" if spec.deterministic or spec.build == "view" else version_id

    def apply(self, plan: Plan) -> None:
        """Do what `plan` says, and nothing else."""
        self.clock += timedelta(minutes=1)
        self.made = []
        pointers = self.state.pointers(self.environment)
        now_at: dict[Address, str] = {address: pointer.version_id for address, pointer in pointers.items()}
        with self.state.take_lease(self.environment, "test") as lease:
            run_id = self.state.begin_run(plan, "test")
            changes: dict[int, dict[Address, Pointer | None]] = {}
            versions: list[Version] = []
            audits: list[Audit] = []
            for action in plan.actions:
                moves = changes.setdefault(action.component, {})
                if action.verb == "remove":
                    moves[action.address] = None
                    del now_at[action.address]
                    continue
                if plan.goes_back:
                    assert action.version_id is not None
                    moves[action.address] = Pointer(action.version_id, action.restores)
                    continue
                asset = plan.assets[action.address]
                checks = action.checks
                inputs = tuple(InputVersion(read.address, now_at[read.address]) for read in asset.inputs)
                if action.verb == "recheck":
                    version_id = now_at[action.address]
                elif action.version_id is not None:
                    version_id = action.version_id
                elif action.conditions and self._keeps(action, now_at):
                    assert action.keeps is not None
                    version_id, checks = action.keeps, action.checks_if_kept
                else:
                    version = self._make(action, asset, inputs, run_id)
                    versions.append(version)
                    version_id = version.id
                now_at[action.address] = version_id
                if action.verb != "recheck":
                    moves[action.address] = Pointer(version_id, inputs)
                if checks:
                    read = tuple(InputVersion(each, now_at[each]) for each in asset.check_inputs)
                    audits.append(Audit(version_id, asset.checks_fingerprint, True, run_id, self.clock, read))
            for action in plan.actions:
                for reader in action.carries:
                    pointer = pointers[reader]
                    known = changes[action.component].get(reader, pointer)
                    assert known is not None
                    confirmed = tuple(
                        InputVersion(
                            read.address, now_at[read.address] if read.address == action.address else read.version_id
                        )
                        for read in known.inputs
                    )
                    pointers[reader] = changes[action.component][reader] = Pointer(known.version_id, confirmed)
            self.state.record(Batch(run_id, tuple(versions), tuple(audits)))
            serial = plan.serial
            for component, moves in sorted(changes.items()):
                serial = self.state.publish(lease, serial, moves, run_id, dict.fromkeys(moves, component))
            self.state.finish_run(run_id, "succeeded", 1.0)

    def _keeps(self, action: Action, now_at: dict[Address, str]) -> bool:
        """Whether all conditions find their input equal to what the kept version was last known to be right for."""
        for condition in action.conditions:
            assert condition.confirmed is not None
            try:
                before = self.shown(condition.confirmed).seen(condition.columns)
            except LookupError:
                return False
            if before != self.shown(now_at[condition.input]).seen(condition.columns):
                return False
        return True

    def _make(self, action: Action, asset: CompiledAsset, inputs: tuple[InputVersion, ...], run_id: str) -> Version:
        spec = self.specs[asset.address.name]
        version_id = f"v{len(self.made_from):05d}"
        contents = {read.address.name: self.shown(read.version_id) for read in inputs}
        file = None if spec.sources else self.files[spec.name]
        self.contents[version_id] = content_of(spec, contents, file, self._salt(spec, version_id))
        self.made_from[version_id] = (spec, inputs)
        self.made.append(spec.name)
        is_view = asset.build == "view"
        return Version(
            id=version_id,
            asset=asset,
            key=version_key(asset, inputs, action.source_files),
            inputs=inputs,
            columns=asset.columns,
            parts=() if is_view else (Part(f"shop/{spec.name}/{version_id}/part-0.parquet", 10, 100),),
            source_files=action.source_files,
            rows=None if is_view else 10,
            bytes=0 if is_view else 100,
            seconds=0.5,
            peak_memory=None,
            run_id=run_id,
            created_at=self.clock,
        )


MakeWorld = Callable[[], World]


@pytest.fixture(scope="session")
def make_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeWorld]:
    """Makes empty worlds, as many as a property test asks for."""
    settings = ProjectSettings.model_validate({"project": {"name": "world"}})
    opened: list[State] = []

    def make() -> World:
        while opened:
            opened.pop().close()
        state = open_state(tmp_path_factory.mktemp("world"), settings)
        opened.append(state)
        return World(state)

    yield make
    while opened:
        opened.pop().close()


@pytest.fixture
def world(make_world: MakeWorld) -> World:
    """Two sources, a join, its readers: `orders`, `rates` → `priced` → `revenue`, `ids`, `counted` → `report`."""
    built = make_world()
    built.source("orders", "id", "amount", "note")
    built.source("rates", "rate")
    built.sql(
        "priced",
        "orders",
        "rates",
        id=value(1, "orders.id"),
        price=value(2, "orders.amount", "rates.rate"),
        note=value(3, "orders.note"),
    )
    built.sql("revenue", "priced", total=value(4, "priced.price"))
    built.sql("ids", "priced", id=value(5, "priced.id"))
    built.sql("counted", "priced", n=Expression("constant", 6))
    built.sql("report", "revenue", "ids", shown=value(7, "revenue.total", "ids.id"))
    return built


def value(seed: int, *columns: str) -> Expression:
    """`value(4, "priced.price")`: something computed from a column."""
    return Expression(
        "value", seed, tuple((name, column) for name, _, column in (each.partition(".") for each in columns))
    )


@pytest.fixture(name="value")
def value_fixture() -> Callable[..., Expression]:
    return value


class Chance:
    """A world of sources and queries that read each other, and edits of it, all chosen by one seed."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self._earlier: list[tuple[dict[str, Spec], dict[str, Content]]] = []
        self.random = random.Random(seed)
        for _ in range(self.random.randint(1, 3)):
            world.source(self._new_name("s"), "a", "b", "c")
        for _ in range(self.random.randint(1, 7)):
            self._add_query()

    def edit(self) -> str:
        """Change one thing, anything; tells what."""
        choices = (
            (self._change_file, 3),
            (self._change_expression, 3),
            (self._change_filter, 1),
            (self._add_column, 2),
            (self._drop_column, 1),
            (self._toggle_build, 1),
            (self._add_query, 1),
            (self._drop_asset, 1),
            (self._change_checks, 1),
            (self._lose_version, 1),
            (self._put_back, 2),
        )
        before = dict(self.world.specs), dict(self.world.files)
        (edit,) = self.random.choices([each for each, _ in choices], [weight for _, weight in choices])
        edit()
        self._earlier.append(before)
        return edit.__name__

    def selection(self) -> tuple[str, ...]:
        name = self.random.choice(sorted(self.world.specs))
        return (self.random.choice((name, f"{name}+", f"+{name}", f"+{name}+")),)

    def _new_name(self, letter: str) -> str:
        return next(f"{letter}{index}" for index in range(1000) if f"{letter}{index}" not in self.world.specs)

    def _query(self) -> Spec:
        return self.world.specs[
            self.random.choice([name for name, spec in sorted(self.world.specs.items()) if spec.sources])
        ]

    def _readers(self, name: str) -> list[Spec]:
        return [spec for spec in self.world.specs.values() if name in spec.sources]

    def _expression(self, sources: tuple[str, ...]) -> Expression:
        reads = set()
        for _ in range(self.random.randint(0, 2)):
            name = self.random.choice(sources)
            reads.add((name, self.random.choice(sorted(self.world.specs[name].columns))))
        kind = self.random.choice(("constant", "value", "value", "parity"))
        return Expression(kind, self.random.randint(0, 5), () if kind == "constant" else tuple(sorted(reads)))

    def _add_query(self) -> None:
        chance, known = self.random, sorted(self.world.specs)
        sources = tuple(sorted(chance.sample(known, min(len(known), chance.randint(1, 3)))))
        name = self._new_name("q")
        self.world.specs[name] = Spec(
            name,
            {column: self._expression(sources) for column in ("a", "b", "c")[: chance.randint(1, 3)]},
            sources,
            self._expression(sources) if chance.random() < 0.4 else Expression("constant", 0),
            build=chance.choice(("table", "table", "view")),
            opaque=chance.random() < 0.2,
            deterministic=chance.random() < 0.8,
            proven=chance.random() < 0.8,
            checks=("c1",) if chance.random() < 0.5 else (),
            references=(chance.choice(known),) if chance.random() < 0.2 else (),
            always=chance.random() < 0.03,
        )

    def _change_file(self) -> None:
        name = self.random.choice(sorted(self.world.files))
        content = self.world.files[name]
        if self.random.random() < 0.3:
            self.world.files[name] = replace(content, rows=content.rows + 1)
        else:
            column = self.random.choice(sorted(content.columns))
            self.world.files[name] = replace(content, columns={**content.columns, column: content.columns[column] + 1})

    def _change_expression(self) -> None:
        spec = self._query()
        column = self.random.choice(sorted(spec.columns))
        self.world.edit(spec.name, columns={**spec.columns, column: self._expression(spec.sources)})

    def _change_filter(self) -> None:
        spec = self._query()
        self.world.edit(spec.name, where=self._expression(spec.sources))

    def _add_column(self) -> None:
        spec = self._query()
        column = f"n{len(spec.columns)}"
        self.world.edit(spec.name, columns={**spec.columns, column: self._expression(spec.sources)})

    def _drop_column(self) -> None:
        spec = self._query()
        column = sorted(spec.columns)[-1]
        used = any(column in (reader.used(spec.name) or (column,)) for reader in self._readers(spec.name))
        if len(spec.columns) > 1 and not used:
            self.world.edit(spec.name, columns={name: each for name, each in spec.columns.items() if name != column})

    def _toggle_build(self) -> None:
        spec = self._query()
        self.world.edit(spec.name, build="table" if spec.build == "view" else "view")

    def _drop_asset(self) -> None:
        spec = self._query()
        if not self._readers(spec.name) and sum(bool(each.sources) for each in self.world.specs.values()) > 1:
            del self.world.specs[spec.name]
            for other in list(self.world.specs.values()):
                if spec.name in other.references:
                    self.world.edit(other.name, references=())

    def _change_checks(self) -> None:
        self.world.edit(self._query().name, checks=(f"c{self.random.randint(1, 3)}",))

    def _lose_version(self) -> None:
        if known := sorted(self.world.contents):
            self.world.lost.add(self.random.choice(known))

    def _put_back(self) -> None:
        if self._earlier:
            specs, files = self.random.choice(self._earlier)
            self.world.specs, self.world.files = dict(specs), dict(files)


@pytest.fixture(scope="session")
def make_chance(make_world: MakeWorld) -> Callable[[int], Chance]:
    return lambda seed: Chance(make_world(), seed)
