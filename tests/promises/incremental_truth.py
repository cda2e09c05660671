"""What every table of an incremental project must show.

What follows from the inputs is asked of plain DuckDB, interval by interval and value by value, over the rows of now.
What goes on with its own past is asked of `Past`: a replay, in plain Python, of what was there at each apply.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

import duckdb
from tests.promises.incremental_world import SALE, SOURCES, START, Sale, World
from tests.run.test_history_laws import State, replay

Row = tuple[str | None, ...]
Table = tuple[tuple[str, ...], Counter[Row]]
Tables = Mapping[str, Table]

_epochs = count()
_TIME = "%Y-%m-%d %H:%M:%S+00"
# Inputs to which rows are only added.
_GROWING = {"latest": "events", "log": "events", "py_log": "events", "second": "log"}


@dataclass
class Kept:
    """A table that goes on with its own past."""

    definition: str
    epoch: int
    rows: Counter[Row] = field(default_factory=Counter)
    states: dict[str, list[State]] = field(default_factory=dict)
    seen: Counter[Row] = field(default_factory=Counter)  # of an input to which rows are only added
    seen_epoch: int | None = None
    given: Counter[Row] | None = None  # what a log of snapshots was given last


@dataclass
class Landed:
    """A source that reads files once, and again if they changed."""

    read: dict[int, list[Sale]] = field(default_factory=dict)
    rows: list[Sale] = field(default_factory=list)


@dataclass
class Past:
    """The tables of one environment that go on with their own past."""

    tables: dict[str, Kept] = field(default_factory=dict)
    landed: dict[str, Landed] = field(default_factory=dict)


class Truth:
    """What every asset must show now, and how its past goes on.

    `asked`: what was asked to be made anew. What begins may take over what was made of the same before (`firsts`), or
    what an `other` environment has; and so may what goes on, if that one goes on with the same table. Whether it did
    is seen by what is there (`shows`).
    """

    def __init__(
        self,
        world: World,
        past: Past,
        other: Past,
        firsts: dict[str, list[Kept]],
        shows: Tables,
        asked: frozenset[str] = frozenset(),
    ) -> None:
        self.world, self.past, self.asked = world, past, asked
        self.other, self.firsts, self.shows = other, firsts, shows
        with duckdb.connect() as self.connection:
            self.connection.execute("set TimeZone = 'UTC'")
            self._sources()
            for name in world.there():
                if name not in SOURCES:
                    self._make(name, world.mode(name))
            self.tables: Tables = {name: read(self.connection, world.names[name]) for name in world.there()}

    # Sources

    def _sources(self) -> None:
        world = self.world
        sale = ", ".join(f"{column} {kind}" for column, kind in SALE)
        self._filled("sales", f"{sale}, gone boolean", world.rows)
        self._filled("kinds", "kind varchar, label varchar", [*world.kinds.items()])
        events = [row for file in world.files for row in file]
        self._filled("events", "id integer, kind varchar, amount integer", events)
        self._filled("orders", sale, self._land("orders", self._merge_sales))
        self._filled("days", sale, self._land("days", self._replacing(lambda row: row[1].date())))
        self._filled("shares", sale, self._land("shares", self._replacing(lambda row: row[2])))
        given = f"select kind, label from {world.names['kinds']}"
        kept = self._kept("known", "")
        self._history(kept, "known", self.connection.execute(given).fetchall())
        self._show("known", self._keep("known", kept), given)

    def _land(self, name: str, take_up: Callable[[list[Sale], list[list[Sale]]], list[Sale]]) -> list[Sale]:
        if name in self.asked:
            self.past.landed.pop(name, None)
        landed = self.past.landed.setdefault(name, Landed())
        there = dict(enumerate(self.world.landed))
        new = {number: rows for number, rows in there.items() if landed.read.get(number) != rows}
        landed.rows = take_up(landed.rows, list(new.values()))
        landed.read |= {number: list(rows) for number, rows in new.items()}
        return landed.rows

    @staticmethod
    def _merge_sales(there: list[Sale], files: list[list[Sale]]) -> list[Sale]:
        by_id = {row[0]: row for rows in (there, *files) for row in rows}
        return list(by_id.values())

    @staticmethod
    def _replacing(slice_of: Callable[[Sale], object]) -> Callable[[list[Sale], list[list[Sale]]], list[Sale]]:
        def replace(there: list[Sale], files: list[list[Sale]]) -> list[Sale]:
            came = [row for rows in files for row in rows]
            slices = {slice_of(row) for row in came}
            return [*(row for row in there if slice_of(row) not in slices), *came]

        return replace

    def _filled(self, name: str, columns: str, rows: list[Any]) -> None:
        shown = self.world.names.get(name, name)
        self.connection.execute(f"create or replace temp table {shown} ({columns})")
        if rows:
            self.connection.executemany(f"insert into {shown} values ({', '.join('?' * len(rows[0]))})", rows)

    # What is made of them

    def _make(self, name: str, mode: str) -> None:
        world = self.world
        query, shown = world.query(name), world.names[name]
        if mode in ("table", "view"):
            self.past.tables.pop(name, None)
            self.connection.execute(f"create temp table {shown} as {query}")
        elif mode in ("interval", "partition"):
            self.past.tables.pop(name, None)
            values: list[dict[str, Any]] = [{"partition": value} for value in world.partitions(name)]
            none: dict[str, Any] = {"partition": ""}
            if mode == "interval":
                wanted = world.slices(name).wanted(world.now)
                values = [{"start": start, "end": end} for start, end in wanted]
                none = {"start": START, "end": START}
            self.connection.execute(f"create temp table {shown} as select * from ({query}) limit 0", none)
            for each in values:
                self.connection.execute(f"insert into {shown} {query}", each)
        else:
            kept = self._kept(name, world.definition(name))
            self._go_on(name, mode, kept)
            self._show(name, self._keep(name, kept), query)

    def _kept(self, name: str, definition: str) -> Kept:
        kept = self.past.tables.get(name)
        if kept is not None and kept.definition == definition and name not in self.asked:
            grows = self.past.tables.get(_GROWING.get(name, ""))
            if grows is None or kept.seen_epoch == grows.epoch:
                return kept
        return Kept(definition, next(_epochs))

    def _keep(self, name: str, kept: Kept) -> Kept:
        before = self.past.tables.get(name)
        begins = before is None or before.definition != kept.definition
        if before is not None and not begins and before.rows == kept.rows:
            kept.epoch = before.epoch  # what comes out as it was is kept
        shown = self.shows.get(name, ((), kept.rows))[1]
        theirs = self.other.tables.get(name)
        found = []
        if theirs is not None and (begins or (before is not None and before.epoch == theirs.epoch)):
            found.append(theirs)
        if begins:
            # The same was made before, at another time or with more of a past.
            found += self.firsts.setdefault(name, [])
        fits = [each for each in found if each.definition == kept.definition and each.rows == shown]
        if fits and (begins or shown != kept.rows):
            kept = deepcopy(fits[0])
        elif begins:
            self.firsts[name].append(deepcopy(kept))
        self.past.tables[name] = kept
        return kept

    def _show(self, name: str, kept: Kept, query: str) -> None:
        described = self.connection.execute(f"describe {query}").fetchall()
        columns = [(row[0], row[1]) for row in described if (name, row[0]) != ("merged", "gone")]
        if self.world.mode(name) == "scd2":
            columns += [("valid_from", "timestamptz"), ("valid_to", "timestamptz")]
        self._filled(name, ", ".join(f"{column} {kind}" for column, kind in columns), list(kept.rows.elements()))

    def _go_on(self, name: str, mode: str, kept: Kept) -> None:
        query, growing = self.world.query(name), _GROWING.get(name)
        if growing is not None:
            self._only_news(kept, growing)
            query = query.replace(f"from {self.world.names[growing]}", "from fresh")
        rows = self.connection.execute(f"select cast(columns(*) as varchar) from ({query})").fetchall()
        if mode == "merge":
            self._merge(name, kept, rows)
        elif mode == "scd2":
            self._history(kept, name, rows)
        elif growing is not None:
            kept.rows += Counter(rows)
        else:
            # A log of snapshots: all of it again whenever anything that is used of an input differs.
            given = Counter(rows) if name == "snaps" else self._used_by_flex()
            if kept.given != given:
                kept.rows += Counter(rows)
            kept.given = given

    def _used_by_flex(self) -> Counter[Row]:
        used = f"select cast(columns(*) as varchar) from {self.world.names['sales']}"
        return Counter(row[:4] for row in self.connection.execute(used).fetchall())

    def _only_news(self, kept: Kept, name: str) -> None:
        shown = self.world.names[name]
        self.connection.execute(f"create or replace temp table fresh as select * from {shown} limit 0")
        there = Counter(self.connection.execute(f"from {shown}").fetchall())
        new = list((there - kept.seen).elements())
        if new:
            self.connection.executemany(f"insert into fresh values ({', '.join('?' * len(new[0]))})", new)
        kept.seen = there
        above = self.past.tables.get(name)
        kept.seen_epoch = None if above is None else above.epoch

    def _history(self, kept: Kept, name: str, rows: list[Row]) -> None:
        now = self.world.now.replace(tzinfo=UTC)
        by_key: dict[str, Row] = {str(row[0]): row for row in rows}
        timed = name == "history" and self.world.timed
        since = {
            key: datetime.fromisoformat(str(row[3])).replace(tzinfo=UTC) if timed else now
            for key, row in by_key.items()
        }
        replay(kept.states, by_key, since, now)  # type: ignore[arg-type]
        kept.rows = Counter(
            (*state.row, f"{state.since:{_TIME}}", None if state.until is None else f"{state.until:{_TIME}}")
            for states in kept.states.values()
            for state in states
        )

    def _merge(self, name: str, kept: Kept, rows: list[Row]) -> None:
        length = len(self.world.key(name))
        there = {row[:length]: row for row in kept.rows}
        for row in rows:
            key = row[:length]
            if name == "merged" and self.world.flag:
                *first, gone = row
                row = tuple(first)
                if gone == "true":
                    there.pop(key, None)
                    continue
            if name == "merged" and self.world.updates and key in there:
                row = (*there[key][:2], row[2])
            there[key] = row
        kept.rows = Counter(there.values())


def read(connection: duckdb.DuckDBPyConnection, name: str) -> Table:
    cursor = connection.execute(f"select cast(columns(*) as varchar) from {name}")
    columns = tuple(column[0] for column in cursor.description or ())
    return columns, Counter(cursor.fetchall())
