"""Random sources, queries and functions for a project, all from one `Random`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from tests.promises.random_project import Asset, Column, Function, Item, Query, Source, World

KINDS = ("int", "int", "text", "money", "day", "real")
NAMES = ("a", "b", "c", "d", "e", "f", "g")


def cell(chance: Random, kind: str) -> str | None:
    if chance.random() < 0.15:
        return None
    match kind:
        case "int":
            return str(chance.randint(-2, 4))
        case "text":
            return chance.choice(("x", "y", "Z", "xy", "7"))
        case "money":
            return f"{chance.randint(-3, 9)}.{chance.choice(('00', '25', '50'))}"
        case "real":
            return chance.choice(("0.1", "0.2", "-1.5", "2.0", "-0.0", "0.0"))
        case _:
            return f"2024-01-0{chance.randint(1, 4)}"


def rows(chance: Random, columns: Sequence[Column], count: int) -> tuple[tuple[str | None, ...], ...]:
    # A line of one empty cell would be no row at all; the first column is an int that is always there.
    return tuple((str(chance.randint(0, 4)), *(cell(chance, kind) for _, kind in columns[1:])) for _ in range(count))


def source(chance: Random) -> Source:
    columns = (("k", "int"), *((name, chance.choice(KINDS)) for name in NAMES[: chance.randint(1, 4)]))
    files = {f"part-{index}": rows(chance, columns, chance.randint(1, 6)) for index in range(chance.choice((1, 1, 2)))}
    return Source(columns, files, chance.choice(("table", "table", "view")))


class Expressions:
    """Random expressions over the columns of what a query reads."""

    def __init__(self, chance: Random, inputs: Sequence[Sequence[Column]], variables: Sequence[str]) -> None:
        self._chance = chance
        self._variables = variables
        self._columns = [(f"<{index}.{name}>", kind) for index, each in enumerate(inputs) for name, kind in each]

    def of(self, kind: str) -> str:
        chance = self._chance
        own = [text for text, each in self._columns if each == kind]
        if own and chance.random() < 0.6:
            return chance.choice(own)
        match kind:
            case "int":
                return self._int()
            case "text":
                texts = ("'t'", f"upper({self.of_column('text')})", f"concat({self.of_column('int')}, '!')")
                return chance.choice((*texts, f"coalesce({self.of_column('text')}, 'none')"))
            case "money":
                return f"cast({self._number()} * {chance.randint(1, 3)} as decimal(18,2))"
            case "real":
                return f"cast({self._number()} as double) * 0.1"
            case _:
                return f"date '2024-01-01' + cast({self.of_column('int')} % 3 as integer)"

    def of_column(self, kind: str) -> str:
        own = [text for text, each in self._columns if each == kind]
        if own:
            return self._chance.choice(own)
        return {"int": "5", "text": "'q'", "money": "cast(1 as decimal(18,2))", "real": "0.5"}.get(
            kind, "date '2024-01-02'"
        )

    def _number(self) -> str:
        return self.of_column(self._chance.choice(("int", "money")))

    def _int(self) -> str:
        chance, one = self._chance, self.of_column("int")
        forms = [
            f"{one} + {chance.randint(0, 3)}",
            f"coalesce({one}, {chance.randint(0, 2)})",
            f"case when {self.condition()} then {one} else {self.of_column('int')} end",
            str(chance.randint(0, 3)),
            f"length({self.of_column('text')})",
            f"{one} * 0",
            f"abs({one}) % 2",
        ]
        if self._variables:
            forms.append(f"cast(${chance.choice(self._variables)} as bigint) + {one}")
        return f"cast({chance.choice(forms)} as bigint)"

    def window(self) -> str:
        one, other = self.of_column("int"), self.of_column(self._chance.choice(("int", "text", "day")))
        return self._chance.choice(
            (
                f"cast(sum({one}) over (partition by {other}) as bigint)",
                f"count(*) over (partition by {other})",
                f"rank() over (order by {one}, {other})",
                f"cast(max({one}) over (order by {other}) as bigint)",
            )
        )

    def aggregate(self) -> tuple[str, str]:
        one = self.of_column("int")
        return self._chance.choice(
            (
                ("int", "count(*)"),
                ("int", f"cast(sum({one}) as bigint)"),
                ("int", f"max({one})"),
                ("int", f"count(distinct {self.of_column('text')})"),
                ("int", f"count(*) filter (where {self.condition()})"),
                ("text", f"min({self.of_column('text')})"),
                ("text", f"string_agg({self.of_column('text')}, ',' order by {self.of_column('text')})"),
                ("money", f"cast(sum({self.of_column('money')}) as decimal(18,2))"),
                ("real", f"sum({self.of_column('real')})"),
            )
        )

    def condition(self) -> str:
        chance = self._chance
        forms = [
            f"{self.of_column('int')} > {chance.randint(-1, 2)}",
            f"{self.of_column('int')} is not null",
            f"{self.of_column('text')} <> 'x'",
            f"{self.of_column('day')} >= date '2024-01-0{chance.randint(1, 4)}'",
            f"{self.of_column('int')} = {self.of_column('int')}",
            f"{self.of_column('money')} < {chance.randint(0, 9)}.30",
            "true",
        ]
        if self._variables:
            forms.append(f"{self.of_column('int')} <= ${chance.choice(self._variables)}")
        return chance.choice(forms)


def query(chance: Random, world: World, build: str | None = None) -> Query:
    """A query over one or two assets of the project."""
    forms = ("plain", "plain", "plain", "grouped", "grouped", "distinct", "union", "star", "star", "count", "natural")
    form = chance.choice(forms)
    known = sorted(world.assets)
    # Long chains: what comes out as it was is only of interest where somebody reads it.
    derived = [name for name in known if not isinstance(world.assets[name], Source)]
    known = derived if derived and chance.random() < 0.5 else known
    # Not always the same asset twice: that is a self-join.
    reads = tuple(chance.choice(known) for _ in range(2 if form in ("union", "natural") else chance.choice((1, 1, 2))))
    if form == "natural":
        kinds = [dict(world.columns(read)) for read in reads]
        if reads[0] == reads[1] or any(kinds[0][name] != kinds[1][name] for name in kinds[0].keys() & kinds[1].keys()):
            form = "star"
    if form == "star":
        reads = reads[:1]
    made = Query(form, reads, build=build or chance.choice(("table", "table", "view")), in_file=chance.random() < 0.2)
    inputs = [world.columns(read) for read in reads]
    expressions = Expressions(chance, inputs, sorted(world.variables))
    where = expressions.condition() if chance.random() < 0.4 else ""
    if form == "union":
        return _union(chance, replace(made, where=""), inputs, sorted(world.variables))
    if form == "natural":
        columns = list(dict(inputs[0]).items()) + [each for each in inputs[1] if each[0] not in dict(inputs[0])]
        expressions = Expressions(chance, [columns], sorted(world.variables))
        shown = chance.sample(columns, min(len(columns), 3))
        return replace(made, items=tuple(Item(name, kind, f"<0.{name}>") for name, kind in shown))
    if form == "star":
        names = [name for name, _ in inputs[0]]
        excluded = tuple(chance.sample(names, 1)) if len(names) > 1 and chance.random() < 0.4 else ()
        items = (Item("extra", "int", expressions.of("int")),) if "extra" not in names and chance.random() < 0.3 else ()
        return replace(made, where=where, excluded=excluded, items=items, join="join")
    if len(reads) > 1:
        made = _joined(chance, made, inputs, expressions)
        if made.join in ("semi join", "anti join"):
            expressions = Expressions(chance, inputs[:1], sorted(world.variables))
            where = ""
    items = [Item("n", "int", "count(*)", True)] if form == "count" else []
    names = chance.sample(NAMES, chance.randint(1, 4))
    for name in names if form != "count" else []:
        kind = chance.choice(KINDS if form in ("plain",) else KINDS[:-1])
        items.append(Item(name, kind, expressions.of(kind)))
    if form == "grouped":
        for name in ("s", "t")[: chance.randint(1, 2)]:
            kind, text = expressions.aggregate()
            items.append(Item(name, kind, text, True))
    if form == "plain" and chance.random() < 0.25:
        items.append(Item("w", "int", expressions.window()))
    having = f"count(*) > {chance.randint(0, 1)}" if form == "grouped" and chance.random() < 0.3 else ""
    qualify = ""
    if form == "plain" and chance.random() < 0.1:
        qualify = (
            f"rank() over (partition by {expressions.of_column('int')} order by {expressions.of_column('day')}) = 1"
        )
    tail = ""
    if form == "plain" and chance.random() < 0.08:
        tail = " limit 3"
    if form == "plain" and chance.random() < 0.05:
        items.append(Item("v", "real", chance.choice(("random()", "cast(epoch($now) as double)"))))
    wrap = chance.choice(("", "", "cte", "subquery", "star"))
    return replace(made, items=tuple(items), where=where, having=having, qualify=qualify, tail=tail, wrap=wrap)


def narrow_query(chance: Random, world: World) -> Query:
    """One that uses one column of one asset, or only counts its rows: much can change that it does not feel."""
    read = chance.choice(
        sorted(name for name in world.assets if not isinstance(world.assets[name], Source)) or ["shop.s_90"]
    )
    if chance.random() < 0.4:
        return Query("count", (read,), (Item("n", "int", "count(*)", True),))
    name, kind = chance.choice(world.columns(read))
    form = chance.choice(("plain", "distinct"))
    return Query(form, (read,), (Item("a", kind, f"<0.{name}>"),), build=chance.choice(("table", "view")))


def _joined(chance: Random, made: Query, inputs: Sequence[Sequence[Column]], expressions: Expressions) -> Query:
    join = chance.choice(("join", "left join", "full join", "semi join", "anti join", "cross join"))
    shared = [name for name, kind in inputs[0] if (name, kind) in inputs[1]]
    if join == "cross join":
        return replace(made, join=join)
    if shared and chance.random() < 0.4:
        return replace(made, join=join, key=chance.choice(shared))
    sides = [
        [f"<{index}.{name}>" for name, kind in each if kind == "int"] or ["1"] for index, each in enumerate(inputs)
    ]
    extra = f" and {expressions.condition()}" if join == "join" and chance.random() < 0.2 else ""
    return replace(made, join=join, on=f"{chance.choice(sides[0])} = {chance.choice(sides[1])}{extra}")


def _union(chance: Random, made: Query, inputs: Sequence[Sequence[Column]], variables: Sequence[str]) -> Query:
    kinds = [chance.choice(KINDS[:-1]) for _ in range(chance.randint(1, 3))]
    first = Expressions(chance, inputs[:1], variables)
    second = Expressions(chance, [(), inputs[1]], variables)
    return replace(
        made,
        items=tuple(Item(name, kind, first.of(kind)) for name, kind in zip(NAMES, kinds, strict=False)),
        second=tuple(second.of(kind) for kind in kinds),
        where=first.condition() if chance.random() < 0.4 else "",
        join=chance.choice(("union", "union all", "except", "intersect")),
    )


def function(chance: Random, world: World) -> Function:
    read = chance.choice(sorted(world.assets))
    names = [name for name, _ in world.columns(read)]
    given = None if chance.random() < 0.5 else tuple(chance.sample(names, chance.randint(1, min(2, len(names)))))
    return Function(read, given, chance.choice(("rows", "whole")), 1, "first", chance.random() < 0.3)


def new_asset(chance: Random, world: World) -> tuple[str, Asset]:
    """A further query or function, under a new name."""
    number = next(n for n in range(1000) if not any(name.endswith(f"_{n}") for name in world.assets))
    pipeline = chance.choice(("shop", "shop", "shop", "mart"))
    if chance.random() < 0.15:
        return f"{pipeline}.p_{number}", function(chance, world)
    if chance.random() < 0.3:
        return f"{pipeline}.q_{number}", narrow_query(chance, world)
    return f"{pipeline}.q_{number}", query(chance, world)


def new_world(chance: Random) -> World:
    """Sources only; the rest is added one by one, as edits."""
    names = ["shop.s_90", "shop.s_91", "mart.s_92"][: chance.randint(1, 3)]
    return World({name: source(chance) for name in names}, {"least": 1, "most": 3})
