"""Which slices of a version the new content of its inputs can reach, by the slices of the rows that differ."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import duckdb

from vibepiper_interpreter.compile.build_settings import Intervals
from vibepiper_interpreter.compile.compiled import Column, Input
from vibepiper_interpreter.engines.duckdb.multiset import MultisetHash, multiset_hashes
from vibepiper_interpreter.engines.duckdb.session import quote
from vibepiper_interpreter.grains import longer, number_sql, numbered
from vibepiper_interpreter.plan.plan import Condition
from vibepiper_interpreter.run.conditions import Conditions, used_columns
from vibepiper_interpreter.run.relations import Unreadable, qualified
from vibepiper_interpreter.run.session import RunSession
from vibepiper_interpreter.run.tasks.task import Task
from vibepiper_interpreter.storage.slices import Ranges, built_ranges, built_values, common, merged
from vibepiper_interpreter.storage.table_query import rows_query, wall_time
from vibepiper_interpreter.storage.version import Part, Version


def stale_slices(session: RunSession, conditions: Conditions, task: Task, base: Version, settings: Intervals) -> Ranges:
    """The intervals of `base` that have to be made anew, by the conditions of the action."""

    def interval_of(column: Column) -> str:
        return number_sql(wall_time(column, settings.time_zone), settings.grain)

    built = built_ranges(base.built)
    found: Ranges = ()
    for condition in task.action.conditions:
        different = _different(session, conditions, task, condition, interval_of)
        if different is None:
            return built
        found = merged((*found, *(numbered(int(each), settings.grain) for each in different)))
    return common(longer(found, settings.grain, settings.lookback), built)


def stale_partitions(session: RunSession, conditions: Conditions, task: Task, base: Version) -> set[str]:
    """The partitions of `base` that have to be made anew, by the conditions of the action."""
    built = {*built_values(base.built)}
    found: set[str] = set()
    for condition in task.action.conditions:
        different = _different(session, conditions, task, condition, _value)
        if different is None:
            return built
        found |= {str(each) for each in different}
    return found & built


def _value(column: Column) -> str:
    return f"CAST({quote(column.name)} AS VARCHAR)"


def _different(
    session: RunSession,
    conditions: Conditions,
    task: Task,
    condition: Condition,
    slice_of: Callable[[Column], str],
) -> set[int | str] | None:
    """The slices in which an input differs from what was read of it; None for all of them.

    A row that lies in no slice, since its slice column is NULL, counts as one of all of them.
    """
    read = next(each for each in task.asset.inputs if each.address == condition.input)
    earlier, current = task.confirmed.get(read.address), task.inputs[read.address]
    if earlier is None:
        return None
    if earlier.id == current.id:
        return set()
    if read.slice_column is None:
        return set() if conditions.equal(session, earlier, current, condition.columns) else None
    used = used_columns(earlier, _with_slice_column(read))
    if used is None or used != used_columns(current, _with_slice_column(read)):
        return None
    column = next(each for each in used if each.name.casefold() == read.slice_column.casefold())
    try:
        before, now = _hashes(session, earlier, current, used, slice_of(column))
    except (Unreadable, duckdb.IOException):
        return None
    differ = {each for each in before.keys() | now.keys() if before.get(each) != now.get(each)}
    return None if None in differ else {each for each in differ if each is not None}


def _with_slice_column(read: Input) -> tuple[str, ...] | None:
    if read.columns is None or read.slice_column is None:
        return read.columns
    return tuple(sorted({*read.columns, read.slice_column}))


def _hashes(
    session: RunSession, earlier: Version, current: Version, columns: Sequence[Column], slice_of: str
) -> tuple[dict[int | str | None, MultisetHash], dict[int | str | None, MultisetHash]]:
    """The rows of each slice in both versions; files that are parts of both need not be read."""
    cursor = session.cursor()
    if not (_added_up(earlier) and _added_up(current)):
        before = multiset_hashes(cursor, f"{session.relations.earlier(cursor, earlier)} AS before", columns, slice_of)
        return before, multiset_hashes(cursor, qualified(current.address), columns, slice_of)
    if not session.storage.has(earlier):
        raise Unreadable(str(earlier.address))
    shared = {(part.path, part.renames) for part in earlier.parts} & {
        (part.path, part.renames) for part in current.parts
    }

    def own(version: Version) -> dict[int | str | None, MultisetHash]:
        parts = [part for part in version.parts if _columns_of_file(part) not in shared]
        relation = f"({rows_query(version, session.storage, parts)})"
        return multiset_hashes(cursor, relation, columns, slice_of) if parts else {}

    return own(earlier), own(current)


def _columns_of_file(part: Part) -> tuple[str, tuple[tuple[str, str], ...]]:
    """What equal columns of a file are told by."""
    return part.path, part.renames


def _added_up(version: Version) -> bool:
    """Whether its rows are those of its files, all of them."""
    return bool(version.parts) and all(part.role == "rows" and not part.carved for part in version.parts)
