"""A project on disk that a test writes, plans, applies and reads back, with nothing of it made up."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from vibepiper_interpreter.compile import compile_project
from vibepiper_interpreter.compile.compiled import Compiled, CompiledAsset
from vibepiper_interpreter.connectors.file import files_of
from vibepiper_interpreter.connectors.file.parquet_columns import parquet_columns
from vibepiper_interpreter.plan import make_plan
from vibepiper_interpreter.plan.asked import Asked
from vibepiper_interpreter.plan.plan import Plan
from vibepiper_interpreter.run import apply_plan
from vibepiper_interpreter.run.events import Event
from vibepiper_interpreter.run.result import RunResult, TaskResult
from vibepiper_interpreter.run.tasks import pace, shares
from vibepiper_interpreter.run.warehouse import warehouse_path
from vibepiper_interpreter.state import State, applied_sources, open_state
from vibepiper_interpreter.storage import Storage
from vibepiper_interpreter.storage.version import SourceFile
from vibepiper_spec import load_project
from vibepiper_spec.diagnostics import has_errors
from vibepiper_spec.model.settings import ProjectSettings

VP_TOML = '[project]\nname = "trial"\n'


class Project:
    """A folder with specs, its state and its storage."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.events: list[Event] = []
        # When plans are made; None: now.
        self.now: datetime | None = None
        self._state: State | None = None
        root.mkdir(parents=True, exist_ok=True)
        if not (root / "vp.toml").exists():
            self.write("vp.toml", VP_TOML)

    def write(self, path: str, text: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def pipeline(self, text: str, name: str = "shop") -> None:
        """The specs of a pipeline, in one file."""
        self.write(f"{name}.vp.toml", f'[pipeline]\nname = "{name}"\n{text}')

    @property
    def settings(self) -> ProjectSettings:
        return load_project(self.root).project.settings

    @property
    def state(self) -> State:
        if self._state is None:
            self._state = open_state(self.root, self.settings)
        return self._state

    @property
    def storage(self) -> Storage:
        return Storage.open(self.root / self.settings.storage.path, self.state.id)

    def close(self) -> None:
        if self._state is not None:
            self._state.close()
            self._state = None

    def compiled(self, environment: str) -> Compiled:
        """What the specs mean; the diagnostics of loading them included."""
        loaded = load_project(self.root)
        compiled = compile_project(loaded, environment, applied=applied_sources)
        return replace(compiled, diagnostics=(*loaded.diagnostics, *compiled.diagnostics))

    def plan(self, *selection: str, environment: str = "dev", asked: Asked | None = None) -> Plan:
        compiled = self.compiled(environment)
        assert not has_errors(compiled.diagnostics), compiled.diagnostics
        return make_plan(
            compiled.project,
            self.state,
            environment,
            selection=selection,
            now=self.now,
            asked=asked,
            list_files=self._list_files,
            storage_has=self.storage.has,
            describe_files=lambda files: parquet_columns(self.root, files),
        )

    def apply(self, plan: Plan | None = None, **more: Any) -> RunResult:
        """Apply `plan`, or a new one of everything; `workers` at once and on `executor`, where these are given."""
        self.events = []
        more.setdefault("listener", self.events.append)
        return apply_plan(
            plan or self.plan(),
            root=self.root,
            settings=self.settings.running_on(more.pop("executor", None), more.pop("workers", None)),
            state=self.state,
            owner="a test",
            **more,
        )

    def rows(self, address: str, environment: str = "dev") -> list[tuple[Any, ...]]:
        """The published rows of an asset, sorted, read as any client reads them: from the warehouse file."""
        return self.query(f"SELECT * FROM {address} ORDER BY ALL", environment)

    def query(self, query: str, environment: str = "dev") -> list[tuple[Any, ...]]:
        with duckdb.connect(str(warehouse_path(self.root, environment)), read_only=True) as connection:
            return connection.execute(query).fetchall()

    def tables(self, environment: str = "dev") -> dict[str, Counter[tuple[Any, ...]]]:
        """Every published asset as a multiset of rows."""
        return {
            str(address): Counter(map(str, self.rows(str(address), environment)))
            for address in sorted(self.state.pointers(environment))
        }

    def part_files(self) -> set[str]:
        """Every Parquet file in the storage."""
        return {path.relative_to(self.storage.root).as_posix() for path in self.storage.root.rglob("*.parquet")}

    @staticmethod
    def outcomes(result: RunResult) -> dict[str, str]:
        """How each task ended, by the asset's name."""
        return {task.address.name: task.outcome for task in result.tasks}

    @staticmethod
    def task(result: RunResult, name: str) -> TaskResult:
        return next(each for each in result.tasks if each.address.name == name)

    def _list_files(self, asset: CompiledAsset) -> tuple[SourceFile, ...]:
        return files_of(self.root, asset)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    project = Project(tmp_path / "project")
    yield project
    project.close()


@pytest.fixture
def new_project(tmp_path: Path) -> Iterator[Callable[[str], Project]]:
    """Makes further projects in the same test."""
    made: list[Project] = []

    def make(name: str) -> Project:
        made.append(Project(tmp_path / name))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture(autouse=True)
def _no_thread_is_left_behind() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    left = {thread for thread in threading.enumerate() if thread not in before and not thread.name.startswith("lease")}
    assert not left


@pytest.fixture
def progress_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Progress is written down after every batch, so that an interrupted apply is gone on with."""
    monkeypatch.setattr(pace, "RECORD_EVERY", 0.0)
    monkeypatch.setattr(pace, "RECORD_SHARE", 0.0)


@pytest.fixture
def always_divided(monkeypatch: pytest.MonkeyPatch) -> None:
    """The slices of an asset are made by several workers, however little it pays."""
    monkeypatch.setattr(shares, "_LEAST_SECONDS", 0.0)
