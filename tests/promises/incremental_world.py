"""A project whose assets are built bit by bit: what a user can change in it, and what is written down of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

START = datetime(2024, 1, 1)
# The columns of what is sold, as they lie in files.
SALE = (("id", "integer"), ("placed", "timestamp"), ("kind", "varchar"), ("amount", "integer"))
Sale = tuple[int, datetime, str, int]

SOURCES = ("sales", "kinds", "events", "orders", "days", "shares", "known")
# In an order in which each reads only what stands before it.
QUERIES = (
    *("daily", "of_daily", "parts", "moved_days", "per_kind", "flex", "flex_days"),
    *("merged", "merged_days", "latest", "log", "snaps", "history"),
    *("by_kind", "peaks", "tops", "shown", "of_merged", "second", "open", "of_orders", "of_known", "of_flex"),
)
FUNCTIONS = ("py_days", "py_parts", "py_merged", "py_log")
ASSETS = (*QUERIES, *FUNCTIONS)
# Those that nobody reads and that have no past: they come and go.
OPTIONAL = (
    *("of_daily", "parts", "moved_days", "per_kind", "flex_days", "tops", "shown", "of_merged"),
    *("of_orders", "of_known", "of_flex", "py_days", "py_parts"),
)
FACTORS = ("merged", "merged_days", "latest", "log", "snaps", "history", "flex", "peaks", "of_orders", *FUNCTIONS)
RENAMED_COLUMNS = {
    "by_kind": ("kind", "n", "s"),
    "tops": ("n",),
    "of_merged": ("kind", "n", "amount"),
    "of_flex": ("kind", "n"),
    # These have a past of their own, or are built slice by slice.
    "merged": ("amount",),
    "flex": ("amount",),
}
SHAPES = ("rows", "sums", "labels", "back", "back unsaid")  # of what is made by the day
FLEX = ("table", "view", "merge", "append", "scd2", "interval", "partition")
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
    landed: list[list[Sale]] = field(default_factory=lambda: [[(1, START, "a", 1)]])
    now: datetime = START + timedelta(days=3, hours=5)
    names: dict[str, str] = field(default_factory=dict)
    # By asset and the name that is written below: how a column is called, and which one it is for those who read it.
    columns: dict[tuple[str, str], str] = field(default_factory=dict)
    identities: dict[tuple[str, str], str] = field(default_factory=dict)
    present: set[str] = field(default_factory=set)
    blocks: list[str] = field(default_factory=list)
    fresh: Any = field(default_factory=count)
    daily: Slices = field(default_factory=Slices)
    of_daily: Slices = field(default_factory=Slices)
    py_days: Slices = field(default_factory=Slices)
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
    looking_back: bool = False
    flex: str = "table"
    factor: dict[str, int] = field(default_factory=dict)
    # Whether a file that was read has changed: from then on, who reads when makes a difference.
    landed_changed: bool = False

    def __post_init__(self) -> None:
        self.names = {name: name for name in (*SOURCES, *ASSETS)}
        self.factor = dict.fromkeys(FACTORS, 1)
        self.columns = {(name, column): column for name, columns in RENAMED_COLUMNS.items() for column in columns}
        self.identities = dict(self.columns)
        self.flex, self.shape = self.chance.choice(FLEX), self.chance.choice(SHAPES)
        self.looking_back, self.timed, self.flag = (self.chance.random() < 0.5 for _ in range(3))
        self.present = {name for name in OPTIONAL if self.chance.random() < 0.6}
        for _ in range(4):
            self.late_rows()

    def there(self) -> list[str]:
        """The assets that there are now, in order."""
        return [*SOURCES, *(name for name in ASSETS if name not in OPTIONAL or name in self.present)]

    # Edits

    def edit(self) -> str:
        edits: tuple[Callable[[], None], ...] = (
            *[self.late_rows] * 4,
            *[self.change_row] * 3,
            *(self.drop_row, self.time_passes, self.time_passes, self.other_kind, self.other_kind),
            *(self.new_events, self.new_events, self.land, self.land, self.change_landed),
            *(self.other_shape, self.other_filter, self.other_columns),
            *(self.move_bounds, self.move_bounds, self.move_other_bounds, self.move_other_bounds),
            *(self.other_mode, self.other_merge, self.other_merge, self.other_values, self.other_partition),
            *(self.other_history, self.other_factor, self.other_factor, self.other_flex, self.other_flex),
            *(self.come_or_go, self.come_or_go, self.look_back, self.rename, self.rename_column, self.rename_column),
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

    def _sales(self) -> list[Sale]:
        ids = self.chance.sample(range(1, 7), self.chance.randint(0, 3))
        return [(number, self.moment(), self.chance.choice("abc"), self.chance.randint(1, 5)) for number in ids]

    def land(self) -> None:
        self.landed.append(self._sales())

    def change_landed(self) -> None:
        self.landed[self.chance.randrange(len(self.landed))] = self._sales()
        self.landed_changed = True

    def other_shape(self) -> None:
        self.shape = self.chance.choice(SHAPES)

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
        if self.chance.random() < 0.5:
            self.of_daily = self._bounds(self.chance.choice(list(_BACK)))
        else:
            self.py_days = self._bounds("day")

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
        self.factor[self.chance.choice(FACTORS)] = self.chance.randint(1, 3)

    def other_flex(self) -> None:
        self.flex, self.shape = self.chance.choice(FLEX), self.chance.choice(SHAPES)
        self.looking_back, self.timed, self.flag = (self.chance.random() < 0.5 for _ in range(3))

    def look_back(self) -> None:
        self.looking_back = not self.looking_back

    def come_or_go(self) -> None:
        self.present ^= {self.chance.choice(OPTIONAL)}

    def _moves(self, name: str) -> bool:
        return any(f'"{self.names[name]}"' in block or f'"{self.names[name]}.' in block for block in self.blocks)

    def rename(self) -> None:
        which = self.chance.choice(self.there())
        if self._moves(which):
            return
        new = f"{which}_{next(self.fresh)}"
        self.blocks.append(f'[[moved]]\nfrom = "{self.names[which]}"\nto = "{new}"\n')
        self.names[which] = new

    def rename_column(self) -> None:
        """With a block the rows stay and readers do not notice; without one it is another column."""
        name, column = self.chance.choice(list(self.columns))
        if name not in self.there() or self._moves(name):
            return
        new, before = f"{column}_{next(self.fresh)}", self.columns[name, column]
        if self.chance.random() < 0.7:
            asset = self.names[name]
            self.blocks.append(f'[[moved]]\nfrom = "{asset}.{before}"\nto = "{asset}.{new}"\n')
        else:
            self.identities[name, column] = new
        self.columns[name, column] = new

    # What it is

    def mode(self, name: str) -> str:
        match name:
            case "daily":
                return "table" if self.as_table else "interval"
            case "of_daily" | "moved_days" | "flex_days" | "py_days" | "days":
                return "interval"
            case "parts" | "per_kind" | "py_parts" | "shares":
                return "partition"
            case "flex":
                return self.flex
            case "merged" if self.merged_as_table:
                return "table"
            case "merged" | "merged_days" | "latest" | "peaks" | "py_merged" | "orders":
                return "merge"
            case "log" | "snaps" | "py_log" | "second" | "events":
                return "append"
            case "history" | "known":
                return "scd2"
            case "shown":
                return "view"
            case _:
                return "table"

    def key(self, name: str) -> tuple[str, ...]:
        """Of what is merged, or has a history."""
        match name:
            case "merged_days":
                return ("time", "kind")
            case "peaks" | "py_merged" | "known":
                return ("kind",)
            case _:
                return ("id",)

    def slices(self, name: str) -> Slices:
        return {"daily": self.daily, "of_daily": self.of_daily, "py_days": self.py_days}.get(name, Slices())

    def partitions(self, name: str) -> list[str]:
        if name == "parts" or name == "py_parts":
            return self.values or sorted(self.kinds)
        return ["a", "b", "c"]

    def reads(self, name: str) -> list[str]:
        """Direct inputs of a query or function."""
        words = set(re.findall(r"<(\w+)>", self._query(name)))
        if name in ("parts", "py_parts") and self.values is None:
            words.add("kinds")
        return sorted(words)

    def query(self, name: str) -> str:
        """What it gives; of a function, the query that gives the same."""
        query = re.sub(r"<(\w+)\.(\w+)>", lambda found: self.columns[found[1], found[2]], self._query(name))
        return re.sub(r"<(\w+)>", lambda found: self.names[found[1]], query)

    def definition(self, name: str) -> str:
        """What an asset means, whatever it and others are called. Of a source, what there is to read."""
        match name:
            case "sales":
                return str(self.rows)
            case "kinds" | "known":
                return str(sorted(self.kinds.items()))
            case "events":
                return str(self.files)
            case "orders" | "days" | "shares":
                return str(self.landed)
        names, columns = self.names, self.columns
        self.names, self.columns = {name: name for name in names}, self.identities
        try:
            return f"{self.query(name)} {self.build(name)}"
        finally:
            self.names, self.columns = names, columns

    def _query(self, name: str) -> str:
        """In it `<sales>` stands for the name of an asset, and `<by_kind.n>` for that of a column."""
        factor = self.factor.get(name, 1)
        match name:
            case "daily":
                return self._daily()
            case "of_daily":
                return (
                    "select time, count(*) as n, cast(sum(s) as bigint) as s from <daily> "
                    "where time >= $start and time < $end group by 1"
                )
            case "parts" if self.parts_joined:
                return (
                    "select r.kind, k.label, r.id from <sales> r left join <kinds> k on k.kind = r.kind "
                    "where r.kind = $partition"
                )
            case "parts":
                return (
                    "select kind, cast(sum(amount) as bigint) as s, count(*) as n from <sales> "
                    "where kind = $partition group by kind"
                )
            case "moved_days":
                return (
                    "select date_trunc('day', placed) as time, count(*) as n, cast(sum(amount) as bigint) as s "
                    "from <orders> where placed >= $start and placed < $end group by 1"
                )
            case "per_kind":
                return (
                    "select kind, count(*) as n, max(placed) as last from <shares> where kind = $partition group by 1"
                )
            case "flex":
                return self._flex(factor)
            case "flex_days":
                return (
                    "select f.time, count(*) as n, cast(sum(f.<flex.amount>) as bigint) as amount from <flex> as f "
                    "where f.time >= $start and f.time < $end group by 1"
                )
            case "merged":
                flag = ", bool_or(gone) as gone" if self.flag else ""
                return (
                    f"select id, max(kind) as kind, cast(sum(amount) * {factor} as bigint) as <merged.amount>{flag} "
                    "from <sales> group by id"
                )
            case "merged_days":
                return f"select time, kind, cast(sum(s) * {factor} as bigint) as s from <daily> group by all"
            case "latest":
                return f"select id, max(amount) * {factor} as amount from <events> as e group by id"
            case "log":
                return (
                    f"select e.id, k.label, e.amount * {factor} as amount "
                    "from <events> as e left join <kinds> as k on k.kind = e.kind"
                )
            case "snaps":
                return f"select kind, label, {factor} as factor from <kinds>"
            case "history":
                timed = ", max(placed) as placed" if self.timed else ""
                return (
                    f"select id, max(kind) as kind, cast(sum(amount) * {factor} as bigint) as amount{timed} "
                    "from <sales> group by id"
                )
            case "by_kind":
                return (
                    "select d.kind as <by_kind.kind>, count(*) as <by_kind.n>, cast(sum(d.s) as bigint) as <by_kind.s> "
                    "from <daily> as d group by d.kind"
                )
            case "peaks":
                return (
                    f"select b.<by_kind.kind> as kind, cast(b.<by_kind.n> * {factor} as bigint) as n, "
                    "b.<by_kind.s> as s from <by_kind> as b"
                )
            case "tops":
                return "select max(b.<by_kind.n>) as <tops.n> from <by_kind> as b"
            case "shown":
                return "select * from <daily> where s > 2"
            case "of_merged":
                return (
                    "select m.kind as <of_merged.kind>, count(*) as <of_merged.n>, "
                    "max(m.<merged.amount>) as <of_merged.amount> from <merged> as m group by m.kind"
                )
            case "second":
                return "select id, amount + 1 as amount from <log>"
            case "open":
                return "select id, amount from <history> where valid_to is null"
            case "of_orders":
                return (
                    f"select kind, count(*) as n, cast(sum(amount) * {factor} as bigint) as s from <orders> group by 1"
                )
            case "of_known":
                return "select kind, label from <known> where valid_to is null"
            case "of_flex":
                return "select f.kind as <of_flex.kind>, count(*) as <of_flex.n> from <flex> as f group by f.kind"
            case "py_days":
                back = " - interval '1 day'" if self.looking_back else ""
                return (
                    f"select cast($start as timestamp) as time, kind, cast(sum(amount) * {factor} as bigint) as s "
                    f"from <sales> where placed >= $start{back} and placed < $end group by kind"
                )
            case "py_parts":
                return (
                    f"select kind, cast(id as bigint) as id, cast(amount * {factor} as bigint) as amount from <sales> "
                    "where kind = $partition"
                )
            case "py_merged":
                return f"select kind, cast(sum(s) * {factor} as bigint) as amount from <daily> group by kind"
            case "py_log":
                return (
                    f"select cast(id as bigint) as id, cast(amount * {factor} as bigint) as amount from <events> as e"
                )
            case _:
                raise ValueError(name)

    def _daily(self) -> str:
        kind = "coalesce(k.label, 'none')" if self.shape == "labels" else "r.kind"
        more = f", upper({kind}) as big" if self.more else ""
        join = " left join <kinds> as k on k.kind = r.kind" if self.shape == "labels" else ""
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
            f"select {time} as time, {kind} as kind, {amount} as s{more} from <sales> as r{join} "
            f"where {bounds}{where}{group}"
        )

    def _flex(self, factor: int) -> str:
        if self.flex not in ("interval", "partition"):
            return (
                "select id, max(kind) as kind, max(placed) as time, "
                f"cast(sum(amount) * {factor} as bigint) as <flex.amount> from <sales> group by id"
            )
        bounds = "placed >= $start and placed < $end" if self.flex == "interval" else "kind = $partition"
        return (
            f"select id, kind, placed as time, cast(amount * {factor} as bigint) as <flex.amount> from <sales> "
            f"where {bounds}"
        )

    @property
    def looks_back(self) -> bool:
        return self.shape.startswith("back") and not self.as_table

    def build(self, name: str) -> str:
        match self.mode(name):
            case "interval":
                lookback = (name == "daily" and self.shape == "back") or (name == "py_days" and self.looking_back)
                return self.slices(name).build(int(lookback))
            case "partition":
                listed = f"values = {self.partitions(name)}"
                if name in ("parts", "py_parts") and self.values is None:
                    listed = f'values_of = "{self.names["kinds"]}.kind"'
                return f'{{ mode = "partition", column = "kind", {listed} }}'
            case "merge":
                flag = ', delete_flag = "gone"' if name == "merged" and self.flag else ""
                updates = (
                    f', update_columns = ["{self.columns["merged", "amount"]}"]'
                    if name == "merged" and self.updates
                    else ""
                )
                return f'{{ mode = "merge", key = {list(self.key(name))}{flag}{updates} }}'
            case "scd2":
                timed = ', updated_at = "placed"' if name == "history" and self.timed else ""
                return f'{{ mode = "scd2", key = {list(self.key(name))}{timed} }}'
            case mode:
                return f'"{mode}"'

    # What is written

    def text(self) -> str:
        n = self.names
        sale = ", ".join(f'{column} = "{kind}"' for column, kind in SALE)
        landed = f'path = "landed/*.csv"\ncolumns = {{ {sale} }}\n'
        found = [
            f'[source.file.{n["sales"]}]\npath = "sales.csv"\ncolumns = {{ {sale}, gone = "boolean" }}\n',
            f'[source.file.{n["kinds"]}]\npath = "kinds.csv"\ncolumns = {{ kind = "varchar", label = "varchar" }}\n',
            f'[source.file.{n["events"]}]\npath = "events/*.csv"\nwrite = "append"\ncursor = {{ by = "name" }}\n'
            'columns = { id = "integer", kind = "varchar", amount = "integer" }\n',
            f'[source.file.{n["orders"]}]\n{landed}write = {{ mode = "merge", key = ["id"] }}\n',
            f'[source.file.{n["days"]}]\n{landed}write = {{ mode = "interval", column = "placed", grain = "day" }}\n',
            f'[source.file.{n["shares"]}]\n{landed}write = {{ mode = "partition", column = "kind" }}\n',
            f'[source.file.{n["known"]}]\npath = "kinds.csv"\nwrite = {{ mode = "scd2", key = ["kind"] }}\n'
            'columns = { kind = "varchar", label = "varchar" }\n',
        ]
        for name in self.there():
            if name in QUERIES:
                found.append(f"[sql.{n[name]}]\nquery = '''{self.query(name)}'''\nbuild = {self.build(name)}\n")
            elif name in FUNCTIONS:
                found.append(self._function(name))
        return "\n".join([*found, *self.blocks])

    def _function(self, name: str) -> str:
        [read] = {"py_merged": ["daily"], "py_log": ["events"]}.get(name, ["sales"])
        used, more, given = {
            "py_days": (["placed", "kind", "amount"], ', time_column = "placed"', "time, kind, s"),
            "py_parts": (["kind", "id", "amount"], ', partition_column = "kind"', "kind, id, amount"),
            "py_merged": (["kind", "s"], "", "kind, amount"),
            "py_log": (["id", "amount"], "", "id, amount"),
        }[name]
        types = {"time": "timestamp", "kind": "varchar"}
        columns = ", ".join(f'{each} = "{types.get(each, "bigint")}"' for each in given.split(", "))
        return (
            f'[python.{self.names[name]}]\nfunction = "shop_code:{name}"\n'
            f'inputs.rows = {{ asset = "{self.names[read]}", columns = {used}{more} }}\n'
            f"build = {self.build(name)}\ncolumns = {{ {columns} }}\n"
        )

    def code(self) -> str:
        factor = self.factor
        back = "timedelta(days=1)" if self.looking_back else "timedelta()"
        return f"""
from datetime import timedelta
from pathlib import Path

import pyarrow as pa


def note(call):
    with Path(__file__).with_name("calls.txt").open("a") as file:
        file.write(call + "\\n")


def sums(rows, column, factor):
    found = {{}}
    for row in rows:
        found[row["kind"]] = found.get(row["kind"], 0) + row[column] * factor
    return found


def py_days(rows: pa.Table, context) -> pa.Table:
    note(f"py_days@{{context.start:%Y-%m-%dT%H:%M:%S}}")
    mine = [row for row in rows.to_pylist() if context.start - {back} <= row["placed"] < context.end]
    found = sums(mine, "amount", {factor["py_days"]})
    return pa.table({{
        "time": pa.array([context.start] * len(found), pa.timestamp("us")),
        "kind": pa.array(list(found), pa.string()),
        "s": pa.array(list(found.values()), pa.int64()),
    }})


def py_parts(rows: pa.Table, context) -> pa.Table:
    note(f"py_parts@{{context.partition}}")
    mine = [row for row in rows.to_pylist() if row["kind"] == context.partition]
    return pa.table({{
        "kind": pa.array([row["kind"] for row in mine], pa.string()),
        "id": pa.array([row["id"] for row in mine], pa.int64()),
        "amount": pa.array([row["amount"] * {factor["py_parts"]} for row in mine], pa.int64()),
    }})


def py_merged(rows: pa.Table) -> pa.Table:
    note("py_merged")
    found = sums(rows.to_pylist(), "s", {factor["py_merged"]})
    return pa.table({{
        "kind": pa.array(list(found), pa.string()),
        "amount": pa.array(list(found.values()), pa.int64()),
    }})


def py_log(rows: pa.Table) -> pa.Table:
    note("py_log")
    return pa.table({{
        "id": pa.array(rows["id"].to_pylist(), pa.int64()),
        "amount": pa.array([amount * {factor["py_log"]} for amount in rows["amount"].to_pylist()], pa.int64()),
    }})
"""

    def write(self, root: Path) -> None:
        rows = [f"{number},{placed},{kind},{amount},{gone}" for number, placed, kind, amount, gone in self.rows]
        (root / "sales.csv").write_text("\n".join(["id,placed,kind,amount,gone", *rows]) + "\n")
        labels = [f"{kind},{label}" for kind, label in sorted(self.kinds.items())]
        (root / "kinds.csv").write_text("\n".join(["kind,label", *labels]) + "\n")
        (root / "events").mkdir(exist_ok=True)
        (root / "landed").mkdir(exist_ok=True)
        for number, events in enumerate(self.files):
            file = root / "events" / f"{number:05}.csv"
            if not file.exists():
                file.write_text("id,kind,amount\n" + "".join(f"{a},{b},{c}\n" for a, b, c in events))
        for number, sales in enumerate(self.landed):
            lines = [f"{a},{b},{c},{d}\n" for a, b, c, d in sales]
            (root / "landed" / f"{number:05}.csv").write_text("id,placed,kind,amount\n" + "".join(lines))
        (root / "shop_code.py").write_text(self.code())
        (root / "shop.vp.toml").write_text(f'[pipeline]\nname = "shop"\n{self.text()}')
