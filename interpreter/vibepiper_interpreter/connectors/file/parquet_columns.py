"""The columns of Parquet files, as a table that is made of them has them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from vibepiper_interpreter.compile.compiled import Column
from vibepiper_interpreter.engines.duckdb.failure import engine_failure
from vibepiper_interpreter.engines.duckdb.session import SessionSettings, connect, literal
from vibepiper_interpreter.storage.version import SourceFile
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError, Fix


def parquet_columns(root: Path, files: Sequence[SourceFile]) -> tuple[Column, ...]:
    """Those of the first file; the others are held to them. VP504 where one cannot be read, or has other columns."""
    import duckdb

    found: tuple[Column, ...] | None = None
    paths = [(root / file.path).resolve() for file in files]
    folders = tuple({path.parent for path in paths})
    with connect(SessionSettings(threads=1, allowed_directories=folders)) as connection:
        for file, path in zip(files, paths, strict=True):
            relation = f"read_parquet([{literal(str(path))}], hive_partitioning = false)"
            try:
                described = connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
            except duckdb.Error as error:
                why = engine_failure(error).message.strip().partition("\n")[0].replace(str(path), path.name)
                raise DiagnosticError(_unreadable(file, f"it is no Parquet file that can be read ({why})")) from error
            columns = tuple(Column(row[0], row[1]) for row in described)
            if found is not None and columns != found:
                why = f"it has other columns than `{files[0].path}` ({_differences(found, columns)})"
                raise DiagnosticError(_unreadable(file, why))
            found = columns
    return found or ()


def _differences(first: Sequence[Column], columns: Sequence[Column]) -> str:
    """What is otherwise in `columns`."""
    types, others = ({column.name: column.type for column in each} for each in (columns, first))
    found = [f"`{name}` is missing" for name in others if name not in types]
    found += [f"`{name}` is one more" for name in types if name not in others]
    found += [
        f"`{name}` is {types[name]} and not {others[name]}"
        for name in types
        if types[name] != others.get(name, types[name])
    ]
    return ", ".join(found) or "they stand in another order"


def _unreadable(file: SourceFile, why: str) -> Diagnostic:
    return Diagnostic(
        "VP504",
        f"`{file.path}` cannot be taken over: {why}.",
        fix=Fix("Take it out of what the pattern names, or bring back the file as it was written."),
    )
