"""Says what has become of a source's columns since it was published, and which row of which file it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import duckdb

from vibepiper_interpreter.compile.compiled import CompiledAsset, FileDefinition
from vibepiper_interpreter.connectors.file.broken_rows import BrokenRow, find_broken_row, place_of_row
from vibepiper_interpreter.connectors.file.inference import engine_message
from vibepiper_interpreter.connectors.file.lacking import read_what_is_there
from vibepiper_interpreter.connectors.file.reading import folders_of, paths_sql
from vibepiper_interpreter.engines.duckdb.session import SessionSettings, connect, quote
from vibepiper_interpreter.storage.version import SourceFile, Version
from vibepiper_spec.diagnostics import Diagnostic, Fix, Place, Range, Related

_LOOKED_INTO = 5  # retyped columns whose first misfit is looked for


def lost_columns(asset: CompiledAsset, published: Version) -> Diagnostic | None:
    """A warning VP503 for columns that no file has any more; None where all are there."""
    now = {column.name.casefold() for column in asset.columns}
    lost = [column.name for column in published.columns if column.name.casefold() not in now]
    if not lost:
        return None
    before = {column.name.casefold() for column in published.columns}
    new = [column.name for column in asset.columns if column.name.casefold() not in before]
    instead = f" New in them: {_listed(new)}." if new else ""
    return Diagnostic(
        "VP503",
        f"The files of `{asset.address}` do not have {_listed(lost)} any more, which they had when it was published."
        f"{instead}",
        _place(asset),
        severity="warning",
        fix=Fix("Get the files as they were, or change what reads these columns."),
    )


def retyped_columns(
    root: Path, asset: CompiledAsset, published: Version, files: Sequence[SourceFile]
) -> Diagnostic | None:
    """A warning VP503 for columns whose type is another one since some of `files` are new; None without any.

    It names the first row that does not fit the type of before; these files are read for it.
    """
    now, was = asset.definition, published.asset.definition
    if not isinstance(now, FileDefinition) or not isinstance(was, FileDefinition):
        return None
    before = {name.casefold(): kind for name, kind in was.types}
    retyped = [(name, before[name.casefold()], kind) for name, kind in now.types if _differs(before, name, kind)]
    known = {(file.path, file.sha256) for file in published.source_files}
    new = [file for file in files if (file.path, file.sha256) not in known]
    if not retyped or not new:
        return None  # what is declared otherwise is no news to whoever did it
    said = ", ".join(f"`{name}` {old} → {new}" for name, old, new in retyped)
    rows = _misfits(root, now, [(name, old) for name, old, _ in retyped[:_LOOKED_INTO]], new)
    name, old, _ = retyped[0]
    return Diagnostic(
        "VP503",
        f"Columns of `{asset.address}` have another type than when it was published: {said}."
        + "".join(f"\n{_sentence(row)}" for row in rows),
        _place(asset),
        severity="warning",
        related=tuple(Related(place_of_row(row), "the first that does not fit") for row in rows),
        fix=Fix(
            f"Correct {'the file' if len({row.file for row in rows} or new) == 1 else 'the files'} if that is a "
            f'mistake; `columns.{name} = "{old.lower()}"` refuses such values from now on. If it is meant, the queries '
            "that read the column have to do with its new type."
        ),
    )


def _differs(before: dict[str, str], name: str, kind: str) -> bool:
    return before.get(name.casefold(), kind) != kind


def _misfits(
    root: Path, definition: FileDefinition, columns: Sequence[tuple[str, str]], files: Sequence[SourceFile]
) -> list[BrokenRow]:
    """For each column (with its type of before) the first row that does not fit, where one can be found."""
    filled = [file for file in files if file.size]
    connection = connect(
        SessionSettings(threads=1, writing_threads=0, allowed_directories=folders_of(root, filled) if filled else ())
    )
    try:
        found = (_first_misfit(connection, root, definition, name, kind, filled) for name, kind in columns)
        return [row for row in found if row is not None]
    finally:
        connection.close()


def _first_misfit(
    connection: duckdb.DuckDBPyConnection,
    root: Path,
    definition: FileDefinition,
    column: str,
    kind: str,
    files: Sequence[SourceFile],
) -> BrokenRow | None:
    as_before = tuple((name, kind if name == column else now) for name, now in definition.types)
    for file in files:
        if definition.format == "parquet":
            own = _parquet_type(connection, root, file, column)
            if own not in (None, kind):
                return BrokenRow(file.path, None, f"column `{column}` is {own}")
            continue
        try:
            read = read_what_is_there(connection, root, replace(definition, types=as_before), [file])
            connection.execute(f"SELECT count({quote(column)}) FROM {read}")
        except duckdb.Error as error:
            row = find_broken_row(engine_message(error), root)
            if row is None:
                continue  # something else is wrong, which the run will meet
            if definition.format == "json":
                # Where several values do not fit, DuckDB names the line of the first, and the last of the values.
                return replace(row, reason=f"a value in column `{column}` is no {kind}")
            if f"column `{column}`" in row.reason:
                return row
    return None


def _parquet_type(connection: duckdb.DuckDBPyConnection, root: Path, file: SourceFile, column: str) -> str | None:
    relation = f"read_parquet({paths_sql(root, [file])}, hive_partitioning = false)"
    described = connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    return next((kind for name, kind, *_ in described if name.casefold() == column.casefold()), None)


def _sentence(row: BrokenRow) -> str:
    return f"`{row.file}`: {row.reason}." if row.line is None else f"Line {row.line} of `{row.file}`: {row.reason}."


def _place(asset: CompiledAsset) -> Place:
    return Place(asset.declared_in, Range.at(asset.declared_at_line, 1))


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
