"""Whatever happens to an asset that is made upon its own past: its table is its query, interval by interval, from
nothing, each over the rows of those before."""

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
from tests.promises.sliced import BOOM, START, Sliced
from tests.proof_steps import PROOF_STEPS
from tests.run.conftest import Project

from vibepiper_interpreter.engines.duckdb.parameters import fill_parameters, typed_literal
from vibepiper_interpreter.grains import ceil, cut, floor
from vibepiper_interpreter.plan.asked import Asked
from vibepiper_interpreter.storage.slices import Range, Ranges, common
from vibepiper_spec.diagnostics import DiagnosticError

_AMOUNT = f"case when e.amount = {BOOM} then error('boom') else e.amount end"
_NOW = f"select e.kind, {_AMOUNT} as amount from events e where e.placed >= $start and e.placed < $end"
# What is written, and the columns of the result beside its time.
QUERIES = (
    # a balance upon the one of the interval before
    (
        "select kind, $start as time, cast(sum(amount) as bigint) as total, count(*)::bigint as n from ("
        f"select kind, total as amount from sliced where time >= $start - interval {{back}} union all {_NOW}"
        ") group by kind",
        {"kind": "varchar", "time": "timestamp", "total": "bigint", "n": "bigint"},
    ),
    # the highest that there ever was
    (
        f"select $start as time, greatest((select max(total) from sliced), max(amount))::bigint as total from ({_NOW})",
        {"time": "timestamp", "total": "bigint"},
    ),
    # two intervals back, and only where something happens
    (
        "select kind, $start as time, (count(*) + (select count(*) from sliced where time >= $start - 2 * interval "
        f"{{back}}))::bigint as total from ({_NOW}) group by kind",
        {"kind": "varchar", "time": "timestamp", "total": "bigint"},
    ),
    # one column of it is made of another one of before
    (
        "select $start as time, coalesce(sum(amount), 0)::bigint as total, coalesce((select max(total) from sliced "
        f"where time >= $start - interval {{back}}), 0)::bigint as n from ({_NOW})",
        {"time": "timestamp", "total": "bigint", "n": "bigint"},
    ),
)


@dataclass
class World(Sliced):
    """What a user can change, and what follows from it."""

    events: list[tuple[datetime, str, int]] = field(default_factory=list)
    query: int = 0
    end: datetime | None = None

    def step(self) -> str:
        change = self.chance.choice(
            [
                *[self.late_row] * 5,
                *[self.edit_row] * 3,
                self.swap_rows,
                self.drop_row,
                self.broken_row,
                self.time_passes,
                self.time_passes,
                self.move_start,
                self.move_end,
                self.other_query,
                self.other_grain,
            ]
        )
        change()
        return change.__name__

    def late_row(self) -> None:
        self.events.append((self.moment(), self.chance.choice("ab"), self.chance.randint(1, 5)))

    def edit_row(self) -> None:
        if self.events:
            which = self.chance.randrange(len(self.events))
            placed, kind, amount = self.events[which]
            self.events[which] = (self.moment() if self.chance.random() < 0.5 else placed, kind, amount % 7 + 1)

    def swap_rows(self) -> None:
        """So that an interval differs and the next one does not."""
        placed = self.moment()
        self.events += [(placed, "a", 4), (placed + timedelta(days=1), "a", -4)]

    def drop_row(self) -> None:
        if self.events:
            self.events.pop(self.chance.randrange(len(self.events)))

    def broken_row(self) -> None:
        self.events.append((self.moment(), "a", BOOM))

    def mend(self) -> None:
        self.events = [(placed, kind, 1 if amount == BOOM else amount) for placed, kind, amount in self.events]

    def move_end(self) -> None:
        self.end = self.chance.choice((None, self.start + timedelta(days=self.chance.randint(1, 4))))

    def other_query(self) -> None:
        self.query = self.chance.randrange(len(QUERIES))

    def other_grain(self) -> None:
        self.grain = self.chance.choice(("day", "day", "half_hour" if self.chance.random() < 0.1 else "day", "week"))

    def sql(self) -> str:
        back = {"day": "1 day", "half_hour": "30 minutes", "week": "7 days"}[self.grain]
        return QUERIES[self.query][0].replace("{back}", back)

    def specs(self) -> str:
        if self.end is not None and self.end <= self.start:
            self.end = None
        rows = [f"{placed:%Y-%m-%d %H:%M:%S},{kind},{amount}" for placed, kind, amount in self.events]
        self.project.write("events.csv", "\n".join(["placed,kind,amount", *rows]) + "\n")
        end = "" if self.end is None else f", end = {self.end.isoformat()}"
        columns = "\n".join(f'columns.{name} = "{kind}"' for name, kind in QUERIES[self.query][1].items())
        return f"""
[source.file.events]
path = "events.csv"
columns = {{ placed = "timestamp", kind = "varchar", amount = "bigint" }}

[sql.sliced]
query = \"\"\"{self.sql()}\"\"\"
build = {{ mode = "interval", column = "time", grain = "{self.grain}", start = {self.start.isoformat()}{end} }}
{columns}

[sql.reader]
query = "select count(*) as n, sum(total) as total from sliced"
"""

    def wanted(self) -> Ranges:
        start, end = floor(self.start, self.grain), floor(self.now, self.grain)
        if self.end is not None:
            end = min(end, ceil(self.end, self.grain))
        return (Range(start, end),) if start < end else ()

    def from_nothing(self, wanted: Ranges) -> Counter[str]:
        """The same by the engine alone: an empty table, and the intervals in order."""
        with duckdb.connect() as connection:
            connection.execute("CREATE TABLE events (placed TIMESTAMP, kind VARCHAR, amount BIGINT)")
            if self.events:
                connection.executemany("INSERT INTO events VALUES (?, ?, ?)", self.events)
            columns = ", ".join(f"{name} {kind}" for name, kind in QUERIES[self.query][1].items())
            connection.execute(f"CREATE TABLE sliced ({columns})")
            for one in cut(wanted, self.grain, 1):
                values = {"start": typed_literal(one.start, "TIMESTAMP"), "end": typed_literal(one.end, "TIMESTAMP")}
                connection.execute(f"INSERT INTO sliced {fill_parameters(self.sql(), values).text}")
            return Counter(map(str, connection.execute("FROM sliced").fetchall()))

    def bounds(self) -> Asked:
        """What somebody may ask for: a part of the time, or to make a part of it anew."""
        start = START + timedelta(days=self.chance.randint(-1, 4))
        end = start + timedelta(days=self.chance.randint(1, 3))
        return Asked(
            start if self.chance.random() < 0.7 else None,
            end if self.chance.random() < 0.7 else None,
            ("sliced",) if self.chance.random() < 0.5 else (),
        )


@pytest.mark.law
@settings(deadline=None, max_examples=max(3, PROOF_STEPS // 10), suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10**9))
def test_the_table_is_made_in_order_from_nothing(
    seed: int, tmp_path_factory: pytest.TempPathFactory, progress_at_once: None
) -> None:
    _walk(tmp_path_factory.mktemp("walk"), random.Random(seed), steps=8)


def _walk(root: Path, chance: random.Random, steps: int) -> None:
    project = Project(root)
    world = World(project, chance)
    done: list[str] = []
    try:
        world.other_query()
        for _ in range(4):
            world.late_row()
        for _ in range(steps):
            done.append(world.step())
            if chance.random() < 0.3:
                done.append(world.step())
            world.write()
            if chance.random() < 0.3:
                asked = world.bounds()
                done.append(" ".join(asked.words()))
                if _does(project, asked):
                    # It is no hole and no other past, whatever was asked for.
                    covered = world.covered()
                    assert covered == common(covered, world.wanted()), done
                    assert not covered or (len(covered) == 1 and covered[0].start == world.wanted()[0].start), done
                    assert world.shown() == world.from_nothing(covered), done
            world.apply(done)
            assert world.covered() == world.wanted(), done
            assert world.shown() == world.from_nothing(world.wanted()), done
            assert project.rows("shop.reader")[0][0] == sum(world.shown().values()), done
            assert project.plan().empty, done
    finally:
        project.close()


def _does(project: Project, asked: Asked) -> bool:
    """Whether what is asked for can be planned, and succeeds."""
    try:
        plan = project.plan(asked=asked)
    except DiagnosticError as error:
        assert [found.code for found in error.diagnostics] == ["VP207"]  # nothing of then is to be made anew
        return False
    return project.apply(plan).status == "succeeded"
