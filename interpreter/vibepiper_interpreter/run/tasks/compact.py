"""Writes many small parts as one: who reads a table opens each of its files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from vibepiper_interpreter.engines.duckdb.copy import copy_statement, copy_to_parquet
from vibepiper_interpreter.run.session import RunSession
from vibepiper_interpreter.storage.slices import merged
from vibepiper_interpreter.storage.table_query import table_query
from vibepiper_interpreter.storage.version import Part, Version

# Parts of about one size are written together, so that a row is written again once a class and not once a version.
_CLASSES = (2**16, 2**20, 2**24, 2**27)  # bytes; larger parts stay as they are
TOGETHER = 16  # parts
_MOST_CARVED = 8


def compact(
    session: RunSession,
    version: Version,
    new_file: Callable[[], Path],
    *,
    carved: bool = True,
    together: int = TOGETHER,
) -> tuple[Part, ...]:
    """The parts of `version`, which is built by interval, with those taken together that are worth it.

    `carved`: also those that hold rows which are not read any more. `together`: how many of one size are worth it.
    """
    parts = sorted(version.parts, key=lambda part: (part.ranges, part.path))
    found = parts
    for group in _groups(parts, together, carved=carved):
        taken = {part.path for part in group}
        file = new_file()
        query = table_query(replace(version, parts=tuple(group)), session.storage)
        statement = copy_statement(query, file, order_by=version.asset.order_by)
        path = file.relative_to(session.storage.root).as_posix()
        made = copy_to_parquet(session.cursor(), statement, path)
        ranges = merged(each for part in group for each in part.ranges)
        found = [part for part in found if part.path not in taken]
        found.append(Part(path, made.rows, made.bytes, made.statistics, ranges=ranges))
    return tuple(sorted(found, key=lambda part: (part.ranges, part.path)))


def _groups(parts: Sequence[Part], together: int, *, carved: bool) -> list[list[Part]]:
    """Neighbours in time of one class, together no larger than a large part."""
    groups: list[list[Part]] = []
    lowest = 0
    for highest in _CLASSES:
        small = [part for part in parts if lowest <= part.bytes < highest]
        worth = len(small) >= together or (carved and sum(part.carved for part in small) > _MOST_CARVED)
        lowest = highest
        if not worth:
            continue
        groups.append([])
        for part in small:
            if groups[-1] and sum(each.bytes for each in groups[-1]) + part.bytes > _CLASSES[-1]:
                groups.append([])
            groups[-1].append(part)
    return [group for group in groups if len(group) > 1 or any(part.carved for part in group)]
