"""After any sequence of edits, what is built bit by bit equals what is built from nothing; and nothing else is done."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, timedelta
from pathlib import Path
from random import Random

import duckdb
import pytest
from tests.promises.incremental_world import PAST, SLICED, START, Past, Table, Truth, World, read
from tests.proof_steps import PROOF_SEED, PROOF_STEPS
from tests.run.conftest import VP_TOML, Project

from vibepiper_interpreter.plan.asked import Asked
from vibepiper_interpreter.plan.plan import Plan
from vibepiper_interpreter.run.events import Event
from vibepiper_interpreter.run.tasks import build_slices
from vibepiper_interpreter.run.warehouse import warehouse_path

STEPS_OF_A_WALK = 20
# What is made anew with what it reads, if that is.
_FOLLOWS = {"events": {"events", "latest", "log"}}


class Walk:
    """One project, from nothing, through edits and applies."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.seed = seed
        self.chance = Random(seed)
        self.project = Project(folder)
        self.project.write("vp.toml", VP_TOML + "[environment.prod]\n")
        self.world = World(self.chance)
        self.past: dict[str, Past] = {}
        self.story: list[str] = []
        self.outcomes: Counter[str] = Counter()
        for _ in range(4):
            self.world.late_rows()
        self.complete("dev")

    def step(self) -> None:
        self.story.append("\n--")
        for _ in range(self.chance.choice((0, 1, 1, 1, 2, 3))):
            self.story.append(self.world.edit())
        disturbance = self.chance.random()
        self._write()
        if disturbance < 0.15:
            self._interrupted()
        elif disturbance < 0.3:
            self._selected()
        # Whether what was made anew and came out equal has the past of before is open, and only `prod` could tell.
        asks = "prod" not in self.past and self.chance.random() < 0.25
        self.complete("dev", self._asked() if asks else None)
        if self.chance.random() < 0.25 or ("prod" in self.past and self.world.blocks):
            self.complete("prod")
        if self.world.blocks and self.chance.random() < 0.7:
            self.world.blocks = []  # everyone has followed
            self._write()
            assert self.project.plan().empty, self._told()

    def _write(self) -> None:
        self.world.write(self.project.root)
        self.project.now = self.world.now.replace(tzinfo=UTC)

    def _interrupted(self) -> None:
        plan = self.project.plan()
        last = self.chance.randint(1, 4 * len(plan.actions) + 3)
        self.story.append(f"interrupt at {last}")
        cancel = threading.Event()

        def listen(event: Event) -> None:
            if event.number >= last:
                cancel.set()

        self.project.apply(plan, listener=listen, cancel=cancel)

    def _selected(self) -> None:
        """Of what goes on with its past nothing is selected: it sees what there is in the end."""
        names = [self.world.names[name] for name in self.chance.sample(("sales", "kinds", *SLICED), 2)]
        if any(block for block in self.world.blocks):
            return
        start = START + timedelta(days=self.chance.randint(-2, 4))
        bounds = None
        if any(name in names for name in (self.world.names["of_daily"],)):
            bounds = Asked(start, start + timedelta(days=self.chance.randint(1, 5)))
        self.story.append(f"select {names} {bounds}")
        self._succeeds(self.project.plan(*names, asked=bounds))

    def _asked(self) -> Asked:
        name = self.chance.choice(("sales", "events", *SLICED, *PAST))
        more = self.chance.choice(("", "+"))
        asked = Asked(None, None, (self.world.names[name] + more,))
        if name == "of_daily" and self.chance.random() < 0.5:
            start = START + timedelta(days=self.chance.randint(-2, 4))
            asked = Asked(start, start + timedelta(days=self.chance.randint(1, 5)), asked.rebuild)
        self.story.append(f"rebuild {asked.words()}")
        return asked

    def _succeeds(self, plan: Plan) -> None:
        result = self.project.apply(plan)
        assert result.status == "succeeded", (self._told(), result)
        self.outcomes.update(task.outcome for task in result.tasks)

    def complete(self, environment: str, asked: Asked | None = None) -> None:
        self._write()
        plan = self.project.plan(environment=environment, asked=asked)
        if not plan.empty:
            self._succeeds(plan)
        if asked is not None and asked.bounds is not None:
            plan = self.project.plan(environment=environment)  # what lies outside
            if not plan.empty:
                self._succeeds(plan)
        past = self.past.setdefault(environment, Past())
        if environment == "prod":
            past.taken_over(self.past["dev"], self.world)
        anew = self._anew(asked)
        truth = Truth(self.world, past, anew).tables
        shown = self._shown(environment)
        assert shown.keys() == truth.keys(), self._told()
        for name, (columns, rows) in truth.items():
            there_columns, there = shown[name]
            assert (columns, rows) == (there_columns, there), (
                f"{environment}.{name}: missing {rows - there}, too many {there - rows}; {columns} {there_columns}\n"
                f"{self._told()}"
            )
        again = self.project.plan(environment=environment)
        assert again.empty, (self._told(), [(str(a.address), a.verb, a.reasons) for a in again.actions])

    def _anew(self, asked: Asked | None) -> frozenset[str]:
        if asked is None:
            return frozenset()
        [word] = asked.rebuild
        [name] = [name for name, shown in self.world.names.items() if shown == word.removesuffix("+")]
        if not word.endswith("+"):
            return frozenset(_FOLLOWS.get(name, {name}))
        readers = {
            "sales": {"merged", "merged_days", "history"},
            "daily": {"merged_days"},
            "events": {"latest", "log"},
        }
        return frozenset({name} | readers.get(name, set()))

    def _shown(self, environment: str) -> dict[str, Table]:
        with duckdb.connect(str(warehouse_path(self.project.root, environment)), read_only=True) as connection:
            connection.execute("set TimeZone = 'UTC'")
            addresses = self.project.state.pointers(environment)
            return {address.name: read(connection, str(address)) for address in addresses}

    def _told(self) -> str:
        return f"seed {self.seed}: {' '.join(self.story)}"


StartWalk = Callable[[int], Walk]


@pytest.fixture
def start_walk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StartWalk]:
    # Progress is written down after every batch, so that an interrupted apply is gone on with.
    monkeypatch.setattr(build_slices, "_RECORD_EVERY", 0.0)
    monkeypatch.setattr(build_slices, "_RECORD_SHARE", 0.0)
    walks: list[Walk] = []

    def start(seed: int) -> Walk:
        walks.append(Walk(tmp_path / str(seed), seed))
        return walks[-1]

    yield start
    for walk in walks:
        walk.project.close()


@pytest.mark.parametrize("seed", [3])
def test_bit_by_bit_equals_from_nothing(start_walk: StartWalk, seed: int) -> None:
    walk = start_walk(seed)
    for _ in range(8):
        walk.step()


@pytest.mark.slow
@pytest.mark.parametrize("half", [0, 1])  # for two processes
def test_bit_by_bit_equals_from_nothing_at_length(
    start_walk: StartWalk, capsys: pytest.CaptureFixture[str], half: int
) -> None:
    steps, outcomes = 0, Counter[str]()
    seed = (PROOF_SEED + half * 2**31) % 2**32
    while steps < PROOF_STEPS // 2:
        walk = start_walk(seed)
        for _ in range(STEPS_OF_A_WALK):
            walk.step()
        steps += STEPS_OF_A_WALK
        outcomes += walk.outcomes
        seed += 1
    with capsys.disabled():
        print(f"\n{steps} steps; outcomes {dict(outcomes)}")
