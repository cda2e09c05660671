"""Walks a project through random edits and applies, and looks after each whether every promise was kept."""

from __future__ import annotations

import math
import os
import shutil
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

import duckdb
from tests.promises.random_edits import EDITS, NEEDLESS, break_check, change_check
from tests.promises.random_project import SQL_TYPES, Query, Source, World, to_sql, write
from tests.promises.random_queries import new_world
from tests.promises.warehouse_views import quick_connection, warehouse
from tests.run.conftest import Project

from vibepiper_cli.invocation import Invocation
from vibepiper_cli.planning import make
from vibepiper_cli.printer import Printer
from vibepiper_interpreter.compile import compile_project, compile_root
from vibepiper_interpreter.compile.compiled import Compiled
from vibepiper_interpreter.plan import make_plan
from vibepiper_interpreter.plan.plan import Plan
from vibepiper_interpreter.run.events import Event
from vibepiper_interpreter.run.result import RunResult
from vibepiper_interpreter.run.warehouse import warehouse_path
from vibepiper_spec import load_project
from vibepiper_spec.diagnostics import has_errors

Row = tuple[Any, ...]
Table = tuple[tuple[str, ...], list[Row]]  # column names, and rows in an order that the rows alone decide
OUTCOMES = {
    "create": {"built", "repointed"},
    "rebuild": {"built", "kept", "repointed"},
    "repoint": {"built", "kept", "repointed"},  # a view that shows something else is made: it costs nothing
    "recheck": {"rechecked"},
    "record": {"recorded"},
    "remove": {"removed"},
}


class NewProject(Project):
    """A project about which nothing is remembered."""

    def compiled(self, environment: str) -> Compiled:
        return compile_project(load_project(self.root), environment, cache=False, offline_python=True)

    def plan(self, *selection: str, environment: str = "dev") -> Plan:
        compiled = self.compiled(environment)
        assert not has_errors(compiled.diagnostics), compiled.diagnostics
        return make_plan(
            compiled.project,
            self.state,
            environment,
            selection=selection,
            list_files=self._list_files,
            storage_has=self.storage.has,
        )


class ProjectOnDisk(NewProject):
    """A project that is planned the way the command line does, with everything that is remembered between commands."""

    def compiled(self, environment: str) -> Compiled:
        return compile_root(self.root, environment)

    def plan(self, *selection: str, environment: str = "dev") -> Plan:
        found = None
        for _ in range(2):  # what the first one has learned, the second one may use
            planned = make(Invocation(Printer.for_terminal(), directory=self.root), environment, selection)
            planned.close()
            # Decided from the same project, and from nothing that is remembered of the last plan.
            decided = super().plan(*selection, environment=environment)
            assert replace(planned.plan, id="", created_at=decided.created_at) == replace(decided, id="")
            found = planned.plan
        assert found is not None
        return found


@dataclass
class Counts:
    """What happened on the way; `needless` are rebuilds that a perfect planner would not have done."""

    steps: int = 0
    edits: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    rebuilt: int = 0
    needless: Counter[str] = field(default_factory=Counter)
    expected_otherwise: int = 0
    carried: int = 0
    rejected: int = 0

    def __str__(self) -> str:
        return (
            f"{self.steps} steps; outcomes {dict(self.outcomes)}; {self.carried} readers carried\n"
            f"rebuilt {self.rebuilt}, of them needlessly {self.needless.total()}: {dict(self.needless)}; "
            f"{self.expected_otherwise} came out otherwise than expected\n"
            f"edits {dict(self.edits)}, {self.rejected} rejected by the compiler"
        )


@dataclass
class Moment:
    """The project right after a complete apply."""

    world: World
    tables: Mapping[str, Table]
    pointers: Mapping[str, str]  # version ids


class Walk:
    """One project, from nothing, through `steps` of edits."""

    def __init__(self, folder: Path, seed: int, counts: Counts) -> None:
        self.seed = seed
        self.chance = Random(seed)
        self.folder = folder
        self.counts = counts
        folder.mkdir(parents=True)
        self.project = ProjectOnDisk(folder / "project")
        self.connection = quick_connection()
        self.world = new_world(self.chance)
        self.story: list[str] = []
        self.past: list[Moment] = []
        for _ in range(self.chance.randint(2, 7)):
            self._edit(EDITS[0])
        write(self.world, self.project.root)
        self.complete()

    def step(self) -> None:
        """Some edits, or a journey back, then an apply that may be disturbed, then one that is not."""
        self.counts.steps += 1
        self.story.append("--")
        kind = self.chance.random()
        if kind < 0.1:
            self._edit_without_meaning()
        elif kind < 0.2:
            self._change_a_check()
        elif kind < 0.35 and len(self.past) > 1:
            self._go_back()
        else:
            for _ in range(self.chance.choice((1, 1, 2, 3))):
                self._edit(self.chance.choice(EDITS))
            write(self.world, self.project.root)
            self._touch()
            disturbance = self.chance.random()
            if disturbance < 0.12:
                self._apply_selection()
            elif disturbance < 0.24:
                self._apply_with_a_failing_check()
            elif disturbance < 0.38:
                self._apply_interrupted()
            self.complete()

    def close(self) -> None:
        self.project.close()
        self.connection.close()

    def forget(self) -> None:
        """Leave nothing on the disk: what went well need not be looked at."""
        self.close()
        shutil.rmtree(self.folder)

    # Edits

    def _edit(self, edit: Any) -> None:
        for _ in range(20):
            edited = edit(self.chance, self.world)
            if edited is None:
                edit = self.chance.choice(EDITS)
                continue
            if self._compiles(edited):
                self.world = edited
                self.counts.edits[edit.__name__] += 1
                self.story.append(edit.__name__)
                return
            self.counts.rejected += 1

    def _compiles(self, world: World) -> bool:
        """Whether the edit gives a project that compiles and runs; a random one need not."""
        try:
            world.ordered()
        except ValueError:
            return False
        trial = self.folder / "trial"
        write(world, trial)
        compiled = compile_project(load_project(trial), "dev", offline_python=True)
        return not has_errors(compiled.diagnostics) and _runs(self.connection, world)

    def _touch(self) -> None:
        """Replace some file by an equal one."""
        files = sorted(self.project.root.glob("data/*/*.csv"))
        if files and self.chance.random() < 0.3:
            file = self.chance.choice(files)
            os.utime(file, (1_600_000_000, 1_600_000_000 + self.chance.randint(0, 1000)))

    def _edit_without_meaning(self) -> None:
        for _ in range(self.chance.randint(1, 3)):
            before = self.world
            self._edit_one_of(NEEDLESS)
            if self.world is not before:
                write(self.world, self.project.root)
        self._touch()
        plan = self.project.plan()
        assert plan.empty, [(str(each.address), each.verb, each.reasons) for each in plan.actions]

    def _edit_one_of(self, edits: Any) -> None:
        edited = (edit := self.chance.choice(edits))(self.chance, self.world)
        if edited is not None and self._compiles(edited):
            self.world = edited
            self.story.append(edit.__name__)

    def _change_a_check(self) -> None:
        before = self.world
        self.world = change_check(self.chance, self.world)
        self.story.append("change_check")
        write(self.world, self.project.root)
        plan = self.project.plan()
        changed = {name for name, check in self.world.checks.items() if before.checks.get(name) != check}
        assert {(str(each.address), each.verb) for each in plan.actions} == {(name, "recheck") for name in changed}
        self.complete()

    def _go_back(self) -> None:
        """To what was applied some time ago: what was made of just these inputs is there, and is not made again."""
        then = self.chance.choice(self.past[:-1][-6:])
        self.story.append("go_back")
        self.world = then.world
        write(self.world, self.project.root)
        plan = self.project.plan()
        made_from = {version.id: version for version in self._versions(then.pointers.values())}
        exact: set[str] = set()
        for name in then.world.ordered():
            inputs = {str(read.address): read.version_id for read in made_from[then.pointers[name]].inputs}
            if set(inputs) <= exact and all(then.pointers[read] == version for read, version in inputs.items()):
                exact.add(name)
        for action in plan.actions:
            if str(action.address) in exact and action.verb in ("create", "rebuild"):
                raise AssertionError(f"{action.address} exists already: {action.reasons}")
        self.complete()

    def _versions(self, ids: Any) -> Any:
        return self.project.state.versions(ids).values()

    # Applies that are disturbed

    def _apply_selection(self) -> None:
        name = self.chance.choice(sorted(self.world.assets))
        word = self.chance.choice((name, f"{name}+", f"+{name}"))
        self.story.append(f"select {word}")
        self._apply(self.project.plan(word))

    def _apply_with_a_failing_check(self) -> None:
        right = self.world
        self.world = break_check(self.chance, self.world)
        self.story.append("break_check")
        write(self.world, self.project.root)
        plan = self.project.plan()
        (broken,) = [name for name, check in self.world.checks.items() if "100000 }" in check and "min" in check]
        before = self._pointers()
        result = self.project.apply(plan)
        self._as_planned(plan, result)
        assert result.status == "failed"
        held = next(each.component for each in plan.actions if str(each.address) == broken)
        together = {str(each.address) for each in plan.actions if each.component == held}
        after = self._pointers()
        assert {name: after.get(name) for name in together} == {name: before.get(name) for name in together}
        assert all(each.published == (str(each.address) not in together) for each in result.tasks)
        self.world = right
        write(self.world, self.project.root)

    def _apply_interrupted(self) -> None:
        plan = self.project.plan()
        last = self.chance.randint(1, 4 * len(plan.actions) + 3)
        self.story.append(f"interrupt at {last}")
        cancel = threading.Event()

        def listen(event: Event) -> None:
            if event.number >= last:
                cancel.set()

        self.project.apply(plan, listener=listen, cancel=cancel)

    def _apply(self, plan: Plan) -> RunResult:
        result = self.project.apply(plan)
        assert result.status == "succeeded", result
        self._as_planned(plan, result)
        return result

    def _as_planned(self, plan: Plan, result: RunResult) -> None:
        """Nothing ran that was not in the plan, and what was in it was done in a way that it allows."""
        actions = {action.address: action for action in plan.actions}
        assert [task.address for task in result.tasks] == list(actions)
        for task in result.tasks:
            action = actions[task.address]
            if task.outcome in ("failed", "skipped"):
                assert result.status == "failed"
                continue
            assert task.outcome in OUTCOMES[action.verb], (action, task)
            assert task.outcome != "kept" or action.conditions
            if action.version_id is not None:
                assert task.version_id == action.version_id
        self.counts.carried += sum(len(action.carries) for action in plan.actions)

    # An apply that is not

    def complete(self) -> None:
        plan = self.project.plan()
        if not plan.empty:
            self._count(plan, self._apply(plan))
        again = self.project.plan()
        assert again.empty, [(str(each.address), each.verb, each.reasons) for each in again.actions]
        tables = self._published()
        self._agrees_with_itself(tables)
        if self.chance.random() < 0.5:  # it takes most of the time, and chance brings every state back
            self._agrees_with_a_new_one(tables)
        self._judge(plan, tables)
        self.past.append(Moment(self.world, tables, self._pointers()))

    def _count(self, plan: Plan, result: RunResult) -> None:
        for action, task in zip(plan.actions, result.tasks, strict=True):
            self.counts.outcomes[task.outcome] += 1
            if action.conditions:
                self.counts.expected_otherwise += (action.expected == "keep") != (task.outcome == "kept")

    def _pointers(self) -> dict[str, str]:
        return {str(address): pointer.version_id for address, pointer in self.project.state.pointers("dev").items()}

    def _published(self) -> dict[str, Table]:
        tables = read_tables(self.connection, self.project.root)
        assert tables.keys() == self.world.assets.keys() == self._pointers().keys()
        return tables

    def _agrees_with_itself(self, tables: Mapping[str, Table]) -> None:
        """Every query, asked again over what is published, gives what is published: chance has its say only once."""
        with warehouse(self.connection, warehouse_path(self.project.root, "dev")):
            for name, asset in self.world.assets.items():
                if not isinstance(asset, Query) or self.world.varies(name) or self._reads_what_varies_when_read(name):
                    continue
                self.connection.execute(f"use warehouse.{name.partition('.')[0]}")
                again = _table(self.connection.execute(_filled(self.world, name)))
                assert same(tables[name], again), (name, to_sql(self.world, name), tables[name], again)

    def _reads_what_varies_when_read(self, name: str) -> bool:
        """A view is computed when it is read."""
        return any(
            (self.world.varies(read) or self._reads_what_varies_when_read(read))
            and getattr(self.world.assets[read], "build", "table") == "view"
            for read in self.world.reads(name)
        )

    def _agrees_with_a_new_one(self, tables: Mapping[str, Table]) -> None:
        """The same files in an empty folder, applied once, give the same tables."""
        root = self.folder / "new"
        write(self.world, root)
        new = NewProject(root)
        try:
            assert new.apply(new.plan()).status == "succeeded"
            built = read_tables(self.connection, root)
        finally:
            new.close()
            shutil.rmtree(root)
        assert built.keys() == tables.keys()
        for name in self._certain():
            assert same(tables[name], built[name]), (name, self.world.assets[name], tables[name], built[name])

    def _certain(self) -> list[str]:
        """The assets that can be told from the files alone: no chance in them, nor in what they read."""
        certain: dict[str, None] = {}
        for name in self.world.ordered():
            if not self.world.varies(name) and set(self.world.reads(name)) <= certain.keys():
                certain[name] = None
        return list(certain)

    def _judge(self, plan: Plan, tables: Mapping[str, Table]) -> None:
        """Count what was rebuilt though nothing that it is or uses has changed."""
        if not self.past:
            return
        before = self.past[-1]
        for action in plan.actions:
            name = str(action.address)
            if action.verb != "rebuild" or self._pointers()[name] == before.pointers.get(name):
                continue
            self.counts.rebuilt += 1
            if name not in before.world.assets or before.world.meaning(name) != self.world.meaning(name):
                continue
            asset = self.world.assets[name]
            if isinstance(asset, Source):
                needed = before.world.assets[name] != asset
            else:
                needed = any(
                    read not in before.tables or not same(_cut(before.tables[read], used), _cut(tables[read], used))
                    for read, used in self.world.used(name)
                )
            if not needed:
                self.counts.needless[action.reasons[0].code] += 1


def read_tables(connection: duckdb.DuckDBPyConnection, root: Path) -> dict[str, Table]:
    """Everything the warehouse file shows."""
    with warehouse(connection, warehouse_path(root, "dev")):
        names = connection.execute(
            "select table_schema || '.' || table_name from information_schema.tables where table_catalog = 'warehouse'"
        ).fetchall()
        return {name: _table(connection.execute(f"select * from warehouse.{name}")) for (name,) in names}


def _table(result: duckdb.DuckDBPyConnection) -> Table:
    names = tuple(column[0] for column in result.description or ())
    return names, sorted(result.fetchall(), key=_sortable)


def _sortable(row: Row) -> list[tuple[str, str]]:
    """Floats last, and coarsely: two that are nearly equal must not change places with what stands beside them."""
    exact = [("", str(value)) for value in row if not isinstance(value, float)]
    return exact + [("real", f"{value + 0.0:.6g}") for value in row if isinstance(value, float)]


def same(one: Table, other: Table) -> bool:
    """Equal as multisets of rows; floats within 1e-9."""
    return one[0] == other[0] and len(one[1]) == len(other[1]) and all(map(_same_row, one[1], other[1]))


def _same_row(one: Row, other: Row) -> bool:
    return all(
        math.isclose(left, right, rel_tol=1e-9, abs_tol=1e-12)
        if isinstance(left, float) and isinstance(right, float)
        else left == right
        for left, right in zip(one, other, strict=True)
    )


def _cut(table: Table, columns: tuple[str, ...]) -> Table:
    names, lines = table
    if not set(columns) <= set(names):
        return (("another column",), [])
    places = [names.index(column) for column in columns]
    return columns, sorted((tuple(line[place] for place in places) for line in lines), key=_sortable)


def _filled(world: World, name: str) -> str:
    text = to_sql(world, name)
    for variable, value in world.variables.items():
        text = text.replace(f"${variable}", f"cast({value} as bigint)")
    return text


def _runs(connection: duckdb.DuckDBPyConnection, world: World) -> bool:
    """Whether every query can be computed; tried on the rows there are (a function's table stays empty)."""
    connection.execute("begin")
    try:
        for name in world.ordered():
            _try(connection, world, name)
    except duckdb.Error:
        return False
    finally:
        connection.execute("rollback")
        connection.execute("use memory.main")
    return True


def _try(connection: duckdb.DuckDBPyConnection, world: World, name: str) -> None:
    asset = world.assets[name]
    pipeline = name.partition(".")[0]
    connection.execute(f"create schema if not exists {pipeline}")
    connection.execute(f"use memory.{pipeline}")
    if isinstance(asset, Query):
        query = _filled(world, name).replace("$now", "now()")
        connection.execute(f"create table {name} as {query}")
        return
    columns = ", ".join(f"{column} {SQL_TYPES[kind]}" for column, kind in world.columns(name))
    connection.execute(f"create table {name} ({columns})")
    for rows in getattr(asset, "files", {}).values():
        if rows:
            values = ", ".join(f"({', '.join(map(_cell, row))})" for row in rows)
            connection.execute(f"insert into {name} values {values}")


def _cell(cell: str | None) -> str:
    return "null" if cell is None else f"'{cell}'"
