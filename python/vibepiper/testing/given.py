"""Rows that a test writes down, in whatever form: dictionaries, a frame, an Arrow table, a CSV file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import duckdb

from vibepiper.typed_rows import arrow_of
from vibepiper_interpreter.compile.compiled import Column
from vibepiper_interpreter.compile.csv_rows import UnreadableCsv, rows_of_csv
from vibepiper_interpreter.engines.duckdb.given_rows import GivenRows, misfits
from vibepiper_spec.diagnostics import did_you_mean

# Dictionaries, a table or frame of any library, or the path of a CSV file.
Rows: TypeAlias = Any


def given_rows(
    what: str, rows: Rows, columns: Sequence[Column], connection: duckdb.DuckDBPyConnection | None = None
) -> GivenRows:
    """`rows` in the types of `columns`, those that are left out being NULL; with none, in whatever types they have.

    `what` names them in messages. With a `connection` each value is judged by its type. Raises ValueError for a column
    that is not there and for a value of another type, TypeError for what is no rows.
    """
    names, dictionaries = _read(what, rows)
    types = {column.name.lower(): column for column in columns}
    for name in names:
        if types and name.lower() not in types:
            raise ValueError(f"{what}: there is no column `{name}`.{did_you_mean(name, [c.name for c in columns])}")
    wanted = [(each.name, each.type) for each in columns] or [(name, "") for name in names]
    lower = [{name.lower(): value for name, value in row.items()} for row in dictionaries]
    found = GivenRows(tuple(wanted), tuple(tuple(row.get(name.lower()) for name, _ in wanted) for row in lower))
    if connection is not None:
        for row, column in misfits(connection, found):
            name, kind = wanted[column]
            raise ValueError(f"{what}: row {row + 1}: `{name}` is {kind}, and {found.rows[row][column]!r} is none")
    return found


def _read(what: str, rows: Rows) -> tuple[list[str], list[Mapping[str, Any]]]:
    """The columns, in the order in which they are first named, and the rows."""
    if isinstance(rows, str | Path):
        try:
            names, read = rows_of_csv(Path(rows).read_text(encoding="utf-8"))
        except UnreadableCsv as error:
            raise ValueError(f"{what}: `{rows}` {error}") from None
        return names, read
    if isinstance(rows, Iterable) and not hasattr(rows, "__arrow_c_stream__") and not hasattr(rows, "dtypes"):
        listed = list(rows)
        for number, row in enumerate(listed, 1):
            if not isinstance(row, Mapping):
                raise TypeError(f"{what}: row {number} is no dictionary: {row!r}")
        return list(dict.fromkeys(name for row in listed for name in row)), listed
    try:
        table = arrow_of(rows)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{what}: {type(rows).__name__} is no rows: dictionaries, a table or a CSV file") from error
    return table.column_names, table.to_pylist(maps_as_pydicts="strict")
