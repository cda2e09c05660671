"""A project whose assets are built bit by bit: what a user can change in it, and what each query of it gives.

What is asked of a table is asked of plain DuckDB, interval by interval and value by value, over the rows of now. What
goes on with its own past is asked of `Past`: a replay, in plain Python, of what the inputs showed at each apply.
"""

from __future__ import annotations

from collections import Counter
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import duckdb
from tests.run.test_history_laws import State, replay

START = datetime(2024, 1, 1)
Row = tuple[str | None, ...]
Table = tuple[tuple[str, ...], Counter[Row]]

SOURCES = ("sales", "kinds", "events")
# In an order in which each reads only what stands before it.
SLICED = ("daily", "of_daily", "parts")
PAST = ("merged", "merged_days", "latest", "log", "snaps", "history")
PLAIN = ("by_kind", "shown", "of_merged", "second", "open")
_BACK = {"day": "1 day", "month": "1 month"}


def month_after(day: datetime) -> datetime:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def floor(time: datetime, grain: str) -> datetime:
    day = datetime(time.year, time.month, time.day)
    return day if grain == "day" else day.replace(day=1)


def next_after(time: datetime, grain: str) -> datetime:
    return time + timedelta(days=1) if grain == "day" else month_after(time)


@dataclass
class Slices:
    """The settings of an asset that is built by interval."""

    grain: str = "day"
    start: datetime = START
    end: datetime | None = None

    def build(self, lookback: int = 0) -> str:
        end = f", end = {self.end.isoformat()}" if self.end else ""
        back = f", lookback = {lookback}" if lookback else ""
        return (
            f'{{ mode = "interval", column = "time", grain = "{self.grain}", '
            f"start = {self.start.isoformat()}{end}{back} }}"
        )

    def wanted(self, now: datetime) -> list[tuple[datetime, datetime]]:
        found = []
        begin = floor(self.start, self.grain)
        while (until := next_after(begin, self.grain)) <= now and (self.end is None or begin < self.end):
            found.append((begin, until))
            begin = until
        return found


@dataclass
class World:
    """What a user can change."""

    chance: Random
    rows: list[tuple[int, datetime, str, int, bool]] = field(default_factory=list)
    kinds: dict[str, str] = field(default_factory=lambda: {"a": "first", "b": "second"})
    files: list[list[tuple[int, str, int]]] = field(default_factory=lambda: [[(1, "a", 1)]])
    now: datetime = START + timedelta(days=3, hours=5)
    names: dict[str, str] = field(default_factory=dict)
    blocks: list[str] = field(default_factory=list)
    fresh: Any = field(default_factory=count)
    daily: Slices = field(default_factory=Slices)
    of_daily: Slices = field(default_factory=Slices)
    shape: str = "sums"
    as_table: bool = False
    filtered: bool = False
    more: bool = False
    values: list[str] | None = None
    parts_joined: bool = False
    flag: bool = True
    updates: bool = False
    merged_as_table: bool = False
    timed: bool = False
    factor: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.names = {name: name for name in (*SOURCES, *SLICED, *PAST, *PLAIN)}
        self.factor = dict.fromkeys(PAST, 1)

    # Edits

    def edit(self) -> str:
        edits = (
            *[self.late_rows] * 4,
            *[self.change_row] * 3,
            *(self.drop_row, self.time_passes, self.time_passes, self.other_kind, self.other_kind),
            *(self.new_events, self.new_events, self.other_shape, self.other_filter, self.other_columns),
            *(self.move_bounds, self.move_other_bounds, self.other_mode, self.other_merge, self.other_merge),
            *(self.other_values, self.other_partition, self.other_history, self.other_factor, self.rename),
        )
        edit = self.chance.choice(edits)
        edit()
        return edit.__name__

    def moment(self) -> datetime:
        hours = int((self.now - START) / timedelta(hours=1)) + 10
        return START + timedelta(hours=self.chance.randint(-30, hours), minutes=self.chance.choice((0, 0, 30)))

    def late_rows(self) -> None:
        for _ in range(self.chance.randint(1, 4)):
            kind, amount, gone = self.chance.choice("abc"), self.chance.randint(1, 5), self.chance.random() < 0.1
            self.rows.append((self.chance.randint(1, 9), self.moment(), kind, amount, gone))

    def change_row(self) -> None:
        if not self.rows:
            return
        which = self.chance.randrange(len(self.rows))
        number, placed, kind, amount, gone = self.rows[which]
        match self.chance.randrange(4):
            case 0:
                placed = self.moment()
            case 1:
                kind = self.chance.choice("abcd")
            case 2:
                gone = not gone
            case _:
                amount += 1
        self.rows[which] = (number, placed, kind, amount, gone)

    def drop_row(self) -> None:
        for _ in range(self.chance.randint(1, 3)):
            if self.rows:
                self.rows.pop(self.chance.randrange(len(self.rows)))

    def time_passes(self) -> None:
        self.now += timedelta(days=self.chance.choice((0, 1, 1, 2, 3, 30)), hours=self.chance.randint(0, 20))

    def other_kind(self) -> None:
        kind = self.chance.choice("abcd")
        if self.kinds.pop(kind, None) is None or self.chance.random() < 0.6:
            self.kinds[kind] = self.chance.choice(("x", "y", "z"))

    def new_events(self) -> None:
        numbers = range(self.chance.randint(1, 3))
        self.files.append(
            [(self.chance.randint(1, 6), self.chance.choice("abc"), self.chance.randint(1, 5)) for _ in numbers]
        )

    def other_shape(self) -> None:
        self.shape = self.chance.choice(("rows", "sums", "labels", "back", "back unsaid"))

    def other_filter(self) -> None:
        self.filtered = not self.filtered

    def other_columns(self) -> None:
        self.more = not self.more

    def _bounds(self, grain: str) -> Slices:
        start = START + timedelta(days=self.chance.choice((-32, -1, 0, 0, 1, 2, 5)))
        end = START + timedelta(days=self.chance.randint(8, 50)) if self.chance.random() < 0.3 else None
        return Slices(grain, start, end)

    def move_bounds(self) -> None:
        self.daily = self._bounds(self.daily.grain if self.chance.random() < 0.7 else self.chance.choice(list(_BACK)))

    def move_other_bounds(self) -> None:
        self.of_daily = self._bounds(self.chance.choice(list(_BACK)))

    def other_mode(self) -> None:
        self.as_table = not self.as_table

    def other_merge(self) -> None:
        match self.chance.randrange(3):
            case 0:
                self.flag = not self.flag
            case 1:
                self.updates = not self.updates
            case _:
                self.merged_as_table = not self.merged_as_table

    def other_values(self) -> None:
        self.values = None if self.chance.random() < 0.4 else self.chance.sample("abcd", self.chance.randint(1, 4))

    def other_partition(self) -> None:
        self.parts_joined = not self.parts_joined

    def other_history(self) -> None:
        self.timed = not self.timed

    def other_factor(self) -> None:
        self.factor[self.chance.choice(PAST)] = self.chance.randint(1, 3)

    def rename(self) -> None:
        which = self.chance.choice(list(self.names))
        if any(f'"{self.names[which]}"' in block for block in self.blocks):
            return
        new = f"{which}_{next(self.fresh)}"
        self.blocks.append(f'[[moved]]\nfrom = "{self.names[which]}"\nto = "{new}"\n')
        self.names[which] = new

    # What is written

    def query(self, name: str) -> str:
        n = self.names
        factor = self.factor.get(name, 1)
        match name:
            case "daily":
                return self._daily()
            case "of_daily":
                return (
                    f"select time, count(*) as n, cast(sum(s) as bigint) as s from {n['daily']} "
                    "where time >= $start and time < $end group by 1"
                )
            case "parts" if self.parts_joined:
                return (
                    f"select r.kind, k.label, r.id from {n['sales']} r left join {n['kinds']} k on k.kind = r.kind "
                    "where r.kind = $partition"
                )
            case "parts":
                return (
                    f"select kind, cast(sum(amount) as bigint) as s, count(*) as n from {n['sales']} "
                    "where kind = $partition group by kind"
                )
            case "merged":
                flag = ", bool_or(gone) as gone" if self.flag else ""
                return (
                    f"select id, max(kind) as kind, cast(sum(amount) * {factor} as bigint) as amount{flag} "
                    f"from {n['sales']} group by id"
                )
            case "merged_days":
                return f"select time, kind, cast(sum(s) * {factor} as bigint) as s from {n['daily']} group by all"
            case "latest":
                return f"select id, max(amount) * {factor} as amount from {n['events']} as e group by id"
            case "log":
                return (
                    f"select e.id, k.label, e.amount * {factor} as amount "
                    f"from {n['events']} as e left join {n['kinds']} as k on k.kind = e.kind"
                )
            case "snaps":
                return f"select kind, label, {factor} as factor from {n['kinds']}"
            case "history":
                timed = ", max(placed) as placed" if self.timed else ""
                return (
                    f"select id, max(kind) as kind, cast(sum(amount) * {factor} as bigint) as amount{timed} "
                    f"from {n['sales']} group by id"
                )
            case "by_kind":
                return f"select kind, count(*) as n, cast(sum(s) as bigint) as s from {n['daily']} group by 1"
            case "shown":
                return f"select * from {n['daily']} where s > 2"
            case "of_merged":
                return f"select kind, count(*) as n, max(amount) as amount from {n['merged']} group by 1"
            case "second":
                return f"select id, amount + 1 as amount from {n['log']}"
            case _:
                return f"select id, amount from {n['history']} where valid_to is null"

    def _daily(self) -> str:
        sales, kinds = self.names["sales"], self.names["kinds"]
        kind = "coalesce(k.label, 'none')" if self.shape == "labels" else "r.kind"
        more = f", upper({kind}) as big" if self.more else ""
        join = f" left join {kinds} as k on k.kind = r.kind" if self.shape == "labels" else ""
        where = " and r.amount > 2" if self.filtered else ""
        time, amount, group = "r.placed", "cast(sum(r.amount) as bigint)", " group by all"
        bounds = "r.placed >= $start and r.placed < $end"
        if self.shape in ("rows", "labels"):
            amount, group = "cast(r.amount as bigint)", ""
        if self.as_table:
            bounds = "r.amount >= 0"
        elif self.looks_back:
            time = "$start"
            bounds = f"r.placed >= $start - interval '{_BACK[self.daily.grain]}' and r.placed < $end"
        return (
            f"select {time} as time, {kind} as kind, {amount} as s{more} from {sales} as r{join} "
            f"where {bounds}{where}{group}"
        )

    @property
    def looks_back(self) -> bool:
        return self.shape.startswith("back") and not self.as_table

    def build(self, name: str) -> str:
        match name:
            case "daily" if self.as_table:
                return '"table"'
            case "daily":
                return self.daily.build(1 if self.shape == "back" else 0)
            case "of_daily":
                return self.of_daily.build()
            case "parts":
                listed = f"values = {self.values}" if self.values else f'values_of = "{self.names["kinds"]}.kind"'
                return f'{{ mode = "partition", column = "kind", {listed} }}'
            case "merged" if self.merged_as_table:
                return '"table"'
            case "merged":
                flag = ', delete_flag = "gone"' if self.flag else ""
                updates = ', update_columns = ["amount"]' if self.updates else ""
                return f'{{ mode = "merge", key = ["id"]{flag}{updates} }}'
            case "merged_days":
                return '{ mode = "merge", key = ["time", "kind"] }'
            case "latest":
                return '{ mode = "merge", key = ["id"] }'
            case "history":
                return '{ mode = "scd2", key = ["id"]' + (', updated_at = "placed"' if self.timed else "") + " }"
            case "log" | "snaps" | "second":
                return '"append"'
            case "shown":
                return '"view"'
            case _:
                return '"table"'

    def text(self) -> str:
        n = self.names
        found = [
            f'[source.file.{n["sales"]}]\npath = "sales.csv"\ncolumns = {{ id = "integer", placed = "timestamp", '
            'kind = "varchar", amount = "integer", gone = "boolean" }\n',
            f'[source.file.{n["kinds"]}]\npath = "kinds.csv"\ncolumns = {{ kind = "varchar", label = "varchar" }}\n',
            f'[source.file.{n["events"]}]\npath = "events/*.csv"\nwrite = "append"\ncursor = {{ by = "name" }}\n'
            'columns = { id = "integer", kind = "varchar", amount = "integer" }\n',
        ]
        for name in (*SLICED, *PAST, *PLAIN):
            found.append(f"[sql.{n[name]}]\nquery = '''{self.query(name)}'''\nbuild = {self.build(name)}\n")
        return "\n".join([*found, *self.blocks])

    def write(self, root: Path) -> None:
        rows = [f"{number},{placed},{kind},{amount},{gone}" for number, placed, kind, amount, gone in self.rows]
        (root / "sales.csv").write_text("\n".join(["id,placed,kind,amount,gone", *rows]) + "\n")
        labels = [f"{kind},{label}" for kind, label in sorted(self.kinds.items())]
        (root / "kinds.csv").write_text("\n".join(["kind,label", *labels]) + "\n")
        (root / "events").mkdir(exist_ok=True)
        for number, events in enumerate(self.files):
            file = root / "events" / f"{number:05}.csv"
            if not file.exists():
                file.write_text("id,kind,amount\n" + "".join(f"{a},{b},{c}\n" for a, b, c in events))
        (root / "shop.vp.toml").write_text(f'[pipeline]\nname = "shop"\n{self.text()}')

    def definition(self, name: str) -> str:
        """What an asset means, whatever it and others are called."""
        names, self.names = self.names, {name: name for name in self.names}
        try:
            return f"{self.query(name)} {self.build(name)}"
        finally:
            self.names = names


_epochs = count()


@dataclass
class Kept:
    """A table that goes on with its own past."""

    definition: str
    columns: tuple[tuple[str, str], ...]
    epoch: int
    rows: Counter[Row] = field(default_factory=Counter)
    states: dict[str, list[State]] = field(default_factory=dict)
    seen: int = 0  # rows of `events`
    given: Counter[Row] | None = None  # what a log of snapshots was given last


@dataclass
class Past:
    """The tables of one environment that go on with their own past."""

    tables: dict[str, Kept] = field(default_factory=dict)

    def taken_over(self, other: Past, world: World) -> None:
        """What another environment has, where it goes on with what is here, or nothing here means the same."""
        for name, theirs in other.tables.items():
            mine = self.tables.get(name)
            if mine is None or mine.epoch == theirs.epoch or mine.definition != world.definition(name):
                self.tables[name] = deepcopy(theirs)


class Truth:
    """What every asset must show now, and how its past goes on."""

    def __init__(self, world: World, past: Past, asked: frozenset[str] = frozenset()) -> None:
        self.world = world
        self.past = past
        self.asked = asked
        with duckdb.connect() as self.connection:
            self.connection.execute("set TimeZone = 'UTC'")
            self._sources()
            for name in SLICED:
                self._sliced(name)
            for name in PAST:
                self._past(name)
            for name in PLAIN:
                self.connection.execute(f"create table {world.names[name]} as {world.query(name)}")
            self.tables = {name: read(self.connection, name) for name in world.names.values()}

    def _sources(self) -> None:
        n = self.world.names
        one = f"create table {n['sales']} (id integer, placed timestamp, kind varchar, amount integer, gone boolean)"
        self._filled(n["sales"], one, self.world.rows)
        self._filled(
            n["kinds"], f"create table {n['kinds']} (kind varchar, label varchar)", [*self.world.kinds.items()]
        )
        events = [row for file in self.world.files for row in file]
        self._filled(n["events"], f"create table {n['events']} (id integer, kind varchar, amount integer)", events)

    def _filled(self, name: str, create: str, rows: list[Any]) -> None:
        self.connection.execute(create)
        if rows:
            self.connection.executemany(f"insert into {name} values ({', '.join('?' * len(rows[0]))})", rows)

    def _sliced(self, name: str) -> None:
        world = self.world
        query, shown = world.query(name), world.names[name]
        if name == "daily" and world.as_table:
            self.connection.execute(f"create table {shown} as {query}")
            return
        values: list[dict[str, Any]]
        if name == "parts":
            values = [{"partition": value} for value in world.values or world.kinds]
        else:
            wanted = (world.daily if name == "daily" else world.of_daily).wanted(world.now)
            values = [{"start": start, "end": end} for start, end in wanted]
        none = {"partition": ""} if name == "parts" else {"start": START, "end": START}
        self.connection.execute(f"create table {shown} as select * from ({query}) limit 0", none)
        for each in values:
            self.connection.execute(f"insert into {shown} {query}", each)

    def _past(self, name: str) -> None:
        world, shown = self.world, self.world.names[name]
        if name == "merged" and world.merged_as_table:
            self.connection.execute(f"create table {shown} as {world.query(name)}")
            self.past.tables.pop(name, None)
            return
        kept = self.past.tables.get(name)
        definition = world.definition(name)
        if kept is None or kept.definition != definition or name in self.asked:
            described = self.connection.execute(f"describe {world.query(name)}").fetchall()
            kept = Kept(definition, tuple((row[0], row[1]) for row in described), next(_epochs))
        self._go_on(name, kept)
        before = self.past.tables.get(name)
        if before is not None and before.definition == definition and before.rows == kept.rows:
            kept.epoch = before.epoch  # what comes out as it was is kept
        self.past.tables[name] = kept
        columns = [column for column in kept.columns if not (name == "merged" and column[0] == "gone")]
        if name == "history":
            columns += [("valid_from", "timestamptz"), ("valid_to", "timestamptz")]
        self._filled(
            shown,
            f"create table {shown} ({', '.join(f'{column} {kind}' for column, kind in columns)})",
            list(kept.rows.elements()),
        )

    def _go_on(self, name: str, kept: Kept) -> None:
        query = self.world.query(name)
        if name in ("latest", "log"):
            new = [row for file in self.world.files for row in file][kept.seen :]
            kept.seen += len(new)
            self._filled("fresh", "create temp table fresh (id integer, kind varchar, amount integer)", new)
            query = query.replace(f"from {self.world.names['events']} as e", "from fresh as e")
        rows = self.connection.execute(f"select cast(columns(*) as varchar) from ({query})").fetchall()
        if name in ("latest", "log"):
            self.connection.execute("drop table fresh")
        if name == "log":
            kept.rows += Counter(rows)
        elif name == "snaps":
            if kept.given != Counter(rows):
                kept.rows += Counter(rows)
            kept.given = Counter(rows)
        elif name == "history":
            self._go_on_with_history(kept, rows)
        else:
            self._merge(name, kept, rows)

    def _go_on_with_history(self, kept: Kept, rows: list[Row]) -> None:
        now = self.world.now.replace(tzinfo=UTC)
        by_key: dict[str, Row] = {str(row[0]): row for row in rows}
        since = {
            key: datetime.fromisoformat(str(row[3])).replace(tzinfo=UTC) if self.world.timed else now
            for key, row in by_key.items()
        }
        replay(kept.states, by_key, since, now)  # type: ignore[arg-type]
        kept.rows = Counter(
            (*state.row, str(state.since), None if state.until is None else str(state.until))
            for states in kept.states.values()
            for state in states
        )

    def _merge(self, name: str, kept: Kept, rows: list[Row]) -> None:
        length = 2 if name == "merged_days" else 1
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
