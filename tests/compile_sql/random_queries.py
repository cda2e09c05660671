"""Random queries over two small tables, and random changes of them. Integers and text only: results compare exactly."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from vibepiper_interpreter.compile.compiled import Column
from vibepiper_spec.address import Address

Name = tuple[str, str]  # a column and its kind: int or text
TABLES: dict[str, list[Name]] = {
    "t": [("a", "int"), ("b", "text"), ("c", "int"), ("d", "int"), ("e", "text")],
    "u": [("a", "int"), ("k", "int"), ("v", "text"), ("w", "int")],
}
_SQL_TYPES = {"int": "INTEGER", "text": "VARCHAR"}
SCHEMAS = {
    Address("shop", table): tuple(Column(name, _SQL_TYPES[kind]) for name, kind in columns)
    for table, columns in TABLES.items()
}


@dataclass
class Sight:
    """The columns that can be named at one place: alias → columns."""

    tables: dict[str, list[Name]] = field(default_factory=dict)
    outer: Sight | None = None

    def columns(self, kind: str) -> list[str]:
        found = [f"{alias}.{name}" for alias, columns in self.tables.items() for name, k in columns if k == kind]
        counts: dict[str, int] = {}
        for columns in self.tables.values():
            for name, _ in columns:
                counts[name] = counts.get(name, 0) + 1
        found += [name for columns in self.tables.values() for name, k in columns if k == kind and counts[name] == 1]
        return found


@dataclass
class Generator:
    random: Random
    numbers: int = 0
    ctes: list[tuple[str, list[Name]]] = field(default_factory=list)

    def fresh(self, prefix: str) -> str:
        self.numbers += 1
        return f"{prefix}{self.numbers}"

    def chance(self, of: float) -> bool:
        return self.random.random() < of

    # queries

    def query(self, depth: int, outer: Sight | None = None) -> tuple[str, list[Name]]:
        forms = ["plain"] * 5 + ["grouped"] * 3 + ["star"] * 2 + ["union", "with", "distinct", "all", "unnest"]
        form = self.random.choice(forms if depth > 0 else ["plain", "star", "grouped"])
        return getattr(self, f"_{form}")(depth, outer)

    def _plain(self, depth: int, outer: Sight | None, head: str = "select") -> tuple[str, list[Name]]:
        source, sight = self.source(depth, outer)
        items, names = self.items(sight, depth)
        where = f" where {self.condition(sight, depth)}" if self.chance(0.5) else ""
        if where and self.chance(0.2):
            alias, _ = self.random.choice(names)
            where += f" and {alias} is not null"
        order = ""
        if self.chance(0.3):
            order = f" order by {self.random.choice([names[0][0], '1', 'all', self.number(sight, 0)])}"
        if self.chance(0.15):
            return f"from {source} {head} {', '.join(items)}{where}", names
        return f"{head} {', '.join(items)} from {source}{where}{order}", names

    def _distinct(self, depth: int, outer: Sight | None) -> tuple[str, list[Name]]:
        return self._plain(depth, outer, "select distinct")

    def items(self, sight: Sight, depth: int) -> tuple[list[str], list[Name]]:
        items, names = [], []
        for _ in range(self.random.randint(1, 3)):
            kind = self.random.choice(["int", "int", "text"])
            name = self.fresh("x") if self.chance(0.7) else self.random.choice("abckz") + str(len(items))
            if names and kind == "int" and self.chance(0.15) and any(k == "int" for _, k in names):
                expression = next(n for n, k in names if k == "int") + " + 1"  # a name given before
            elif kind == "int" and self.chance(0.15):
                expression = self.window(sight)
            else:
                expression = self.expression(kind, sight, depth)
            items.append(f"{expression} as {name}")
            names.append((name, kind))
        return items, names

    def window(self, sight: Sight) -> str:
        number = self.number(sight, 0)
        return self.random.choice(
            [
                f"sum({number}) over (partition by {self.number(sight, 0)})",
                f"rank() over (order by {number})",
                f"count(*) over (partition by {self.text(sight, 0)} order by {number})",
                f"max({number}) over (order by {self.number(sight, 0)})",
            ]
        )

    def _grouped(self, depth: int, outer: Sight | None) -> tuple[str, list[Name]]:
        source, sight = self.source(depth, outer)
        key = self.expression("text" if self.chance(0.4) else "int", sight, 0)
        kind = "int"
        name, total = self.fresh("g"), self.fresh("s")
        aggregate = self.random.choice(["sum({})", "count({})", "min({})", "count(distinct {})", "count(*)", "max({})"])
        value = aggregate.format(self.number(sight, depth))
        if self.chance(0.2):
            value += f" filter (where {self.condition(sight, 0)})"
        style = self.random.choice(["position", "name", "all", "expression", "none"])
        if style == "none":
            return f"select {value} as {total} from {source}", [(total, "int")]
        by = {"position": "1", "name": name, "all": "all", "expression": key}[style]
        having = f" having {aggregate.format(self.number(sight, 0))} is not null" if self.chance(0.3) else ""
        if self.chance(0.2):
            having = f" having {total} > 1"
        qualify = f" qualify rank() over (order by {total}) = 1" if self.chance(0.1) else ""
        sql = f"select {key} as {name}, {value} as {total} from {source} group by {by}{having}{qualify}"
        return f"select {name}::varchar as {name}, {total} from ({sql})", [(name, "text"), (total, kind)]

    def _star(self, depth: int, outer: Sight | None) -> tuple[str, list[Name]]:
        inner, names = self.query(depth - 1, outer) if depth > 0 and self.chance(0.7) else ("from t", TABLES["t"])
        alias = self.fresh("q")
        where = ""
        sight = Sight({alias: names}, outer)
        if self.chance(0.4):
            where = f" where {self.condition(sight, 0)}"
        choice = self.random.random()
        if choice < 0.25 and len(names) > 1:
            gone = self.random.choice(names)
            kept = [name for name in names if name != gone]
            return f"select * exclude ({gone[0]}) from ({inner}) {alias}{where}", kept
        if choice < 0.5:
            changed, kind = self.random.choice(names)
            expression = self.expression(kind, sight, 0)
            return f"select * replace ({expression} as {changed}) from ({inner}) {alias}{where}", names
        if choice < 0.65:
            old, kind = self.random.choice(names)
            new = self.fresh("r")
            renamed = [(new, k) if n == old else (n, k) for n, k in names]
            return f"select * rename ({old} as {new}) from ({inner}) {alias}{where}", renamed
        return f"select {self.random.choice(['*', alias + '.*'])} from ({inner}) {alias}{where}", names

    def _union(self, depth: int, outer: Sight | None) -> tuple[str, list[Name]]:
        left, names = self.query(depth - 1, outer)
        right, others = self.query(depth - 1, outer)
        operator = self.random.choice(["union all", "union", "except", "intersect", "union all by name"])
        if operator.endswith("by name"):
            same = dict(names)
            if any(same.get(name, kind) != kind for name, kind in others):
                return left, names
            merged = names + [other for other in others if other[0] not in same]
            return f"({left}) {operator} ({right})", merged
        matching = [next((o for o, k in others if k == kind), None) for _, kind in names]
        picked = [
            f"{other} as {name}" if other else f"cast(null as {_SQL_TYPES[kind]}) as {name}"
            for other, (name, kind) in zip(matching, names, strict=True)
        ]
        return f"({left}) {operator} (select {', '.join(picked)} from ({right}))", names

    def _all(self, depth: int, outer: Sight | None) -> tuple[str, list[Name]]:
        """A recursive CTE."""
        name = self.fresh("rec")
        inner, names = self._plain(0, None)
        number = next((n for n, k in names if k == "int"), None)
        if number is None:
            return inner, names
        step = f"select {number} + 1 as n from {name} where {number} < 3"
        return (
            f"with recursive {name} as (select {number} from ({inner}) union {step}) select {number} as z from {name}",
            [("z", "int")],
        )

    def _unnest(self, depth: int, outer: Sight | None) -> tuple[str, list[Name]]:
        source, sight = self.source(depth - 1, outer)
        item, other = self.fresh("n"), self.fresh("o")
        list_of = f"[{self.number(sight, 0)}, {self.number(sight, 0)}]"
        if self.chance(0.5):
            list_of = f"range({self.number(sight, 0)})"
        return (
            f"select unnest({list_of})::integer as {item}, {self.number(sight, 0)} as {other} from {source}",
            [(item, "int"), (other, "int")],
        )

    def _with(self, depth: int, outer: Sight | None) -> tuple[str, list[Name]]:
        name = self.random.choice(["t", "u", self.fresh("cte")])
        inner, names = self.query(depth - 1)
        self.ctes.append((name, names))
        body, result = self.query(depth - 1, outer)
        self.ctes.pop()
        return f"with {name} as ({inner}) {body}" if not body.startswith(
            "with"
        ) else f"with {name} as ({inner}) ({body})", result

    # tables

    def source(self, depth: int, outer: Sight | None) -> tuple[str, Sight]:
        sight = Sight(outer=outer)
        text = self.relation(depth, sight, outer)
        for _ in range(self.random.choice([0, 0, 1, 1, 2])):
            aliases = list(sight.tables)
            kind = self.random.choice(["on", "left", "cross", "semi", "anti", "lateral", "full", "using"])
            if kind == "lateral":
                inner, names = self._plain(0, sight)
                alias = self.fresh("j")
                text += f", lateral ({inner}) {alias}"
                sight.tables[alias] = names
                continue
            before = dict(sight.tables)
            relation = self.relation(depth - 1, sight, outer)
            added = next(alias for alias in sight.tables if alias not in before)
            if kind == "cross":
                text += f", {relation}" if "join" not in text.rpartition(",")[2] else f" cross join {relation}"
                continue
            common = [
                name for name, k in sight.tables[added] if len(aliases) == 1 and (name, k) in sight.tables[aliases[0]]
            ]
            if kind == "using" and common:
                text += f" {self.random.choice(['', 'left ', 'full ', 'right '])}join {relation} using ({common[0]})"
                continue
            other = Sight({added: sight.tables[added]})
            on = f"{self.any_column(Sight(before))} is not distinct from {self.any_column(other)}"
            if kind in ("semi", "anti"):
                text += f" {kind} join {relation} on {on}"
                del sight.tables[added]
            else:
                text += f" {kind if kind in ('left', 'full') else ''} join {relation} on {on}"
        return text, sight

    def relation(self, depth: int, sight: Sight, outer: Sight | None) -> str:
        alias = self.fresh("q")
        if depth > 0 and self.chance(0.4):
            inner, names = self.query(depth - 1)
            if self.chance(0.2):
                renamed = [(self.fresh("p"), kind) for _, kind in names]
                sight.tables[alias] = renamed
                return f"({inner}) as {alias}({', '.join(name for name, _ in renamed)})"
            sight.tables[alias] = names
            return f"({inner}) {alias}"
        visible = {**TABLES, **dict(self.ctes)}
        table = self.random.choice(list(visible))
        names = visible[table]
        if self.chance(0.2) and table in TABLES:
            table, names = f"shop.{table}", TABLES[table]
        sight.tables[alias] = names
        return f"{table} {alias}"

    # expressions

    def expression(self, kind: str, sight: Sight, depth: int) -> str:
        return self.number(sight, depth) if kind == "int" else self.text(sight, depth)

    def any_column(self, sight: Sight) -> str:
        columns = [f"{column}::varchar" for kind in ("int", "text") for column in sight.columns(kind)]
        return self.random.choice(columns)

    def pick(self, kind: str, sight: Sight) -> str:
        columns = sight.columns(kind)
        if sight.outer is not None and self.chance(0.4):
            columns = [f"{a}.{n}" for a, cs in sight.outer.tables.items() for n, k in cs if k == kind] or columns
        if not columns:
            return self.random.choice(["1", "2"]) if kind == "int" else "'x'"
        return self.random.choice(columns)

    def number(self, sight: Sight, depth: int) -> str:
        choice = self.random.random()
        column = self.pick("int", sight)
        if choice < 0.45 or depth < 0:
            return column
        if choice < 0.55:
            return str(self.random.randint(0, 3))
        if choice < 0.65:
            return f"{column} {self.random.choice('+-')} {self.pick('int', sight)}"
        if choice < 0.72:
            return f"case when {self.condition(sight, depth - 1)} then {column} else {self.pick('int', sight)} end"
        if choice < 0.78:
            return f"coalesce({column}, {self.pick('int', sight)})"
        if choice < 0.83:
            return f"list_sum(list_transform([{column}, 1], lambda z: z + {self.pick('int', sight)}))::integer"
        if choice < 0.88:
            return f"{{'f': {column}, 'h': {self.pick('int', sight)}}}.f"
        if choice < 0.92:
            return f"length({self.pick('text', sight)})::integer"
        if depth > 0:
            inner = Sight(outer=sight)
            relation = self.relation(0, inner, None)
            aggregate = self.random.choice(["max({})", "count(*)", "min({})"]).format(inner_column(inner))
            where = f" where {self.condition(inner, 0)}" if self.chance(0.7) else ""
            return f"(select {aggregate} from {relation}{where})::integer"
        return column

    def text(self, sight: Sight, depth: int) -> str:
        choice = self.random.random()
        column = self.pick("text", sight)
        if choice < 0.7 or depth < 0:
            return column
        if choice < 0.8:
            return f"{column} || {self.pick('text', sight)}"
        if choice < 0.9:
            return f"{self.pick('int', sight)}::varchar"
        return "'x'"

    def condition(self, sight: Sight, depth: int) -> str:
        choice = self.random.random()
        number, text = self.pick("int", sight), self.pick("text", sight)
        if choice < 0.35:
            return f"{number} {self.random.choice(['<', '>', '=', '<>'])} {self.number(sight, depth - 1)}"
        if choice < 0.5:
            return f"{text} = '{self.random.choice('xy')}'"
        if choice < 0.6:
            return f"{number} is not null"
        if choice < 0.7:
            both = self.random.choice([" and ", " or "])
            return f"({both.join(self.condition(sight, depth - 1) for _ in range(2))})"
        if choice < 0.75:
            return f"{number} between 0 and {self.pick('int', sight)}"
        if depth > 0:
            inner = Sight(outer=sight)
            relation = self.relation(0, inner, None)
            if self.chance(0.5):
                return f"{number} in (select {inner_column(inner)} from {relation} where {self.condition(inner, 0)})"
            return f"exists (select 1 from {relation} where {self.condition(inner, 0)})"
        return f"not ({number} = 1)"


def inner_column(sight: Sight) -> str:
    columns = sight.columns("int")
    return columns[0] if columns else "1"


def random_query(random: Random) -> str:
    return Generator(random).query(random.choice([1, 2, 2, 3]))[0]


_TOKEN = re.compile(r"'[^']*'|\w+|[^\w\s]|\s+")
_SWAPS: Sequence[tuple[str, ...]] = (
    ("min", "max", "sum", "count"),
    ("left", "full", "right"),
    ("semi", "anti"),
    ("and", "or"),
    ("0", "1", "2", "3"),
    ("'x'", "'y'"),
    ("a", "c", "d"),
    ("b", "e"),
    ("k", "w", "a"),
    ("t", "u"),
    ("union", "except", "intersect"),
    ("<", ">", "="),
    ("+", "-"),
)


def changed(query: str, random: Random) -> str:
    """The query with one or two tokens replaced by others of their kind. May not bind."""
    tokens = _TOKEN.findall(query)
    for _ in range(random.choice([1, 1, 2])):
        places = [index for index, token in enumerate(tokens) if any(token in swap for swap in _SWAPS)]
        if places:
            index = random.choice(places)
            swap = random.choice([swap for swap in _SWAPS if tokens[index] in swap])
            tokens[index] = random.choice(swap)
    return "".join(tokens)


def reformatted(query: str, random: Random) -> str:
    """The same query in another layout: case of keywords and names, line breaks, comments."""
    pieces = []
    for token in _TOKEN.findall(query):
        if token.isspace():
            token = random.choice([" ", "\n", "  ", " /* note */ ", " -- note\n"])
        elif not token.startswith("'") and random.random() < 0.3 and token in ("select", "from", "where", "as", "join"):
            token = token.upper()
        pieces.append(token)
    return "".join(pieces)


def realiased(query: str) -> str:
    """The same query with other aliases for its tables and CTEs of made-up names."""
    return re.sub(r"\b(q|j|cte|rec)(\d+)\b", r"other_\1\2", query)
