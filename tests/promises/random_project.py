"""A small project as plain values: sources with their rows, queries, functions. Written out, it is what a user writes.

In an expression `<0.amount>` stands for the column `amount` of the first table that the query reads, so that a column
can be renamed everywhere, and so that it can be told which columns a query uses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

Column = tuple[str, str]  # name, and kind: int, text, money, real or day
SQL_TYPES = {"int": "bigint", "text": "varchar", "money": "decimal(18,2)", "real": "double", "day": "date"}
REFERENCE = re.compile(r"<(\d)\.(\w+)>")


@dataclass(frozen=True)
class Source:
    """A CSV source. Every file has all columns; a cell None is empty."""

    columns: tuple[Column, ...]
    files: Mapping[str, tuple[tuple[str | None, ...], ...]]
    build: str = "table"


@dataclass(frozen=True)
class Item:
    """A column of a select list."""

    name: str
    kind: str
    expression: str
    aggregate: bool = False


@dataclass(frozen=True)
class Query:
    """`form` says how the parts are put together; see `to_sql`."""

    form: str
    reads: tuple[str, ...]  # one, or two that are joined (or stacked: union)
    items: tuple[Item, ...] = ()
    second: tuple[str, ...] = ()  # union: the expressions of the other half
    where: str = ""
    having: str = ""
    qualify: str = ""
    join: str = "join"
    on: str = ""
    key: str = ""  # USING
    excluded: tuple[str, ...] = ()
    wrap: str = ""  # "", cte, subquery, star
    tail: str = ""
    build: str = "table"
    in_file: bool = False


@dataclass(frozen=True)
class Function:
    """A Python asset. `form`: rows (one row out for each row in) or whole (one row)."""

    read: str
    columns: tuple[str, ...] | None
    form: str = "rows"
    factor: int = 1
    remark: str = ""
    shared: bool = False  # it calls the helper that all functions share


Asset = Source | Query | Function


@dataclass(frozen=True)
class World:
    """The whole project. Names are `pipeline.asset`."""

    assets: Mapping[str, Asset]
    variables: Mapping[str, int]
    checks: Mapping[str, str] = field(default_factory=dict)
    styles: Mapping[str, int] = field(default_factory=dict)  # how a query is laid out: no meaning in it
    helper: int = 1  # what the shared Python helper adds

    def ordered(self) -> list[str]:
        """Inputs first, otherwise by name."""
        done: dict[str, None] = {}
        while len(done) < len(self.assets):
            ready = [name for name in sorted(self.assets) if name not in done and set(self.reads(name)) <= done.keys()]
            if not ready:
                raise ValueError("a cycle, or a missing asset")
            done.update(dict.fromkeys(ready))
        return list(done)

    def reads(self, name: str) -> tuple[str, ...]:
        match self.assets[name]:
            case Query(reads=reads):
                return reads
            case Function(read=read):
                return (read,)
        return ()

    def readers(self, name: str) -> list[str]:
        return [other for other in sorted(self.assets) if name in self.reads(other)]

    def columns(self, name: str) -> tuple[Column, ...]:
        asset = self.assets[name]
        match asset:
            case Source(columns=columns):
                return columns
            case Function():
                return (("n", "int"), ("label", "text"))
        assert isinstance(asset, Query)
        if asset.form == "star":
            return tuple(
                (column, kind) for column, kind in self.columns(asset.reads[0]) if column not in asset.excluded
            ) + tuple((item.name, item.kind) for item in asset.items)
        return tuple((item.name, item.kind) for item in asset.items)

    def used(self, name: str) -> Iterator[tuple[str, tuple[str, ...]]]:
        """For each input, the columns that can reach the result."""
        match self.assets[name]:
            case Function(read=read, columns=columns):
                yield read, columns or tuple(column for column, _ in self.columns(read))
            case Query() as query:
                texts = [*(item.expression for item in query.items), *query.second, query.where, query.having]
                texts += [query.qualify, query.on, query.tail]
                for index, read in enumerate(query.reads):
                    found = {
                        column for text in texts for number, column in REFERENCE.findall(text) if int(number) == index
                    }
                    if query.key:
                        found.add(query.key)
                    if query.form == "star":
                        found |= {column for column, _ in self.columns(read)} - {*query.excluded}
                    if query.form == "natural":
                        found |= {column for column, _ in self.columns(read)}
                    yield read, tuple(sorted(found))

    def varies(self, name: str) -> bool:
        """Whether a query says something else each time, by itself."""
        asset = self.assets[name]
        if not isinstance(asset, Query):
            return False
        text = " ".join((*(item.expression for item in asset.items), asset.where, asset.tail, asset.qualify))
        return any(word in text for word in ("random()", "$now", "limit", "row_number()", "first("))

    def meaning(self, name: str) -> tuple[object, ...]:
        """Equal for equal meanings; what a file holds is not part of it."""
        asset = self.assets[name]
        match asset:
            case Source(columns=columns, build=build):
                return (columns, build)
            case Function(read, given, form, factor, _, shared):
                return (read, given, form, factor, self.helper if shared else None)
        assert isinstance(asset, Query)
        given = tuple(sorted((key, value) for key, value in self.variables.items() if f"${key}" in repr(asset)))
        return (self.columns(name), [v for k, v in vars(asset).items() if k != "in_file"], given)


def write(world: World, root: Path) -> None:
    """The files of `world`, and no others; one that stays the same is not touched."""
    wanted = dict(_files(world))
    for old in (*root.glob("*.vp.toml"), *root.glob("code_*.py"), *root.glob("sql/*.sql"), *root.glob("data/*/*.csv")):
        if old.relative_to(root).as_posix() not in wanted:
            old.unlink()
    for path, text in wanted.items():
        file = root / path
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")


def _files(world: World) -> Iterator[tuple[str, str]]:
    variables = "".join(f"{name} = {value}\n" for name, value in sorted(world.variables.items()))
    yield "vp.toml", f'[project]\nname = "proof"\n[executor]\nkind = "inline"\n[variables]\n{variables}'
    yield "code_shared.py", f"def added(number: int) -> int:\n    return number + {world.helper}\n"
    pipelines: dict[str, list[str]] = {}
    for full_name, asset in world.assets.items():
        pipeline, _, name = full_name.partition(".")
        blocks = pipelines.setdefault(pipeline, [f'[pipeline]\nname = "{pipeline}"\n'])
        match asset:
            case Source(columns, files, build):
                declared = "".join(f'columns.{column} = "{SQL_TYPES[kind]}"\n' for column, kind in columns)
                path = f'path = "data/{name}/*.csv"\n'
                blocks.append(f'[source.file.{name}]\n{path}build = "{build}"\n{declared}')
                for file, rows in files.items():
                    lines = [",".join(column for column, _ in columns)]
                    lines += [",".join("" if cell is None else cell for cell in row) for row in rows]
                    yield f"data/{name}/{file}.csv", "\n".join(lines) + "\n"
            case Query():
                query = to_sql(world, full_name)
                if asset.in_file:
                    yield f"sql/{name}.sql", query + "\n"
                    blocks.append(f'[sql.{name}]\nfile = "sql/{name}.sql"\nbuild = "{asset.build}"\n')
                else:
                    blocks.append(f"[sql.{name}]\nquery = '''\n{query}\n'''\nbuild = \"{asset.build}\"\n")
            case Function(read=read, columns=given):
                columns = f", columns = {list(given)}" if given is not None else ""
                blocks.append(
                    f'[python.{name}]\nfunction = "code_{name}:{name}"\n'
                    f'inputs = {{ rows = {{ asset = "{read}"{columns} }} }}\n'
                    'columns.n = "bigint"\ncolumns.label = "varchar"\n'
                )
                yield f"code_{name}.py", _code(name, asset)
        if full_name in world.checks:
            blocks.append(f"checks = [{world.checks[full_name]}]\n")
    for pipeline, blocks in pipelines.items():
        yield f"{pipeline}.vp.toml", "".join(blocks)


def _code(name: str, function: Function) -> str:
    lead = "from code_shared import added\n" if function.shared else ""
    value = f"len(text) * {function.factor}"
    body = [
        f"# {function.remark}",
        f"def {name}(rows: pa.Table) -> pa.Table:",
        f'    """{function.remark}"""',
        "    names = '|'.join(rows.column_names)",
        "    real = [pa.types.is_floating(kind) for kind in rows.schema.types]",
        "    rows = [list(row.values()) for row in rows.to_pylist()]",
        "    lines = [[None if skip else cell for cell, skip in zip(row, real)] for row in rows]",
        "    texts = [names + '|' + '|'.join(map(str, line)) for line in lines]",
    ]
    if function.form == "whole":
        body.append("    texts = [str(sorted(texts))]")
    value = f"added({value})" if function.shared else value
    body.append(f"    return pa.table({{'n': pa.array([{value} for text in texts], pa.int64()),")
    body.append("                     'label': pa.array(texts, pa.string())})")
    return "import pyarrow as pa\n" + lead + "\n" + "\n".join(body) + "\n"


def to_sql(world: World, name: str) -> str:
    """The query, laid out in one of several styles that all mean the same."""
    query = world.assets[name]
    assert isinstance(query, Query)
    pipeline = name.partition(".")[0]
    text = _select(query, [read.removeprefix(f"{pipeline}.") for read in query.reads])
    text = REFERENCE.sub(
        lambda found: f"t{found[1]}.{found[2]}" if query.form != "natural" else found[2],
        text,
    )
    match world.styles.get(name, 0):
        case 1:
            text = text.replace(" from ", "\n  -- where from\n  FROM ").replace("select ", "SELECT  ")
        case 2:
            text = "/* a remark */ " + text.replace(", ", " ,\n   ") + "  -- end"
        case 3:
            text = f"{text}\n\n"
    return text


def _select(query: Query, tables: list[str]) -> str:
    where = f" where {query.where}" if query.where else ""
    items = ", ".join(f"{item.expression} as {item.name}" for item in query.items)
    names = ", ".join(item.name for item in query.items)
    if query.form == "union":
        first = f"select {items} from {tables[0]} as t0{where}"
        return f"{first} {query.join} select {', '.join(query.second)} from {tables[-1]} as t{len(tables) - 1}"
    source = f"{tables[0]} as t0"
    if query.form == "natural":
        source = f"{tables[0]} natural join {tables[1]}"
    elif len(tables) > 1:
        condition = f" using ({query.key})" if query.key else f" on {query.on}" if query.on else ""
        source += f" {query.join} {tables[1]} as t1{condition}"
    if query.form == "star":
        exclude = f" exclude ({', '.join(query.excluded)})" if query.excluded else ""
        return f"select *{exclude}{', ' + items if items else ''} from {source}{where}{query.tail}"
    head = "select distinct" if query.form == "distinct" else "select"
    group = " group by all" if query.form == "grouped" else ""
    having = f" having {query.having}" if query.having else ""
    qualify = f" qualify {query.qualify}" if query.qualify else ""
    inner = f"{head} {items} from {source}{where}{group}{having}{qualify}{query.tail}"
    match query.wrap:
        case "cte":
            return f"with c as ({inner}), d as (select * from c) select {names} from d"
        case "subquery":
            return f"select {names} from ({inner}) as s"
        case "star":
            return f"select * from ({inner})"
    return inner
