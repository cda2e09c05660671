"""Kills an apply at a moment of its life, applies again, and looks whether anything was lost, doubled or half done."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from sqlalchemy import create_engine, make_url, text
from tests.proof_steps import PROOF_STEPS
from tests.run.apply_and_die import Job
from tests.run.conftest import Project

from vibepiper_interpreter.compile import compile_root
from vibepiper_interpreter.compile.compiled import Compiled
from vibepiper_interpreter.run import ensure_warehouse
from vibepiper_interpreter.run.warehouse import warehouse_path
from vibepiper_interpreter.state import applied_sources
from vibepiper_interpreter.storage.slices import Ranges, built_ranges, built_values
from vibepiper_interpreter.storage.version import Version
from vibepiper_spec.address import Address

DRIVER = Path(__file__).with_name("apply_and_die.py")
# Every moment, or every so many of them where the proof is to be short.
STRIDE = max(1, 200 // PROOF_STEPS)
# The intervals, or the partitions.
Slices = Ranges | tuple[str, ...]
Tables = dict[str, Counter[tuple[Any, ...]]]


class Mortals:
    """A process that makes processes that die: each apply is done in one of its own."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(DRIVER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def apply(self, job: Job) -> bool:
        """Whether it came to its end before it was killed."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(asdict(job)) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline().strip()
        assert answer in ("applied", "killed"), answer
        return answer == "applied"

    def close(self) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


@pytest.fixture(scope="module")
def mortals() -> Iterator[Mortals]:
    mortals = Mortals()
    yield mortals
    mortals.close()


def apply_alone(project: Project, kill_after: float | None = None) -> str:
    """Apply in a process that starts now and is killed after some seconds. Returns what it said after planning."""
    command = [sys.executable, str(DRIVER), json.dumps(asdict(Job(str(project.root))))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "planned\n"
        if kill_after is not None:
            time.sleep(kill_after)
            process.kill()
        return process.stdout.read()


def apply_until(project: Project, more: int) -> int:
    """Kill an apply once its functions were called so many times more; how many times they were. See `calls`."""
    before = calls(project).total()
    process = subprocess.Popen([sys.executable, str(DRIVER), json.dumps(asdict(Job(str(project.root))))])
    while process.poll() is None and calls(project).total() < before + more:
        time.sleep(0.01)
    process.kill()
    process.wait()
    return calls(project).total() - before


# Copies


class Remembering(Project):
    """A project of which is remembered, beside it, how it was compiled: its copies need not be compiled again."""

    def compiled(self, environment: str) -> Compiled:
        return compile_root(self.root, environment, applied_sources)


class Copies:
    """Makes copies of a project as it stands, and forgets them."""

    def __init__(self, project: Project) -> None:
        self._project = project

    @contextmanager
    def copy(self, name: str) -> Iterator[Project]:
        root = self._project.root.with_name(name)
        shutil.copytree(self._project.root, root)
        copy = Remembering(root)
        copy.now = self._project.now
        try:
            yield copy
        finally:
            copy.close()
            shutil.rmtree(root)


class CopiesOnPostgresql(Copies):
    """A copy has a database of its own, with the same state in it."""

    def __init__(self, project: Project, url: str) -> None:
        super().__init__(project)
        self._url = make_url(url)
        self._connect(project.root, str(self._url.database))

    @contextmanager
    def copy(self, name: str) -> Iterator[Project]:
        database = f"{self._url.database}_copy"
        with super().copy(name) as copy:
            self._do(f"create database {database} template {self._url.database}")
            try:
                self._connect(copy.root, database)
                yield copy
                copy.close()
            finally:
                self._do(f"drop database {database} with (force)")

    def _connect(self, root: Path, database: str) -> None:
        url = self._url.set(database=database).render_as_string(hide_password=False)
        file = root / "vp.toml"
        settings, _, _ = file.read_text(encoding="utf-8").partition("[state]")
        file.write_text(f'{settings}[state]\nurl = "{url}"\n', encoding="utf-8")

    def _do(self, statement: str) -> None:
        server = create_engine(self._url.set(database="postgres"), isolation_level="AUTOCOMMIT")
        with server.connect() as connection:
            connection.execute(text(statement))
        server.dispose()


# What must hold


@dataclass
class Undisturbed:
    """A project that stands before an apply: its tables before and after it, and how an undisturbed one does it."""

    copies: Copies
    before: Tables
    after: Tables
    # Assets that publish together.
    components: Collection[frozenset[str]]
    # Of assets that are built by interval or partition: what is built in the end.
    built: Mapping[Address, Slices]
    runs_before: frozenset[str]
    now: datetime | None = None
    # What the functions of the project wrote down about their calls, see `calls`.
    calls: Counter[str] = field(default_factory=Counter)


def tables(project: Project, environment: str = "dev") -> Tables:
    """What the warehouse file shows, as text."""
    with duckdb.connect(str(warehouse_path(project.root, environment)), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        return {
            str(address): Counter(connection.execute(f"select cast(columns(*) as varchar) from {address}").fetchall())
            for address in project.state.pointers(environment)
        }


def calls(project: Project) -> Counter[str]:
    """What functions wrote into `calls.txt`, a line a call: `name`, or `name@start` of an interval, or `name@value`."""
    file = project.root / "calls.txt"
    return Counter(file.read_text().split() if file.exists() else [])


def slices_of(version: Version) -> Slices:
    return built_ranges(version.built) or built_values(version.built)


def undisturbed(project: Project, copies: Copies) -> Undisturbed:
    """`project` is closed; its copies stand where it stands."""
    before, runs = tables(project), frozenset(run.id for run in project.state.runs(1000))
    compile_root(project.root, "dev", applied_sources)
    project.close()
    with copies.copy("undisturbed") as copy:
        called = calls(copy)
        plan = copy.plan()
        components: dict[int, set[str]] = {}
        for action in plan.actions:
            names = components.setdefault(action.component, set())
            names |= {str(action.address)} | ({str(action.moved_from)} if action.moved_from else set())
        assert copy.apply(plan).status == "succeeded"
        pointers = copy.state.pointers("dev")
        shown = copy.state.versions(pointer.version_id for pointer in pointers.values())
        return Undisturbed(
            copies,
            before,
            tables(copy),
            [frozenset(names) for names in components.values()],
            {version.address: slices_of(version) for version in shown.values()},
            runs,
            project.now,
            calls(copy) - called,
        )


def check_it_comes_to_its_end(project: Project, changed: Undisturbed) -> None:
    """After a kill: nothing half done is to be seen, and the next apply does what is left, and no more."""
    ensure_warehouse(project.root, project.settings, project.state, "dev")
    seen = tables(project)
    for component in changed.components:
        parts = [{name: each.get(name) for name in component} for each in (seen, changed.before, changed.after)]
        assert parts[0] in parts[1:]
    finished = {address.name: _finished(project, address, changed) for address in changed.built}
    called = calls(project)
    result = project.apply()
    assert result.status == "succeeded", result
    assert tables(project) == changed.after
    assert project.plan().empty
    assert project.state.contradictions() == []
    shown = project.state.versions(pointer.version_id for pointer in project.state.pointers("dev").values())
    assert {version.address: slices_of(version) for version in shown.values()} == changed.built
    keys = {version.address: version.key for version in shown.values()}
    for task in result.tasks:
        version = finished.get(task.address.name)
        # What was killed before it was put together has another key: that is left to do, and no slice is made for it.
        whole = version is not None and version.key == keys.get(task.address)
        if version is not None and whole and slices_of(version) == changed.built[task.address]:
            assert task.outcome != "built", (task, version)
    left = {call: times for call, times in changed.calls.items() if not _is_done(call, finished)}
    assert calls(project) - called == left


def _finished(project: Project, address: Address, changed: Undisturbed) -> Version | None:
    """What the run that was killed has written down last of an asset."""
    made = [version for version in project.state.history(address, 1000) if version.run_id not in changed.runs_before]
    return max(made, key=lambda version: version.created_at, default=None)


def _is_done(call: str, finished: Mapping[str, Version | None]) -> bool:
    name, _, piece = call.partition("@")
    version = finished[name]
    if version is None or not piece:
        return version is not None
    if built_values(version.built):
        return piece in built_values(version.built)
    begin = datetime.fromisoformat(piece)
    return any(each.start <= begin < each.end for each in built_ranges(version.built))


def kill_at_every_moment(changed: Undisturbed, mortals: Mortals, job: Job, *, stride: int, limit: int = 600) -> int:
    """Die at each moment of the kind that `job` names, every `stride`-th of them; the number of kills."""
    now = None if changed.now is None else changed.now.isoformat()
    for kills, last in enumerate(range(1, limit, stride)):
        with changed.copies.copy(f"{job.kind}-{last}") as project:
            applied = mortals.apply(replace(job, root=str(project.root), last=last, now=now))
            check_it_comes_to_its_end(project, changed)
        if applied:
            return kills
    pytest.fail("the run has more moments than this test looks at")
