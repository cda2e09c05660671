"""What every table of an incremental project must show.

What follows from the inputs is asked of plain DuckDB, interval by interval and value by value, over the rows of now.
What goes on with its own past is asked of `Past`: a replay, in plain Python, of what was there at each apply.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

from tests.promises.incremental_choices import SALE, SOURCES
from tests.promises.incremental_engine import Engine, Row, Table
from tests.promises.incremental_landed import Landed, Take, added, merged, replacing
from tests.promises.incremental_world import World
from tests.run.test_history_laws import State, replay

Tables = Mapping[str, Table]

_epochs = count()
_TIME = "%Y-%m-%d %H:%M:%S+00"
# Inputs to which rows are only added.
_GROWING = {"latest": "events", "log": "events", "py_log": "events", "second": "log"}
# Of those that do not use all columns of such an input: the places of those that they use.
_USED = {"second": (0, 2)}  # id, amount


@dataclass
class Kept:
    """A table that goes on with its own past."""

    definition: str
    epoch: int
    rows: Counter[Row] = field(default_factory=Counter)
    states: dict[str, list[State[Row]]] = field(default_factory=dict)
    seen: Counter[Row] = field(default_factory=Counter)  # of an input to which rows are only added
    seen_epoch: int | None = None
    given: Counter[Row] | None = None  # what a log of snapshots was given last


@dataclass
class Past:
    """The tables of one environment that go on with their own past."""

    tables: dict[str, Kept] = field(default_factory=dict)
    landed: dict[str, Landed] = field(default_factory=dict)


class Truth:
    """What every asset must show now, and how its past goes on.

    `asked`: what was asked to be made anew. What begins may take over what was made of the same before (`firsts`), or
    what an `other` environment has; and so may what goes on, if that one goes on with the same table. Whether it did
    is seen by what is there (`shows`). `deliveries` is what each apply added to `events`, in order.
    """

    def __init__(
        self,
        engine: Engine,
        world: World,
        past: Past,
        other: Past,
        firsts: dict[str, list[Kept]],
        shows: Tables,
        deliveries: Sequence[Sequence[Row]],
        asked: frozenset[str] = frozenset(),
    ) -> None:
        self.engine, self.world, self.past, self.asked = engine, world, past, asked
        self.other, self.firsts, self.shows, self.deliveries = other, firsts, shows, deliveries
        self._sources()
        for name in past.tables.keys() - {*world.there()}:
            del past.tables[name]
        for name in world.there():
            if name not in SOURCES:
                self._make(name, world.mode(name))
        self.tables: Tables = {name: engine.read(world.names[name]) for name in world.there()}

    # Sources

    def _sources(self) -> None:
        world = self.world
        sale = ", ".join(f"{column} {kind}" for column, kind in SALE)
        self._filled("sales", f"{sale}, gone boolean", world.rows)
        self._filled("kinds", "kind varchar, label varchar", [*world.kinds.items()])
        files = world.files_there()
        self._land("events", "id integer, kind varchar, amount integer", files, added)
        landed = world.landed_there()
        self._land("orders", sale, landed, merged)
        self._land("days", sale, landed, replacing(lambda row: row[1].date()))
        self._land("shares", sale, landed, replacing(lambda row: row[2]))
        if "known" not in world.there():
            return
        given = f"select kind, label from {world.names['kinds']}"
        kept = self._kept("known", "")
        self._history(kept, "known", self.engine.rows(given))
        self._show("known", self._keep("known", kept), given)

    def _land(self, name: str, columns: str, files: Mapping[int, Sequence[Any]], take: Take) -> None:
        if name in self.asked or name not in self.world.there():
            self.past.landed.pop(name, None)
        if name in self.world.there():
            self._filled(name, columns, self.past.landed.setdefault(name, Landed()).take_up(files, take))

    def _filled(self, name: str, columns: str, rows: Sequence[Sequence[Any]]) -> None:
        self.engine.fill(self.world.names[name], columns, rows)

    # What is made of them

    def _make(self, name: str, mode: str) -> None:
        world = self.world
        query, shown = world.query(name), world.names[name]
        reads = [world.names[read] for read in world.reads(name)]
        if name == "taken":
            self._take_over(query, reads)
        elif mode in ("table", "view"):
            self.past.tables.pop(name, None)
            self.engine.compute(shown, query, reads)
        elif mode == "interval":
            self.past.tables.pop(name, None)
            wanted = world.slices(name).wanted(world.now)
            self.engine.compute_each(shown, query, reads, [{"start": start, "end": end} for start, end in wanted])
        elif mode == "partition":
            self.past.tables.pop(name, None)
            self.engine.compute_each(shown, query, reads, [{"partition": each} for each in world.partitions(name)])
        else:
            kept = self._kept(name, world.definition(name))
            self._go_on(name, mode, kept)
            self._show(name, self._keep(name, kept), query)

    def _take_over(self, query: str, reads: list[str]) -> None:
        """Rows that were taken over stay until the meaning changes, or what is used of an input."""
        self.engine.compute("computed", query, reads)
        world, before, firsts = self.world, self.past.tables.get("taken"), self.firsts.setdefault("taken", [])
        _, sales = self.engine.read(world.names["sales"])
        used = Counter(row[2:4] for row in sales.elements())
        kept = Kept(world.definition("taken"), 0, self.engine.read("computed")[1], given=used)

        def as_good(other: Kept) -> bool:
            return "taken" not in self.asked and (other.definition, other.given) == (kept.definition, used)

        if before is None and world.legacy is not None:
            kept.rows = Counter((kind, str(n), str(amount)) for kind, n, amount in world.legacy)
            firsts.append(kept)
        elif before is not None and as_good(before):
            kept = before
        elif any(as_good(each) and each.rows == self.shows["taken"][1] for each in firsts):
            kept.rows = self.shows["taken"][1]  # whoever wants the same later finds it
        self.past.tables["taken"] = kept
        self._show("taken", kept, query)

    def _kept(self, name: str, definition: str) -> Kept:
        kept = self.past.tables.get(name)
        if kept is not None and kept.definition == definition and name not in self.asked:
            grows = self.past.tables.get(_GROWING.get(name, ""))
            if grows is None or kept.seen_epoch == grows.epoch or self._sees_the_same(name, kept):
                return kept
        return Kept(definition, next(_epochs))

    def _sees_the_same(self, name: str, kept: Kept) -> bool:
        """Whether what it reads was made anew, and came out equal in the columns that it uses: then it stays."""
        if name not in _USED:
            return False
        there = self.engine.values(f"from {self.world.names[_GROWING[name]]}")
        return used(name, there) == used(name, kept.seen.elements())

    def _keep(self, name: str, kept: Kept) -> Kept:
        before = self.past.tables.get(name)
        begins = before is None or before.definition != kept.definition
        if before is not None and not begins and before.rows == kept.rows:
            kept.epoch = before.epoch  # what comes out as it was is kept
        shown = self.shows.get(name, ((), kept.rows))[1]
        theirs = self.other.tables.get(name)
        found = []
        if theirs is not None and (begins or before.epoch == theirs.epoch or self._begins_with(name, kept, theirs)):
            found.append(theirs)
        if begins:
            # The same was made before, at another time or with more of a past.
            found += self.firsts.setdefault(name, [])
        # The same rows are not enough: what is new for it next time hangs on what it has seen.
        meant = [each for each in found if (each.definition, each.seen) == (kept.definition, kept.seen)]
        fits = [each for each in meant if each.rows == shown]
        if fits and (begins or shown != kept.rows):
            kept = deepcopy(fits[0])
        elif begins:
            self.firsts[name].append(deepcopy(kept))
        self.past.tables[name] = kept
        return kept

    def _begins_with(self, name: str, kept: Kept, theirs: Kept) -> bool:
        """Whether `kept` begins because what it reads began anew, and `theirs` goes on with that very beginning."""
        before = self.past.tables.get(name)
        anew = before is not None and before.epoch != kept.epoch and name not in self.asked
        return anew and kept.seen_epoch is not None and kept.seen_epoch == theirs.seen_epoch

    def _show(self, name: str, kept: Kept, query: str) -> None:
        columns = [each for each in self.engine.columns(query) if (name, each[0]) != ("merged", "gone")]
        if self.world.mode(name) == "scd2":
            columns += [("valid_from", "timestamptz"), ("valid_to", "timestamptz")]
        declared = ", ".join(f"{column} {kind}" for column, kind in columns)
        self._filled(name, declared, sorted(kept.rows.elements(), key=str))

    def _go_on(self, name: str, mode: str, kept: Kept) -> None:
        query, growing = self.world.query(name), _GROWING.get(name)
        if growing is not None:
            query = query.replace(f"from {self.world.names[growing]}", "from fresh")
        if growing is not None and mode == "merge":
            # What came later takes the place of what came before, however much of it is taken up at once.
            for delivery in self._new_deliveries(kept, growing):
                self._fresh(growing, delivery)
                self._merge(name, kept, self.engine.rows(query))
            return
        if growing is not None:
            self._only_news(kept, growing, none=self._sees_the_same(name, kept))
        rows = self.engine.rows(query)
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
        _, rows = self.engine.read(self.world.names["sales"])
        return Counter(row[:4] for row in rows.elements())

    def _only_news(self, kept: Kept, name: str, *, none: bool) -> None:
        there = Counter(self.engine.values(f"from {self.world.names[name]}"))
        self._fresh(name, [] if none else sorted((there - kept.seen).elements(), key=str))
        kept.seen = there
        above = self.past.tables.get(name)
        kept.seen_epoch = None if above is None else above.epoch

    def _new_deliveries(self, kept: Kept, name: str) -> list[Sequence[Row]]:
        assert name == "events", "of no other input it is known what came when"
        seen, new = kept.seen.copy(), []
        for delivery in self.deliveries:
            if Counter(delivery) <= seen:
                seen -= Counter(delivery)
            else:
                new.append(delivery)
        kept.seen = Counter(row for delivery in self.deliveries for row in delivery)
        return new

    def _fresh(self, name: str, rows: Sequence[Row]) -> None:
        shown = self.world.names[name]
        columns = ", ".join(f"{column} {kind}" for column, kind in self.engine.columns(f"from {shown}"))
        self.engine.fill("fresh", columns, rows)

    def _history(self, kept: Kept, name: str, rows: list[Row]) -> None:
        now = self.world.now.replace(tzinfo=UTC)
        by_key: dict[str, Row] = {str(row[0]): row for row in rows}
        timed = name == "history" and self.world.timed
        since = {
            key: datetime.fromisoformat(str(row[3])).replace(tzinfo=UTC) if timed else now
            for key, row in by_key.items()
        }
        replay(kept.states, by_key, since, now)
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


def used(name: str, rows: Iterable[Row]) -> Counter[Row]:
    """What of the rows of its input a table sees."""
    places = _USED.get(name)
    return Counter(rows if places is None else (tuple(row[place] for place in places) for row in rows))
