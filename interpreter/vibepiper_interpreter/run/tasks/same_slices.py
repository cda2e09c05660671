"""Which intervals that were made anew came out as they were: their readers need not look at them again."""

from __future__ import annotations

from pathlib import Path

import duckdb

from vibepiper_interpreter.compile.build_settings import Intervals
from vibepiper_interpreter.compile.compiled import CompiledAsset
from vibepiper_interpreter.engines.duckdb.multiset import multiset_hashes
from vibepiper_interpreter.engines.duckdb.session import literal
from vibepiper_interpreter.grains import cut, number, number_sql
from vibepiper_interpreter.run.relations import Unreadable
from vibepiper_interpreter.run.session import RunSession
from vibepiper_interpreter.run.tasks.inside import time_column
from vibepiper_interpreter.storage.slices import Range, Ranges, built_ranges, common, merged
from vibepiper_interpreter.storage.table_query import wall_time, within
from vibepiper_interpreter.storage.version import Version


def same_slices(
    session: RunSession, base: Version, file: Path, asset: CompiledAsset, settings: Intervals, batch: Range
) -> Ranges:
    """The intervals in `batch` that are built in `base` and hold the same multiset of rows in `file`."""
    again = common([batch], built_ranges(base.built))
    if not again or [(c.name, c.type) for c in base.columns] != [(c.name, c.type) for c in asset.columns]:
        return ()
    time = wall_time(time_column(asset, settings), settings.time_zone)
    interval = number_sql(time, settings.grain)
    where = within(time, again)
    cursor = session.cursor()
    made = f"read_parquet([{literal(str(file))}], hive_partitioning = false) WHERE {where}"
    try:
        old = f"{session.relations.earlier(cursor, base)} AS before WHERE {where}"
        before = multiset_hashes(cursor, old, asset.columns, interval)
    except (Unreadable, duckdb.IOException):
        return ()
    now = multiset_hashes(cursor, made, asset.columns, interval)
    each = cut(again, settings.grain, 1)
    if before == now:
        return again
    different = {interval for interval in before.keys() | now.keys() if before.get(interval) != now.get(interval)}
    return merged(one for one in each if number(one.start, settings.grain) not in different)
