"""Puts the rows that come in the place of all rows of the same intervals, or of the same values of a column."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import duckdb

from vibepiper_interpreter.compile.build_settings import Intervals, Partitions
from vibepiper_interpreter.compile.compiled import Column
from vibepiper_interpreter.engines.duckdb.session import literal, quote
from vibepiper_interpreter.grains import number_sql, numbered
from vibepiper_interpreter.run.bad_rows import in_no_slice
from vibepiper_interpreter.run.session import RunSession
from vibepiper_interpreter.run.tasks.compact import compact
from vibepiper_interpreter.run.tasks.deltas.keys import sample
from vibepiper_interpreter.run.tasks.deltas.parts import drop_part, write_part
from vibepiper_interpreter.run.tasks.staging import Content, Folder
from vibepiper_interpreter.run.tasks.task import Task
from vibepiper_interpreter.storage.slices import Built, Range, built_ranges, merged, without
from vibepiper_interpreter.storage.table_query import table_query, wall_time, within
from vibepiper_interpreter.storage.version import Part
from vibepiper_spec.diagnostics import DiagnosticError

_SHOWN = 5  # rows


def replace_slices(
    session: RunSession, task: Task, folder: Folder, settings: Intervals | Partitions, rows: str
) -> Content:
    """The base without what it had of the slices that `rows` are of, and `rows`. VP518 where a row is of none."""
    column = next(each for each in task.asset.columns if each.name.casefold() == settings.column.casefold())
    cursor = session.cursor()
    missing = f"SELECT * FROM {rows} WHERE {quote(column.name)} IS NULL"
    [(without_value,)] = cursor.execute(f"SELECT count(*) FROM ({missing})").fetchall()
    if without_value:
        shown = sample(cursor, f"{missing} LIMIT {_SHOWN}")
        raise DiagnosticError(in_no_slice(task.asset, column.name, without_value, *shown))
    if isinstance(settings, Intervals):
        return _intervals(session, task, folder, settings, column, rows)
    return _values(cursor, task, folder, column, rows)


def _intervals(
    session: RunSession, task: Task, folder: Folder, settings: Intervals, column: Column, rows: str
) -> Content:
    cursor, asset, base = session.cursor(), task.asset, task.base
    time = wall_time(column, settings.time_zone)
    found = cursor.execute(f"SELECT DISTINCT {number_sql(time, settings.grain)} FROM {rows}").fetchall()
    come = merged(numbered(int(number), settings.grain) for (number,) in found)
    part = write_part(cursor, folder, f"SELECT * FROM {rows}", "part-0.parquet", order_by=asset.order_by)
    part = replace(part, ranges=come)
    since = [Built(each, _version_id(folder)) for each in come]
    if base is None:
        return Content((part,), asset.columns, part.rows, tuple(since))
    if not come:
        drop_part(folder, "part-0.parquet")
        return Content(base.parts, base.columns, base.rows or 0, base.built)
    gone = f"SELECT count(*) FROM ({table_query(base, session.storage)}) WHERE {within(time, come)}"
    [(replaced,)] = cursor.execute(gone).fetchall()
    kept = []
    for old in base.parts:
        left = without(old.ranges, come)
        if left:
            kept.append(old if left == old.ranges else replace(old, ranges=left, carved=True))
    for each in base.built:
        since += [Built(left, each.since) for left in without(built_ranges([each]), come)]
    built = sorted(since, key=lambda each: each.slice if isinstance(each.slice, Range) else come[0])
    numbers = count(1)
    table = replace(base, asset=asset, parts=(*kept, part))
    parts = compact(session, table, lambda: folder.part(next(numbers))[0])
    return Content(parts, asset.columns, (base.rows or 0) - replaced + part.rows, tuple(built))


def _values(cursor: duckdb.DuckDBPyConnection, task: Task, folder: Folder, column: Column, rows: str) -> Content:
    asset, base = task.asset, task.base
    value = f"CAST({quote(column.name)} AS VARCHAR)"
    found = cursor.execute(f"SELECT DISTINCT {value} FROM {rows} ORDER BY 1").fetchall()
    come = [str(each) for (each,) in found]
    new: list[Part] = []
    for number, each in enumerate(come):
        query = f"SELECT * FROM {rows} WHERE {value} = {literal(each)}"
        part = write_part(cursor, folder, query, f"part-{number}.parquet", order_by=asset.order_by)
        new.append(replace(part, partition=each))
    since = [Built(each, _version_id(folder)) for each in come]
    if base is not None:
        replaced = set(come)
        new = [*(part for part in base.parts if part.partition not in replaced), *new]
        since += [each for each in base.built if each.slice not in replaced]
    if not new:
        new = [write_part(cursor, folder, f"SELECT * FROM {rows}", "part-0.parquet")]
    elif len(new) > 1:
        # That no row has come yet is no part of a table with rows.
        new = [part for part in new if part.rows or part.partition is not None]
    return Content(tuple(new), asset.columns, sum(part.rows for part in new), tuple(since))


def _version_id(folder: Folder) -> str:
    return folder.prefix.rpartition("/")[2]
