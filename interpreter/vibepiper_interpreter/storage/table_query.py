"""The one SELECT that gives the rows of a version from its parts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from vibepiper_interpreter.compile.build_settings import History, Intervals, Merge
from vibepiper_interpreter.compile.compiled import Column
from vibepiper_interpreter.engines.duckdb.session import literal, quote
from vibepiper_interpreter.storage.slices import Range
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
    keys = ", ".join(quote(name) for name in key_columns(version))
    changed = [f"SELECT {keys} FROM {files_query(storage, parts)}" for parts in (upserts, deletes) if parts]
    columns = ", ".join(f"kept.{quote(column.name)}" for column in version.columns)
    match = " AND ".join(f"kept.{quote(name)} = changed.{quote(name)}" for name in key_columns(version))
    kept = f"SELECT {columns} FROM ({rows}) AS kept ANTI JOIN ({' UNION ALL '.join(changed)}) AS changed ON {match}"
    if not upserts:
        return kept
    listed = ", ".join(quote(column.name) for column in version.columns)
    return f"{kept} UNION ALL SELECT {listed} FROM {files_query(storage, upserts)}"


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
    parts = parts_with(version.parts, "rows")
    whole = [part for part in parts if not part.carved and not part.renames]
    pieces = [f"SELECT * FROM {files_query(storage, whole)}"] if whole or not parts else []
    for part in parts:
        if part.renames:
            pieces.append(f"SELECT {_under_new_names(version, part)} FROM {files_query(storage, [part])}")
        elif part.carved:
            pieces.append(f"SELECT * FROM {files_query(storage, [part])} WHERE {_within(version, part.ranges)}")
    return " UNION ALL ".join(pieces)


def _under_new_names(version: Version, part: Part) -> str:
    """The columns of `version` as they are called now, of a part that was written when some had another name."""
    there = {here.casefold(): name for name, here in part.renames}
    names = [column.name for column in version.columns]
    return ", ".join(f"{quote(there.get(name.casefold(), name))} AS {quote(name)}" for name in names)


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
