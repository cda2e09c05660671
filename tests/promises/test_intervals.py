"""Whatever happens to an asset built by interval: its table is its query, interval by interval, from nothing."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.promises.sliced import BOOM, Sliced
from tests.proof_steps import PROOF_STEPS
from tests.run.conftest import Project

from vibepiper_interpreter.engines.duckdb.parameters import fill_parameters, typed_literal
from vibepiper_interpreter.grains import cut, floor
from vibepiper_interpreter.storage.slices import Range, Ranges

# With the column of the result, and how many intervals it looks back.
_AMOUNT = f"case when e.amount = {BOOM} then error('boom') else e.amount end"
_TOTAL = f"cast(sum({_AMOUNT}) as bigint)"
_BOUNDED = "e.placed >= $start and e.placed < $end"
QUERIES = (
    (f"select e.id, e.placed as time, {_AMOUNT} as amount from events e where {_BOUNDED}", 0),
    (f"select e.placed as time, count(*) as n, {_TOTAL} as s from events e where {_BOUNDED} group by 1", 0),
    (
        f"select e.placed as time, k.label, {_TOTAL} as s from events e left join kinds k on k.kind = e.kind "
        f"where {_BOUNDED} group by all",
        0,
    ),
    (
        f"with w as (select * from events e where {_BOUNDED}) "
        f"select max(e.placed) as time, e.kind, {_TOTAL} as s from w e group by e.kind",
        0,
    ),
    (
        f"select $start as time, {_TOTAL} as s from events e "
        "where e.placed >= $start - interval {back} and e.placed < $end having count(*) > 0",
        1,
    ),
    (f"select $start as time, {_TOTAL} as s from events e where e.placed < $end having count(*) > 0", 0),
)


@dataclass
class World(Sliced):
    """What a user can change, and what follows from it."""

    events: list[tuple[int, datetime, str, int]] = field(default_factory=list)
    kinds: dict[str, str] = field(default_factory=lambda: {"a": "first", "b": "second"})
    query: int = 0
    batch_size: int | None = None

    def step(self) -> str:
        """Change something."""
        change = self.chance.choice(
            [
                *[self.late_row] * 5,
                *[self.edit_row] * 3,
                self.drop_row,
                self.broken_row,
                self.other_label,
                self.time_passes,
                self.time_passes,
                self.move_start,
                self.other_query,
                self.other_batches,
                self.other_grain,
            ]
        )
        change()
        return change.__name__

    def moment(self) -> datetime:
        return super().moment() + timedelta(minutes=self.chance.choice((0, 0, 30)))

    def late_row(self) -> None:
        for _ in range(self.chance.randint(1, 3)):
            row = (self.chance.randint(1, 9), self.moment(), self.chance.choice("abc"), self.chance.randint(1, 5))
            self.events.append(row)

    def edit_row(self) -> None:
        if self.events:
            which = self.chance.randrange(len(self.events))
            number, placed, kind, amount = self.events[which]
            moved = self.moment() if self.chance.random() < 0.5 else placed
            self.events[which] = (number, moved, kind, 1 if amount == BOOM else amount + 1 + (amount + 1 == BOOM))

    def drop_row(self) -> None:
        if self.events:
            self.events.pop(self.chance.randrange(len(self.events)))

    def broken_row(self) -> None:
        self.events.append((0, self.moment(), "a", BOOM))

    def mend(self) -> None:
        self.events = [
            (number, placed, kind, 1 if amount == BOOM else amount) for number, placed, kind, amount in self.events
        ]

    def other_label(self) -> None:
        self.kinds[self.chance.choice("abc")] = self.chance.choice(("x", "y", "z"))

    def other_query(self) -> None:
        self.query = self.chance.randrange(len(QUERIES))

    def other_batches(self) -> None:
        # More than one at once is promised by the user only where it is true.
        self.batch_size = self.chance.choice((None, 1, 2)) if self.query < 3 else None

    def other_grain(self) -> None:
        self.grain = self.chance.choice(("day", "day", "hour", "week"))

    def sql(self) -> tuple[str, int]:
        text, lookback = QUERIES[self.query]
        return text.replace("{back}", {"day": "1 day", "hour": "1 hour", "week": "1 week"}[self.grain]), lookback

    def specs(self) -> str:
        if self.query >= 3:
            self.batch_size = None
        rows = [f"{number},{placed:%Y-%m-%d %H:%M:%S},{kind},{amount}" for number, placed, kind, amount in self.events]
        self.project.write("events.csv", "\n".join(["id,placed,kind,amount", *rows]) + "\n")
        labels = [f"{kind},{label}" for kind, label in sorted(self.kinds.items())]
        self.project.write("kinds.csv", "\n".join(["kind,label", *labels]) + "\n")
        query, lookback = self.sql()
        more = f", lookback = {lookback}" + ("" if self.batch_size is None else f", batch_size = {self.batch_size}")
        return f"""
[source.file.events]
path = "events.csv"
columns = {{ id = "integer", placed = "timestamp", kind = "varchar", amount = "integer" }}

[source.file.kinds]
path = "kinds.csv"

[sql.sliced]
query = '''{query}'''
build = {{ mode = "interval", column = "time", grain = "{self.grain}", start = {self.start.isoformat()}{more} }}

[sql.reader]
query = "select count(*) as n from sliced"
"""

    def wanted(self) -> Ranges:
        start, end = floor(self.start, self.grain), floor(self.now, self.grain)
        return (Range(start, end),) if start < end else ()

    def from_nothing(self) -> Counter[str]:
        query, _ = self.sql()
        rows: Counter[str] = Counter()
        with duckdb.connect() as connection:
            connection.execute("CREATE TABLE events (id INTEGER, placed TIMESTAMP, kind VARCHAR, amount INTEGER)")
            if self.events:
                connection.executemany("INSERT INTO events VALUES (?, ?, ?, ?)", self.events)
            connection.execute("CREATE TABLE kinds (kind VARCHAR, label VARCHAR)")
            connection.executemany("INSERT INTO kinds VALUES (?, ?)", list(self.kinds.items()))
            for one in cut(self.wanted(), self.grain, 1):
                values = {"start": typed_literal(one.start, "TIMESTAMP"), "end": typed_literal(one.end, "TIMESTAMP")}
                rows.update(map(str, connection.execute(fill_parameters(query, values).text).fetchall()))
        return rows


@pytest.mark.law
@settings(deadline=None, max_examples=max(3, PROOF_STEPS // 10), suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10**9))
def test_the_table_is_its_query_from_nothing(
    seed: int, tmp_path_factory: pytest.TempPathFactory, progress_at_once: None
) -> None:
    _walk(tmp_path_factory.mktemp("walk"), random.Random(seed), steps=8)


def _walk(root: Path, chance: random.Random, steps: int) -> None:
    project = Project(root)
    world = World(project, chance)
    done: list[str] = []
    try:
        world.other_query()
        world.other_grain()
        for _ in range(4):
            world.late_row()
        for _ in range(steps):
            done.append(world.step())
            if chance.random() < 0.3:
                done.append(world.step())
            world.write()
            world.apply(done)
            assert world.covered() == world.wanted(), done
            assert world.shown() == world.from_nothing(), done
            assert project.rows("shop.reader") == [(sum(world.shown().values()),)], done
            assert project.plan().empty, done
    finally:
        project.close()
