"""Holds the rows made for a slice to their word: each lies in it."""

from __future__ import annotations

from pathlib import Path

from vibepiper_interpreter.compile.build_settings import Intervals
from vibepiper_interpreter.compile.compiled import Column, CompiledAsset
from vibepiper_interpreter.engines.duckdb.session import literal, quote
from vibepiper_interpreter.run.failures import declared_at, table
from vibepiper_interpreter.run.session import RunSession
from vibepiper_interpreter.storage.slices import Range
from vibepiper_interpreter.storage.table_query import timestamp, wall_time
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError, Fix

_SHOWN = 5  # rows


def require_inside(session: RunSession, asset: CompiledAsset, file: Path, settings: Intervals, batch: Range) -> None:
    """VP518, with some of the rows in `file` that do not lie in `batch`. To drop them silently would lose them."""
    time = wall_time(time_column(asset, settings), settings.time_zone)
    inside = f"({time} >= {timestamp(batch.start)} AND {time} < {timestamp(batch.end)})"
    found = _outside(session, file, inside)
    if found is None:
        return
    many, rows = found
    start, end = ("`context.start`", "`context.end`") if asset.kind == "python" else ("`$start`", "`$end`")
    zone = "" if settings.time_zone == "UTC" else f" ({settings.time_zone})"
    raise DiagnosticError(
        Diagnostic(
            "VP518",
            f"`{asset.address}` was asked for the time from {batch.start} up to {batch.end}{zone}, and {many} not lie "
            f"in it by column `{settings.column}`. Where another interval gives them too they would stand there twice, "
            "and where none does they would vanish. Nothing of it was published.",
            declared_at(asset),
            fix=Fix(
                f"Let {start} and {end} bound what `{settings.column}` is made of, and name a `time_zone` if its "
                "days begin elsewhere than in UTC."
            ),
            notes=rows,
        )
    )


def require_in_partition(session: RunSession, asset: CompiledAsset, file: Path, column: str, value: str) -> None:
    """VP518, with some of the rows in `file` whose `column` has another value."""
    inside = f"(CAST({quote(column)} AS VARCHAR) = {literal(value)})"
    found = _outside(session, file, inside)
    if found is None:
        return
    many, rows = found
    raise DiagnosticError(
        Diagnostic(
            "VP518",
            f"`{asset.address}` was asked for the partition `{value}`, and {many} not lie in it by column `{column}`. "
            "Where another partition gives them too they would stand there twice, and where none does they would "
            "vanish. Nothing of it was published.",
            declared_at(asset),
            fix=Fix(
                f"Give only rows whose `{column}` is `context.partition`."
                if asset.kind == "python"
                else f"Let `$partition` be what `{column}` is: `where {column} = $partition`."
            ),
            notes=rows,
        )
    )


def _outside(session: RunSession, file: Path, inside: str) -> tuple[str, tuple[str, ...]] | None:
    """How many rows in `file` are not `inside`, in words, and some of them; None where all are."""
    rows = f"FROM read_parquet([{literal(str(file))}], hive_partitioning = false) WHERE {inside} IS NOT true"
    cursor = session.cursor()
    [(count,)] = cursor.execute(f"SELECT count(*) {rows}").fetchall()
    if not count:
        return None
    cursor.execute(f"SELECT CAST(COLUMNS(*) AS VARCHAR) FROM (SELECT * {rows} LIMIT {_SHOWN}) AS sample")
    names = [str(column[0]) for column in cursor.description or ()]
    sample = [["NULL" if value is None else session.redactor(value) for value in row] for row in cursor.fetchall()]
    return "1 row does" if count == 1 else f"{count:,} rows do", table(names, sample)


def time_column(asset: CompiledAsset, settings: Intervals) -> Column:
    return next(column for column in asset.columns if column.name.casefold() == settings.column.casefold())
