"""A state on each database, and the things that are kept in it."""

from __future__ import annotations

import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text
from tests.servers import server_url

from vibepiper_interpreter.compile.compiled import Check, Column, CompiledAsset, Input, SqlDefinition
from vibepiper_interpreter.plan.plan import Action, Plan, Reason
from vibepiper_interpreter.state import State, open_state
from vibepiper_interpreter.storage.version import ColumnStatistics, InputVersion, Part, SourceFile, Version
from vibepiper_spec.address import Address
from vibepiper_spec.model.settings import ProjectSettings

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
_SERVER = "postgresql+psycopg://postgres@127.0.0.1:5432"


@dataclass(frozen=True)
class Place:
    """A project folder and the URL of its state; None: the default file."""

    root: Path
    url: str | None

    @property
    def settings(self) -> ProjectSettings:
        return ProjectSettings.model_validate({"project": {"name": "test"}, "state": {"url": self.url}})

    def open(self) -> State:
        return open_state(self.root, self.settings)

    def start(self, code: str, *arguments: str) -> subprocess.Popen[str]:
        """Run `code` in another process, with the state open as `state`."""
        program = (
            "import sys, time, os, signal\n"
            "from pathlib import Path\n"
            "from vibepiper_interpreter.state import open_state\n"
            "from vibepiper_spec.diagnostics import DiagnosticError\n"
            "from vibepiper_spec.model.settings import ProjectSettings\n"
            "told = {'project': {'name': 'test'}, 'state': {'url': sys.argv[2] or None}}\n"
            "settings = ProjectSettings.model_validate(told)\n"
            "state = open_state(Path(sys.argv[1]), settings)\n"
        )
        return subprocess.Popen(
            [sys.executable, "-c", program + code, str(self.root), self.url or "", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )


@pytest.fixture
def postgresql() -> Iterator[str]:
    """The URL of a new PostgreSQL database, dropped afterwards."""
    with new_postgresql() as url:
        yield url


@pytest.fixture
def second_postgresql() -> Iterator[str]:
    """Another one."""
    with new_postgresql() as url:
        yield url


@contextmanager
def new_postgresql() -> Iterator[str]:
    server = server_url("VIBEPIPER_TEST_POSTGRES", _SERVER, "PostgreSQL")
    name = f"vibepiper_test_{secrets.token_hex(6)}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"create database {name}"))
    try:
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.execute(text(f"drop database {name} with (force)"))
        engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return Place(tmp_path, None if request.param == "sqlite" else request.getfixturevalue("postgresql"))


@pytest.fixture
def sqlite_place(tmp_path: Path) -> Place:
    return Place(tmp_path, None)


@pytest.fixture
def state(place: Place) -> Iterator[State]:
    with place.open() as opened:
        yield opened


MakeVersion = Callable[..., Version]


@pytest.fixture
def make_version() -> MakeVersion:
    """A version with something in every field; later ones are younger."""
    count = 0

    def make(name: str = "orders", *inputs: tuple[str, str], key: str = "", **changes: object) -> Version:
        nonlocal count
        count += 1
        asset = CompiledAsset(
            address=Address("shop", name),
            kind="sql",
            build="table",
            definition=SqlDefinition("select 1 as id, 'ü' as name"),
            inputs=tuple(Input(Address("shop", of), ("id",)) for of, _ in inputs),
            columns=(Column("id", "INTEGER"), Column("name", "VARCHAR", "how it is called")),
            checks=(Check("not_null(id)", "not_null", "error", column="id"),),
            fingerprint=f"fingerprint of {name}",
            checks_fingerprint="checks",
        )
        version = Version(
            id=f"v{count:04d}",
            asset=asset,
            key=key or f"key {count}",
            inputs=tuple(InputVersion(Address("shop", of), version_id) for of, version_id in inputs),
            columns=asset.columns,
            parts=(Part(f"shop/{name}/v{count:04d}/part-0.parquet", 3, 100, (ColumnStatistics("id", 0, "1", "3"),)),),
            source_files=(SourceFile("data/a b.csv", 10, 1_700_000_000_000_000_001, "ab" * 32),),
            rows=3,
            bytes=100,
            seconds=0.25,
            peak_memory=5_000_000_000,
            run_id="r1",
            created_at=NOW + timedelta(seconds=count),
        )
        return replace(version, **changes)  # type: ignore[arg-type]  # a test names real fields

    return make


@pytest.fixture
def plan() -> Plan:
    """A plan of one action."""
    action = Action(Address("shop", "orders"), "create", (Reason("new", "it is not published in `dev` yet"),))
    return Plan("p1", NOW, "dev", 0, "digest", "duckdb 2", "state", (action,), {}, {}, {}, selection=("orders+",))
