"""The one SELECT that gives the rows of a version from its parts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from vibepiper_interpreter.compile.build_settings import History, Intervals, Merge
from vibepiper_interpreter.compile.compiled import Column
from vibepiper_interpreter.engines.duckdb.session import literal, quote
from vibepiper_interpreter.storage.slices import Range, Ranges
from vibepiper_interpreter.storage.storage import Storage
from vibepiper_interpreter.storage.version import Part, PartRole, Version


def table_query(version: Version, storage: Storage) -> str:
    """All rows of `version`, which has parts: those of carved parts within their ranges, and with upserts and deletes
    in the place of the rows that they change."""
    rows = base_query(version, storage)
    upserts = parts_with(version.parts, "upserts")
    deletes = parts_with(version.parts, "deletes")
    if not upserts and not deletes:
        return rows
    changed = [rows_query(version, storage, parts, key_columns(version)) for parts in (upserts, deletes) if parts]
    columns = ", ".join(f"kept.{quote(column.name)}" for column in version.columns)
    match = " AND ".join(f"kept.{quote(name)} = changed.{quote(name)}" for name in key_columns(version))
    kept = f"SELECT {columns} FROM ({rows}) AS kept ANTI JOIN ({' UNION ALL '.join(changed)}) AS changed ON {match}"
    if not upserts:
        return kept
    listed = [column.name for column in version.columns]
    return f"{kept} UNION ALL {rows_query(version, storage, upserts, listed)}"


def key_columns(version: Version) -> tuple[str, ...]:
    """The columns by which upserts and deletes find the rows they change."""
    match version.asset.settings:
        case Merge(key=key):
            return key
        case History(key=key, valid_from=valid_from):
            return (*key, valid_from)
    raise ValueError(f"{version.address} has no key")


def base_query(version: Version, storage: Storage) -> str:
    """The rows that upserts and deletes, where there are any, have yet to change."""
    return rows_query(version, storage, parts_with(version.parts, "rows"))


def rows_query(version: Version, storage: Storage, parts: Sequence[Part], names: Sequence[str] | None = None) -> str:
    """The rows of some parts of `version`, of any role: the columns `names`, or all, as they are called now."""
    alike: dict[tuple[tuple[tuple[str, str], ...], Ranges], list[Part]] = {}
    for part in parts:
        alike.setdefault((part.renames, part.ranges if part.carved else ()), []).append(part)
    pieces = []
    for (renames, ranges), together in alike.items():
        rows = f"SELECT {_listed(version, renames, None if ranges else names)} FROM {files_query(storage, together)}"
        if ranges:
            rows = f"SELECT {_listed(version, (), names)} FROM ({rows}) WHERE {_within(version, ranges)}"
        pieces.append(rows)
    return " UNION ALL ".join(pieces)


def _listed(version: Version, renames: Sequence[tuple[str, str]], names: Sequence[str] | None) -> str:
    """A select list of the columns `names` (None: all), from files in which those in `renames` have another name."""
    if names is None and not renames:
        return "*"
    there = {here.casefold(): name for name, here in renames}
    wanted = [column.name for column in version.columns] if names is None else names
    return ", ".join(f"{quote(there.get(name.casefold(), name))} AS {quote(name)}" for name in wanted)


def parts_with(parts: Iterable[Part], role: PartRole) -> list[Part]:
    return [part for part in parts if part.role == role]


def files_query(storage: Storage, parts: Sequence[Part]) -> str:
    """What stands behind FROM for all that is in `parts`."""
    files = ", ".join(literal(str(storage.path(part))) for part in parts)
    return f"read_parquet([{files}], hive_partitioning = false)"


def _within(version: Version, ranges: Sequence[Range]) -> str:
    settings = version.asset.settings
    if not isinstance(settings, Intervals):
        raise ValueError(f"{version.address} is not built by interval")
    column = next(column for column in version.columns if column.name.casefold() == settings.column.casefold())
    return within(wall_time(column, settings.time_zone), ranges)


def within(time: str, ranges: Sequence[Range]) -> str:
    """The condition that `time`, an expression of type TIMESTAMP, lies in one of `ranges`."""
    tests = [f"({time} >= {timestamp(each.start)} AND {time} < {timestamp(each.end)})" for each in ranges]
    return f"({' OR '.join(tests)})" if tests else "false"


def timestamp(time: datetime) -> str:
    """A wall time as SQL."""
    return f"TIMESTAMP {literal(time.isoformat(' '))}"


def wall_time(column: Column, time_zone: str) -> str:
    """The wall time in `time_zone` of a row: an instant has to be turned into it, a date or plain timestamp is it."""
    if column.type == "TIMESTAMP WITH TIME ZONE":
        return f"timezone({literal(time_zone)}, {quote(column.name)})"
    return f"CAST({quote(column.name)} AS TIMESTAMP)"
