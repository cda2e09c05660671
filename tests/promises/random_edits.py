"""Random edits of a project: what people do to specs, code and files between two applies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random

from tests.promises.random_project import Asset, Function, Item, Query, Source, World
from tests.promises.random_queries import KINDS, Expressions, cell, new_asset, rows

Edit = Callable[[Random, World], World | None]


def with_asset(world: World, name: str, asset: Asset) -> World:
    return replace(world, assets={**world.assets, name: asset})


def _pick(chance: Random, world: World, kind: type[Asset]) -> tuple[str, Asset] | None:
    names = [name for name, asset in sorted(world.assets.items()) if isinstance(asset, kind)]
    return (name := chance.choice(names), world.assets[name]) if names else None


def _query(chance: Random, world: World, *forms: str) -> tuple[str, Query] | None:
    names = [
        name
        for name, asset in sorted(world.assets.items())
        if isinstance(asset, Query) and (not forms or asset.form in forms)
    ]
    if not names:
        return None
    # What nobody reads proves little.
    read = [name for name in names if world.readers(name)]
    name = chance.choice(read if read and chance.random() < 0.7 else names)
    found = world.assets[name]
    assert isinstance(found, Query)
    return name, found


def _expressions(chance: Random, world: World, query: Query) -> Expressions:
    reads = query.reads[:1] if query.form == "union" or query.join in ("semi join", "anti join") else query.reads
    return Expressions(chance, [world.columns(read) for read in reads], sorted(world.variables))


def add_asset(chance: Random, world: World) -> World | None:
    return with_asset(world, *new_asset(chance, world)) if len(world.assets) < 10 else None


def drop_asset(chance: Random, world: World) -> World | None:
    names = [name for name, asset in world.assets.items() if not world.readers(name) and not isinstance(asset, Source)]
    if len(names) < 2:
        return None
    gone = chance.choice(sorted(names))
    checks = {name: check for name, check in world.checks.items() if name != gone}
    return replace(world, assets={name: each for name, each in world.assets.items() if name != gone}, checks=checks)


def change_expression(chance: Random, world: World) -> World | None:
    found = _query(chance, world, "plain", "grouped", "distinct", "union")
    if found is None:
        return None
    name, query = found
    index = chance.randrange(len(query.items))
    item = query.items[index]
    expressions = _expressions(chance, world, query)
    if item.aggregate:
        kind, text = expressions.aggregate()
        item = replace(item, kind=kind, expression=text)
    else:
        item = replace(item, expression=expressions.of(item.kind))
    return with_asset(world, name, replace(query, items=(*query.items[:index], item, *query.items[index + 1 :])))


def add_column(chance: Random, world: World) -> World | None:
    found = _query(chance, world, "plain", "grouped", "distinct")
    if found is None:
        return None
    name, query = found
    free = [each for each in ("h", "i", "j") if each not in dict(world.columns(name))]
    if not free:
        return None
    expressions = _expressions(chance, world, query)
    kind = chance.choice(KINDS[:-1])
    item = Item(free[0], kind, expressions.of(kind))
    if query.form == "plain" and chance.random() < 0.3:
        item = Item(free[0], "int", expressions.window())
    place = chance.randint(0, len(query.items))
    return with_asset(world, name, replace(query, items=(*query.items[:place], item, *query.items[place:])))


def drop_column(chance: Random, world: World) -> World | None:
    found = _query(chance, world, "plain", "grouped", "distinct")
    if found is None or len(found[1].items) < 2:
        return None
    name, query = found
    gone = chance.choice(query.items)
    used = {column for reader in world.readers(name) for read, columns in world.used(reader) for column in columns}
    if gone.name in used:
        return None
    return with_asset(world, name, replace(query, items=tuple(item for item in query.items if item is not gone)))


def reorder_columns(chance: Random, world: World) -> World | None:
    found = _query(chance, world, "plain", "grouped", "distinct", "natural")
    if found is None:
        return None
    name, query = found
    return with_asset(world, name, replace(query, items=tuple(chance.sample(query.items, len(query.items)))))


def rename_column(chance: Random, world: World) -> World | None:
    """In the query that makes it and in every query that names it."""
    found = _query(chance, world, "plain", "grouped", "distinct", "union", "count")
    if found is None:
        return None
    name, query = found
    old = chance.choice(query.items).name
    new = next(each for each in ("r", "u", "z", "zz") if each not in dict(world.columns(name)))
    items = tuple(replace(item, name=new) if item.name == old else item for item in query.items)
    world = with_asset(world, name, replace(query, items=items))
    return _follow(world, name, old, new)


def _follow(world: World, name: str, old: str, new: str) -> World | None:
    for reader in world.readers(name):
        asset = world.assets[reader]
        if isinstance(asset, Function):
            given = asset.columns and tuple(new if column == old else column for column in asset.columns)
            world = with_asset(world, reader, replace(asset, columns=given))
            continue
        assert isinstance(asset, Query)
        if asset.form == "natural" or asset.key == old:
            return None
        for index in (index for index, read in enumerate(asset.reads) if read == name):
            asset = _renamed(asset, f"<{index}.{old}>", f"<{index}.{new}>")
        excluded = tuple(new if column == old else column for column in asset.excluded)
        world = with_asset(world, reader, replace(asset, excluded=excluded))
        if asset.form == "star" and old not in asset.excluded:
            followed = _follow(world, reader, old, new)
            if followed is None:
                return None
            world = followed
    return world


def _renamed(query: Query, old: str, new: str) -> Query:
    return replace(
        query,
        items=tuple(replace(item, expression=item.expression.replace(old, new)) for item in query.items),
        second=tuple(text.replace(old, new) for text in query.second),
        where=query.where.replace(old, new),
        qualify=query.qualify.replace(old, new),
        on=query.on.replace(old, new),
    )


def change_filter(chance: Random, world: World) -> World | None:
    found = _query(chance, world, "plain", "grouped", "distinct", "union", "star", "count")
    if found is None:
        return None
    name, query = found
    where = "" if query.where and chance.random() < 0.3 else _expressions(chance, world, query).condition()
    return with_asset(world, name, replace(query, where=where))


def change_join(chance: Random, world: World) -> World | None:
    found = _query(chance, world)
    if found is None or len(found[1].reads) < 2 or found[1].form == "natural":
        return None
    name, query = found
    kinds: Sequence[str] = ("join", "left join", "full join", "right join")
    if query.form == "union":
        kinds = ("union", "union all", "except", "intersect")
    if query.join in ("cross join", "semi join", "anti join"):
        return None
    return with_asset(world, name, replace(query, join=chance.choice(kinds)))


def change_grouping(chance: Random, world: World) -> World | None:
    found = _query(chance, world, "plain", "grouped", "distinct")
    if found is None:
        return None
    name, query = found
    if query.form == "grouped":
        return with_asset(world, name, replace(query, having="" if query.having else "count(*) > 1"))
    return with_asset(world, name, replace(query, form="plain" if query.form == "distinct" else "distinct"))


def change_wrap(chance: Random, world: World) -> World | None:
    found = _query(chance, world, "plain", "grouped", "distinct")
    if found is None:
        return None
    name, query = found
    return with_asset(world, name, replace(query, wrap=chance.choice(("", "cte", "subquery", "star"))))


def change_exclude(chance: Random, world: World) -> World | None:
    found = _query(chance, world, "star")
    if found is None:
        return None
    name, query = found
    names = [column for column, _ in world.columns(query.reads[0])]
    return with_asset(world, name, replace(query, excluded=() if query.excluded else (chance.choice(names),)))


def switch_build(chance: Random, world: World) -> World | None:
    kind = chance.choice((Query, Query, Source))
    found = _pick(chance, world, kind)
    if found is None or isinstance(found[1], Function):
        return None
    name, asset = found
    assert isinstance(asset, Query | Source)
    return with_asset(world, name, replace(asset, build="table" if asset.build == "view" else "view"))


def change_variable(chance: Random, world: World) -> World:
    name = chance.choice(sorted(world.variables))
    return replace(world, variables={**world.variables, name: chance.randint(0, 4)})


def add_variable(chance: Random, world: World) -> World | None:
    return None if "spare" in world.variables else replace(world, variables={**world.variables, "spare": 2})


def change_code(chance: Random, world: World) -> World | None:
    found = _pick(chance, world, Function)
    if found is None:
        return None
    name, function = found
    assert isinstance(function, Function)
    if function.shared and chance.random() < 0.4:
        return replace(world, helper=world.helper + 1)
    if chance.random() < 0.3:
        return with_asset(world, name, replace(function, form="whole" if function.form == "rows" else "rows"))
    if chance.random() < 0.3:
        return with_asset(world, name, replace(function, columns=None))
    return with_asset(world, name, replace(function, factor=function.factor % 3 + 1))


# Files


def _a_file(chance: Random, world: World) -> tuple[str, Source, str] | None:
    found = _pick(chance, world, Source)
    if found is None:
        return None
    name, source = found
    assert isinstance(source, Source)
    return name, source, chance.choice(sorted(source.files))


def _with_rows(world: World, name: str, source: Source, file: str, lines: Sequence[tuple[str | None, ...]]) -> World:
    return with_asset(world, name, replace(source, files={**source.files, file: tuple(lines)}))


def change_cell(chance: Random, world: World) -> World | None:
    found = _a_file(chance, world)
    if found is None or not found[1].files[found[2]]:
        return None
    name, source, file = found
    lines = [list(line) for line in source.files[file]]
    column = chance.randrange(len(source.columns))
    line = chance.choice(lines)
    line[column] = str(chance.randint(0, 4)) if column == 0 else cell(chance, source.columns[column][1])
    return _with_rows(world, name, source, file, [tuple(each) for each in lines])


def change_rows(chance: Random, world: World) -> World | None:
    found = _a_file(chance, world)
    if found is None:
        return None
    name, source, file = found
    lines = list(source.files[file])
    if lines and chance.random() < 0.4:
        lines.remove(chance.choice(lines))
    elif lines and chance.random() < 0.4:
        lines.append(chance.choice(lines))  # once more
    else:
        lines += rows(chance, source.columns, 1)
    return _with_rows(world, name, source, file, lines)


def reorder_rows(chance: Random, world: World) -> World | None:
    found = _a_file(chance, world)
    if found is None:
        return None
    name, source, file = found
    return _with_rows(world, name, source, file, chance.sample(source.files[file], len(source.files[file])))


def change_files(chance: Random, world: World) -> World | None:
    found = _a_file(chance, world)
    if found is None:
        return None
    name, source, file = found
    files = dict(source.files)
    if len(files) > 1 and chance.random() < 0.5:
        del files[file]
    else:
        files[f"part-{len(files) + 3}"] = rows(chance, source.columns, 2)
    return with_asset(world, name, replace(source, files=files))


def add_source_column(chance: Random, world: World) -> World | None:
    found = _a_file(chance, world)
    if found is None or "x" in dict(found[1].columns):
        return None
    name, source, _ = found
    kind = chance.choice(KINDS)
    files = {file: tuple((*line, cell(chance, kind)) for line in lines) for file, lines in source.files.items()}
    return with_asset(world, name, replace(source, columns=(*source.columns, ("x", kind)), files=files))


# Nothing at all


def reformat(chance: Random, world: World) -> World | None:
    found = _query(chance, world)
    if found is None:
        return None
    name, query = found
    if chance.random() < 0.3:
        return with_asset(world, name, replace(query, in_file=not query.in_file))
    return replace(world, styles={**world.styles, name: chance.randint(0, 3)})


def comment_code(chance: Random, world: World) -> World | None:
    found = _pick(chance, world, Function)
    if found is None:
        return None
    assert isinstance(found[1], Function)
    return with_asset(world, found[0], replace(found[1], remark=f"remark {chance.randint(0, 99)}"))


def change_check(chance: Random, world: World) -> World:
    """Another check that holds. One that was asked before of the same rows need not be asked again: so never that."""
    name = chance.choice(sorted(world.assets))
    most = chance.randint(100_000, 2**62)
    return replace(world, checks={**world.checks, name: f"{{ row_count = {{ max = {most} }} }}"})


def break_check(chance: Random, world: World) -> World:
    """A check that fails."""
    name = chance.choice(sorted(world.assets))
    return replace(world, checks={**world.checks, name: "{ row_count = { min = 100000 } }"})


NEEDLESS: tuple[Edit, ...] = (reformat, comment_code, add_variable)
EDITS: tuple[Edit, ...] = (
    *(add_asset, add_asset, drop_asset),
    *(
        change_expression,
        change_expression,
        change_expression,
        change_expression,
        change_expression,
        add_column,
        drop_column,
        reorder_columns,
        rename_column,
    ),
    *(change_filter, change_join, change_grouping, change_wrap, change_exclude, switch_build),
    *(change_variable, change_code, change_code),
    *(change_cell, change_cell, change_cell, change_rows, reorder_rows, change_files, add_source_column),
    *NEEDLESS,
)
