"""Holds the rows made for a slice to their word: each lies in it."""

from __future__ import annotations

from pathlib import Path

from vibepiper_interpreter.compile.build_settings import Intervals
from vibepiper_interpreter.compile.compiled import Column, CompiledAsset
from vibepiper_interpreter.engines.duckdb.session import literal, quote
from vibepiper_interpreter.run.bad_rows import table
from vibepiper_interpreter.run.failures import declared_at
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
    zone = "" if settings.time_zone == "UTC" else f" ({settings.time_zone})"
    raise DiagnosticError(
        Diagnostic(
            "VP518",
            f"`{asset.address}` was asked for the time from {batch.start} up to {batch.end}{zone}, and {many} not lie "
            f"in it by column `{settings.column}`. Where another interval gives them too they would stand there twice, "
            "and where none does they would vanish. Nothing of it was published.",
            declared_at(asset),
            fix=Fix(_advice(session, asset, file, settings, batch, f"{inside} IS NOT true")),
            notes=rows,
        )
    )


def _advice(
    session: RunSession, asset: CompiledAsset, file: Path, settings: Intervals, batch: Range, outside: str
) -> str:
    """What to do about the rows that are `outside`, by where they lie and how the time is to be compared."""
    column = time_column(asset, settings)
    start, end = ("context.start", "context.end") if asset.kind == "python" else ("$start", "$end")
    time = wall_time(column, settings.time_zone)
    elsewhere = f"SELECT 1 FROM {_rows_in(file)} WHERE {outside} AND {time} IS DISTINCT FROM {timestamp(batch.end)}"
    if not session.cursor().execute(f"{elsewhere} LIMIT 1").fetchall():
        return (
            f"These rows lie at `{end}` itself, where the next interval begins: ask for what is before it, "
            f"`< {end}` in the place of `<= {end}` or of BETWEEN."
        )
    bound = f"Let `{start}` and `{end}` bound what `{column.name}` is made of"
    zone = settings.time_zone
    if zone == "UTC":
        return f"{bound}, and name a `time_zone` if its days begin elsewhere than in UTC."
    if asset.kind == "python":
        return f"{bound}: they are wall times in {zone}, so instants are compared by their wall time there."
    if column.type == "TIMESTAMP WITH TIME ZONE":
        wall = f"timezone({literal(zone)}, {settings.column})"
        return f"{bound}, as wall times in {zone}: `{wall} >= {start} and {wall} < {end}`."
    return (
        f"{bound}. `{column.name}` has to hold wall times in {zone}, as `{start}` and `{end}` do: of an instant "
        f"that is `timezone({literal(zone)}, …)`, also where it is cast to a date."
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
    rows = f"FROM {_rows_in(file)} WHERE {inside} IS NOT true"
    cursor = session.cursor()
    [(count,)] = cursor.execute(f"SELECT count(*) {rows}").fetchall()
    if not count:
        return None
    cursor.execute(f"SELECT CAST(COLUMNS(*) AS VARCHAR) FROM (SELECT * {rows} LIMIT {_SHOWN}) AS sample")
    names = [str(column[0]) for column in cursor.description or ()]
    sample = [["NULL" if value is None else session.redactor(value) for value in row] for row in cursor.fetchall()]
    return "1 row does" if count == 1 else f"{count:,} rows do", table(names, sample)


def _rows_in(file: Path) -> str:
    return f"read_parquet([{literal(str(file))}], hive_partitioning = false)"


def time_column(asset: CompiledAsset, settings: Intervals) -> Column:
    return next(column for column in asset.columns if column.name.casefold() == settings.column.casefold())
