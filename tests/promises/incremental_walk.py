"""Walks a project that is built bit by bit through edits, applies, crashes and promotions, and judges every table."""

from __future__ import annotations

import shutil
import threading
from collections import Counter
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from tests.promises.incremental_choices import FUNCTIONS, SOURCES
from tests.promises.incremental_edits import edit, late_rows
from tests.promises.incremental_engine import Engine, Row, Table
from tests.promises.incremental_files import write
from tests.promises.incremental_slices import START
from tests.promises.incremental_truth import Kept, Past, Tables, Truth, used
from tests.promises.incremental_world import World
from tests.run.apply_and_die import Job
from tests.run.conftest import VP_TOML, Project
from tests.run.killing import Mortals, calls
from tests.run.test_kill_commands import vp

from vibepiper_interpreter.compile import compile_project
from vibepiper_interpreter.compile.compiled import Compiled
from vibepiper_interpreter.plan import make_promotion, plan_undo
from vibepiper_interpreter.plan.asked import Asked
from vibepiper_interpreter.plan.plan import Plan
from vibepiper_interpreter.run.events import Event
from vibepiper_interpreter.run.relations import changed_file
from vibepiper_interpreter.run.result import RunResult
from vibepiper_interpreter.run.warehouse import ensure_warehouse, warehouse_path
from vibepiper_interpreter.state import applied_sources
from vibepiper_spec import load_project

# What is made anew with what it reads, because it only ever sees what is new there.
_FOLLOWS = {"events": {"latest", "log", "py_log"}, "log": {"second"}}


class Walked(Project):
    """A project that is compiled once for each text it has, and whose functions are read then, not imported.

    Compiling takes most of the time of a step. All sources declare their columns, so no file has a say in it.
    """

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._compiled: dict[str, tuple[str, Compiled]] = {}

    def compiled(self, environment: str) -> Compiled:
        text = "".join((self.root / name).read_text() for name in ("shop.vp.toml", "shop_code.py"))
        known = self._compiled.get(environment)
        if known is None or known[0] != text:
            project = load_project(self.root)
            compiled = compile_project(project, environment, applied=applied_sources, offline_python=True)
            known = self._compiled[environment] = text, compiled
        return known[1]


@dataclass
class Moment:
    """An environment right after a complete apply. Assets by the names of the beginning."""

    tables: Tables
    definitions: dict[str, str]
    slices: dict[str, list[Any]]


@dataclass
class Counts:
    steps: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        return f"{self.steps} steps; outcomes {dict(self.outcomes)}\n{dict(self.kinds)}"


class Walk:
    """One project, from nothing, through edits and applies."""

    def __init__(self, folder: Path, seed: int, mortals: Mortals, counts: Counts) -> None:
        self.seed = seed
        self.chance = Random(seed)
        self.mortals, self.counts = mortals, counts
        self.story: list[str] = []
        self.project = Walked(folder)
        self.engine = Engine()
        # One after the other, or several at a time, who then divide the slices of one asset among themselves.
        executor = self.chance.choice(('kind = "inline"', "workers = 3"))
        self._tell(executor)
        self.project.write("vp.toml", f"{VP_TOML}[environment.prod]\n[executor]\n{executor}\n")
        self.world = World(self.chance)
        for _ in range(4):
            late_rows(self.world)
        self.past: dict[str, Past] = {}
        self.firsts: dict[str, list[Kept]] = {}
        self.last: dict[str, Moment] = {}
        self.earlier: dict[str, Moment] = {}  # the moment before the last one
        self.complete("dev")

    def step(self) -> None:
        self.counts.steps += 1
        self._tell("\n--")
        for _ in range(self.chance.choice((0, 1, 1, 1, 2, 3))):
            self._tell(edit(self.world))
        disturbance = self.chance.random()
        self._write()
        if disturbance < 0.1:
            self._interrupted()
        elif disturbance < 0.2:
            self._killed()
        elif disturbance < 0.35:
            self._selected()
        asked = self._asked() if self.chance.random() < 0.2 else None
        did = self.complete("dev", asked)
        if did and asked is None and not self.world.blocks and self.chance.random() < 0.15:
            self._undone()
        if self.chance.random() < 0.25 or ("prod" in self.past and self.world.blocks):
            self.complete("prod")
        elif "prod" in self.past and self.chance.random() < 0.3 and not self.world.landed_changed:
            self._promoted()
        if self.world.blocks and self.chance.random() < 0.7:
            self.world.follow()
            self._write()
            assert self.project.plan().empty, self.told()
        if self.chance.random() < 0.08:
            self._cleaned()

    def close(self) -> None:
        self.project.close()
        self.engine.close()

    def forget(self) -> None:
        """Leave nothing on the disk: what went well need not be looked at."""
        self.close()
        shutil.rmtree(self.project.root)

    def _tell(self, what: str) -> None:
        self.story.append(what)
        self.counts.kinds[what.split(" ")[0].strip()] += 1

    def told(self) -> str:
        return f"seed {self.seed}: {' '.join(self.story)}"

    def _write(self) -> None:
        write(self.world, self.project.root)
        self.project.now = self.world.now.replace(tzinfo=UTC)

    # Applies that do not come to their end, or are not of everything

    def _interrupted(self) -> None:
        plan = self.project.plan()
        last = self.chance.randint(1, 4 * len(plan.actions) + 3)
        self._tell(f"interrupt at {last}")
        cancel = threading.Event()

        def listen(event: Event) -> None:
            if event.number >= last:
                cancel.set()

        self.project.apply(plan, listener=listen, cancel=cancel)

    def _killed(self) -> None:
        kind = self.chance.choice(("event", "commit", "change"))
        last = self.chance.randint(1, 60)
        self._tell(f"kill at {kind} {last}")
        assert self.project.now is not None
        now, at_once = self.project.now.isoformat(), self.chance.random() < 0.7
        self.mortals.apply(Job(str(self.project.root), kind, last, now, at_once, divided=True))
        ensure_warehouse(self.project.root, self.project.settings, self.project.state, "dev")

    def _selected(self) -> None:
        """What goes on with its past is selected with all that it reads: else it would see what was there before."""
        if self.world.blocks:
            return
        words = []
        for name in self.chance.sample(self.world.there(), 2):
            past = self.world.mode(name) in ("merge", "append", "scd2")
            words.append(("+" if past else self.chance.choice(("", "+"))) + self.world.names[name])
        bounds = None
        if self.world.names["of_daily"] in [word.removeprefix("+") for word in words]:
            start = START + timedelta(days=self.chance.randint(-2, 4))
            bounds = Asked(start, start + timedelta(days=self.chance.randint(1, 5)))
            words = [word.removeprefix("+") for word in words if not word.startswith("+")] or words
        self._tell(f"select {words} {bounds}")
        self._succeeds(self.project.plan(*words, asked=bounds))

    def _asked(self) -> Asked:
        name = self.chance.choice(self.world.there())
        asked = Asked(None, None, (self.world.names[name] + self.chance.choice(("", "+")),))
        wanted = self.world.slices(name).wanted(self.world.now)
        if name in ("of_daily", "py_days") and wanted and self.chance.random() < 0.5:
            start, _ = self.chance.choice(wanted)
            asked = Asked(start, start + timedelta(days=self.chance.randint(1, 5)), asked.rebuild)
        self._tell(f"rebuild {asked.words()}")
        return asked

    def _undone(self) -> None:
        """Back by one run, and forth again: the same tables, and no version of them is made."""
        self._tell("undo")
        plan = plan_undo(
            self.project.state,
            "dev",
            None,
            storage_has=self.project.storage.has,
            files_unchanged=lambda files: changed_file(self.project.root, tuple(files)) is None,
        )
        assert self.project.apply(plan).status == "succeeded"
        self.complete("dev", undone=True)

    def _cleaned(self) -> None:
        """What nobody shows goes, whatever an environment has shown before; nothing that is shown does."""
        horizon = self.chance.choice(("0s", "7d"))
        self._tell(f"clean {horizon}")
        before = {environment: self._shown(environment) for environment in self.past}
        empty = self.project.plan().empty
        vp(self.project, "clean", "--grace", "0s", "--undo-horizon", horizon)
        assert {environment: self._shown(environment) for environment in self.past} == before, self.told()
        assert self.project.plan().empty == empty, self.told()
        assert self.project.state.contradictions() == [], self.told()

    def _promoted(self) -> None:
        """What `dev` shows is shown in `prod`, past and all."""
        self._tell("promote")
        plan = make_promotion(
            self.project.compiled("dev").project,
            self.project.compiled("prod").project,
            self.project.state,
            now=self.project.now,
            list_files=self.project._list_files,
            storage_has=self.project.storage.has,
        )
        self._succeeds(plan)
        self.past["prod"] = deepcopy(self.past["dev"])
        assert self._shown("prod") == self._shown("dev"), self.told()
        self.last["prod"] = self._moment(self._shown("prod"))
        assert self.project.plan(environment="prod").empty, self.told()

    def _succeeds(self, plan: Plan) -> RunResult:
        result = self.project.apply(plan)
        assert result.status == "succeeded", (self.told(), result)
        self.counts.outcomes.update(task.outcome for task in result.tasks)
        return result

    # An apply of everything

    def complete(self, environment: str, asked: Asked | None = None, *, undone: bool = False) -> bool:
        """Whether there was something to do. `undone`: the last complete apply has just been undone."""
        self._write()
        called = calls(self.project)
        shown_before = {} if asked is None else self._shown(environment)
        plan = self.project.plan(environment=environment, asked=asked)
        results = [] if plan.empty else [self._succeeds(plan)]
        if asked is not None and asked.bounds is not None:
            rest = self.project.plan(environment=environment)  # what lies outside
            results += [] if rest.empty else [self._succeeds(rest)]
        shown = self._shown(environment)
        if environment not in self.past:
            self.past[environment] = Past()
        other = self.past.get("dev" if environment == "prod" else "prod", Past())
        kept = {task.address.name for result in results for task in result.tasks if task.outcome == "kept"}
        past, anew = self.past[environment], self._anew(asked, shown_before, shown, kept)
        deliveries = self._deliveries(environment)
        truth = Truth(self.engine, self.world, past, other, self.firsts, shown, deliveries, anew).tables
        self._compare(environment, shown, truth)
        again = self.project.plan(environment=environment)
        assert again.empty, (self.told(), [(str(a.address), a.verb, a.reasons) for a in again.actions])
        before, self.last[environment] = self.last.get(environment), self._moment(truth)
        if before is not None and asked is None:
            # What came out equal has left no version behind: after going back it is asked again whether it does, and
            # nobody knows before that whether what reads it was made already.
            since = self.earlier[environment] if undone else before
            for result in results:
                self._judge_work(result, since, self.last[environment])
            self._judge_calls(calls(self.project) - called, since, self.last[environment])
        if before is not None:
            self.earlier[environment] = before
        return not plan.empty

    def _compare(self, environment: str, shown: Tables, truth: Tables) -> None:
        assert shown.keys() == truth.keys(), self.told()
        for name, (columns, rows) in truth.items():
            there_columns, there = shown[name]
            if name == "known" and environment != "dev":
                # A version that `dev` has made of the same files may be taken, with the times at which it was made.
                rows, there = (Counter((a, b, d is None) for a, b, _, d in each.elements()) for each in (rows, there))
            assert (columns, rows) == (there_columns, there), (
                f"{environment}.{name}: missing {rows - there}, too many {there - rows}; {columns} {there_columns}\n"
                f"{self.told()}"
            )

    def _anew(self, asked: Asked | None, before: Tables, after: Tables, kept: set[str]) -> frozenset[str]:
        """What has to lose its past where `asked` is done.

        What came out equal, in the columns that are used of it, stops there: who was `kept` for it was right to be.
        (Who was behind it was not.)
        """
        if asked is None:
            return frozenset()
        [word] = asked.rebuild
        found = {name for name, shown in self.world.names.items() if shown == word.removesuffix("+")}
        if word.endswith("+"):
            for name in self.world.there():
                if name not in SOURCES and found & {*self.world.reads(name)}:
                    found.add(name)
        for name in [*found]:
            followers = _FOLLOWS.get(name, set())
            for each in followers:
                was, became = (table.get(name, ((), Counter()))[1].elements() for table in (before, after))
                if used(each, was) != used(each, became) or self.world.names[each] not in kept:
                    found.add(each)
        return frozenset(found)

    def _deliveries(self, environment: str) -> list[list[Row]]:
        """What each apply added to `events`, in order: a file each, until many small ones are written together."""
        names = {self.world.names["events"]}
        pointers = self.project.state.pointers(environment)
        of = [pointer.version_id for address, pointer in pointers.items() if address.name in names]
        [version] = self.project.state.versions(of).values()
        root = self.project.storage.root
        return [self.engine.values(f"from read_parquet('{root / part.path}')") for part in version.parts]

    def _shown(self, environment: str) -> Tables:
        names = {shown: name for name, shown in self.world.names.items()}
        addresses = list(self.project.state.pointers(environment))
        tables = self.engine.shown(warehouse_path(self.project.root, environment), map(str, addresses))
        return {names.get(address.name, address.name): table for address, table in zip(addresses, tables, strict=True)}

    # What was done for it

    def _moment(self, tables: Tables) -> Moment:
        world = self.world
        slices: dict[str, list[Any]] = {}
        for name in world.there():
            if name not in SOURCES and world.mode(name) == "interval":
                slices[name] = world.slices(name).wanted(world.now)
            elif name not in SOURCES and world.mode(name) == "partition":
                slices[name] = world.partitions(name)
        return Moment(tables, {name: world.definition(name) for name in world.there()}, slices)

    def _judge_work(self, result: RunResult, before: Moment, after: Moment) -> None:
        """Nothing is made that means what it meant, and reads what it read."""
        names = {shown: name for name, shown in self.world.names.items()}
        for task in result.tasks:
            name = names[task.address.name]
            if task.outcome != "built" or name not in before.tables:
                continue
            needed = (
                before.definitions[name] != after.definitions[name]
                or before.slices.get(name) != after.slices.get(name)
                or (
                    name not in SOURCES
                    and any(
                        read not in before.tables or _content(before.tables[read]) != _content(after.tables[read])
                        for read in self.world.reads(name)
                    )
                )
            )
            assert needed, (f"`{name}` was made for nothing", task, self.told())

    def _judge_calls(self, called: Counter[str], before: Moment, after: Moment) -> None:
        """A function is called for the slices that are missing or of which a row differs, and for each of them once."""
        for name in FUNCTIONS:
            mine = Counter({call: times for call, times in called.items() if call.partition("@")[0] == name})
            if not mine or name not in before.tables:
                continue
            assert max(mine.values()) == 1, (mine, self.told())
            if name not in after.slices or before.definitions[name] != after.definitions[name]:
                continue
            missing = [each for each in after.slices[name] if each not in before.slices[name]]
            allowed = {f"{name}@{_written(each)}" for each in missing}
            differ = [
                row
                for one, other in ((before, after), (after, before))
                for row in one.tables["sales"][1] - other.tables["sales"][1]
            ]
            for _, placed, kind, *_ in differ:
                day = datetime.fromisoformat(str(placed)[:10])
                days = [day, day + timedelta(days=1)] if self.world.looking_back else [day]
                allowed |= (
                    {f"{name}@{kind}"} if "_parts" in name else {f"{name}@{_written((day, day))}" for day in days}
                )
            assert {*mine} <= allowed, ({*mine} - allowed, self.told())


def _content(table: Table) -> tuple[int, Counter[Row]]:
    """What is in it, by whatever names: a table without a row may have another column all the same."""
    columns, rows = table
    return len(columns), rows


def _written(part: Any) -> str:
    """An interval or a partition, as a function writes it down."""
    return f"{part[0]:%Y-%m-%dT%H:%M:%S}" if isinstance(part, tuple) else str(part)
