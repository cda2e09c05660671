"""What people do, between two applies, to a project whose assets are built bit by bit."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from tests.promises.incremental_choices import FACTORS, FLEX, NEEDS, OPTIONAL, SHAPES, Sale
from tests.promises.incremental_queries import BACK
from tests.promises.incremental_slices import START, Slices
from tests.promises.incremental_world import World


def edit(world: World) -> str:
    """One of them, by chance; what it is called."""
    chosen = world.chance.choice(EDITS)
    chosen(world)
    return chosen.__name__


def _moment(world: World) -> datetime:
    hours = int((world.now - START) / timedelta(hours=1)) + 10
    return START + timedelta(hours=world.chance.randint(-30, hours), minutes=world.chance.choice((0, 0, 30)))


def late_rows(world: World) -> None:
    for _ in range(world.chance.randint(1, 4)):
        kind, amount, gone = world.chance.choice("abc"), world.chance.randint(1, 5), world.chance.random() < 0.1
        world.rows.append((world.chance.randint(1, 9), _moment(world), kind, amount, gone))


def change_row(world: World) -> None:
    if not world.rows:
        return
    which = world.chance.randrange(len(world.rows))
    number, placed, kind, amount, gone = world.rows[which]
    match world.chance.randrange(4):
        case 0:
            placed = _moment(world)
        case 1:
            kind = world.chance.choice("abcd")
        case 2:
            gone = not gone
        case _:
            amount += 1
    world.rows[which] = (number, placed, kind, amount, gone)


def drop_row(world: World) -> None:
    for _ in range(world.chance.randint(1, 3)):
        if world.rows:
            world.rows.pop(world.chance.randrange(len(world.rows)))


def time_passes(world: World) -> None:
    world.now += timedelta(days=world.chance.choice((0, 1, 1, 2, 3, 30)), hours=world.chance.randint(0, 20))


def other_kind(world: World) -> None:
    kind = world.chance.choice("abcd")
    if world.kinds.pop(kind, None) is None or world.chance.random() < 0.6:
        world.kinds[kind] = world.chance.choice(("x", "y", "z"))


def new_events(world: World) -> None:
    numbers = range(world.chance.randint(1, 3))
    world.files.append(
        [(world.chance.randint(1, 6), world.chance.choice("abc"), world.chance.randint(1, 5)) for _ in numbers]
    )


def _sales(world: World) -> list[Sale]:
    ids = world.chance.sample(range(1, 7), world.chance.randint(0, 3))
    return [(number, _moment(world), world.chance.choice("abc"), world.chance.randint(1, 5)) for number in ids]


def land(world: World) -> None:
    world.landed.append(_sales(world))


def change_landed(world: World) -> None:
    which = world.chance.randrange(len(world.landed))
    world.landed[which] = _sales(world)
    world.landed_cleared.discard(which)
    world.landed_changed = True


def clear_away(world: World) -> None:
    """A file that was delivered goes. What was read of it stays."""
    there: dict[int, object]
    if world.chance.random() < 0.5:
        there, cleared = {**world.files_there()}, world.files_cleared
    else:
        there, cleared = {**world.landed_there()}, world.landed_cleared
    if len(there) > 1:
        cleared.add(world.chance.choice(list(there)))
        world.landed_changed = True


def other_shape(world: World) -> None:
    world.shape = world.chance.choice(SHAPES)


def other_filter(world: World) -> None:
    world.filtered = not world.filtered


def other_columns(world: World) -> None:
    world.more = not world.more


def _bounds(world: World, grain: str) -> Slices:
    start = START + timedelta(days=world.chance.choice((-32, -1, 0, 0, 1, 2, 5)))
    end = START + timedelta(days=world.chance.randint(8, 50)) if world.chance.random() < 0.3 else None
    return Slices(grain, start, end)


def move_bounds(world: World) -> None:
    world.daily = _bounds(world, world.daily.grain if world.chance.random() < 0.7 else world.chance.choice(list(BACK)))


def move_other_bounds(world: World) -> None:
    if world.chance.random() < 0.5:
        world.of_daily = _bounds(world, world.chance.choice(list(BACK)))
    else:
        world.py_days = _bounds(world, "day")


def other_mode(world: World) -> None:
    world.as_table = not world.as_table


def other_merge(world: World) -> None:
    match world.chance.randrange(3):
        case 0:
            world.flag = not world.flag
        case 1:
            world.updates = not world.updates
        case _:
            world.merged_as_table = not world.merged_as_table


def other_values(world: World) -> None:
    world.values = None if world.chance.random() < 0.4 else world.chance.sample("abcd", world.chance.randint(1, 4))


def other_partition(world: World) -> None:
    world.parts_joined = not world.parts_joined


def other_history(world: World) -> None:
    world.timed = not world.timed


def other_factor(world: World) -> None:
    world.factor[world.chance.choice(FACTORS)] = world.chance.randint(1, 3)


def other_flex(world: World) -> None:
    world.flex, world.shape = world.chance.choice(FLEX), world.chance.choice(SHAPES)
    world.looking_back, world.timed, world.flag = (world.chance.random() < 0.5 for _ in range(3))


def look_back(world: World) -> None:
    world.looking_back = not world.looking_back


def come_or_go(world: World) -> None:
    name = world.chance.choice(OPTIONAL)
    if name not in world.present:
        coming = {name, NEEDS.get(name, name)}
        if any(_moves(world, each) for each in coming):
            return
        world.present |= coming
        if name == "taken" and world.chance.random() < 0.7:
            _adopt(world)
        return
    going = [name, *(reader for reader in NEEDS if NEEDS[reader] == name and reader in world.present)]
    for gone in () if any(_moves(world, each) for each in going) else going:
        world.present.discard(gone)
        world.guarded.discard(gone)
        if gone in world.ever_guarded or world.chance.random() < 0.3:
            world.blocks.append(f'[[removed]]\nasset = "{world.names[gone]}"\n')


def _adopt(world: World) -> None:
    kinds = world.chance.sample("abcd", world.chance.randint(0, 3))
    world.legacy = [(kind, world.chance.randint(1, 9), world.chance.randint(1, 9)) for kind in kinds]
    world.adoptions += 1
    path = f"legacy/{world.adoptions}/*.parquet"
    world.blocks.append(f'[[adopt]]\nasset = "{world.names["taken"]}"\npath = "{path}"\n')


def guard(world: World) -> None:
    """Prevent a removal, or do not any more."""
    if world.present:
        name = world.chance.choice(sorted(world.present))
        world.guarded ^= {name}
        world.ever_guarded.add(name)


def _moves(world: World, name: str) -> bool:
    return any(f'"{world.names[name]}"' in block or f'"{world.names[name]}.' in block for block in world.blocks)


def rename(world: World) -> None:
    which = world.chance.choice(world.there())
    if _moves(world, which):
        return
    new = f"{which}_{next(world.fresh)}"
    world.blocks.append(f'[[moved]]\nfrom = "{world.names[which]}"\nto = "{new}"\n')
    world.names[which] = new


def rename_column(world: World) -> None:
    """With a block the rows stay and readers do not notice; without one it is another column."""
    name, column = world.chance.choice(list(world.columns))
    if name not in world.there() or _moves(world, name):
        return
    new, before = f"{column}_{next(world.fresh)}", world.columns[name, column]
    if world.chance.random() < 0.7:
        asset = world.names[name]
        world.blocks.append(f'[[moved]]\nfrom = "{asset}.{before}"\nto = "{asset}.{new}"\n')
    else:
        world.identities[name, column] = new
    world.columns[name, column] = new


EDITS: tuple[Callable[[World], None], ...] = (
    *[late_rows] * 4,
    *[change_row] * 3,
    *(drop_row, time_passes, time_passes, other_kind, other_kind),
    *(new_events, new_events, land, land, change_landed),
    *(other_shape, other_filter, other_columns),
    *(move_bounds, move_bounds, move_other_bounds, move_other_bounds),
    *(other_mode, other_merge, other_merge, other_values, other_partition),
    *(other_history, other_factor, other_factor, other_flex, other_flex),
    *(come_or_go, come_or_go, come_or_go, guard, clear_away, look_back, rename, rename_column, rename_column),
)
