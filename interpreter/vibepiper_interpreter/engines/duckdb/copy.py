"""Writes a query's result as one Parquet part, with the statistics that writing gives for free."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from vibepiper_interpreter.compile.compiled import Column
from vibepiper_interpreter.engines.duckdb.session import literal, quote
from vibepiper_interpreter.engines.duckdb.types import storage_projection
from vibepiper_interpreter.storage.version import ColumnStatistics, Part

_HUGEINT_STORED_AS = "DECIMAL(38,0)"
_SINGLE_NAME = re.compile(r'"((?:[^"]|"")*)"')


@dataclass(frozen=True, slots=True)
class CopyStatement:
    """A COPY of a query's result. `query_offset` is where in `text` the query begins, in bytes."""

    text: str
    query_offset: int


def copy_statement(
    query: str, file: Path, columns: Sequence[Column] = (), order_by: Sequence[str] = ()
) -> CopyStatement:
    """Write the rows of `query` to `file`, each of `columns` that Parquet would change cast to its stored type."""
    before = "COPY ("
    # The line break ends a comment that the query may end with.
    after = f"\n) TO {literal(str(file))} (FORMAT parquet, COMPRESSION snappy, RETURN_STATS)"
    # Only this type stands for one that Parquet would change; the look spares small tables the parsing of all types.
    casts = any(_HUGEINT_STORED_AS in column.type for column in columns)
    projection = storage_projection(columns) if casts else None
    if projection or order_by:
        before += f"SELECT {projection or '*'} FROM ("
        order = f" ORDER BY {', '.join(map(quote, order_by))}" if order_by else ""
        after = f"\n) AS result{order}{after}"
    return CopyStatement(f"{before}{query}{after}", len(before.encode()))


def copy_to_parquet(cursor: duckdb.DuckDBPyConnection, statement: CopyStatement, part_path: str) -> Part:
    """Run `statement` and describe what it wrote. A failure leaves no file behind."""
    # Fetched to the end: a result that is left open blocks the cursor's next statement.
    [(_, rows, size, _, statistics, *_)] = cursor.execute(statement.text).fetchall()
    return Part(part_path, int(rows), int(size), _column_statistics(statistics, int(rows)))


def _column_statistics(found: Mapping[str, Mapping[str, str]] | None, rows: int) -> tuple[ColumnStatistics, ...]:
    """Statistics of whole columns, without those of leaves inside nested ones (paths such as `"s"."k"`).

    For some types (INTERVAL) DuckDB counts nothing and says so only by `num_values` = 0: these are left out.
    """
    statistics = []
    for path, values in (found or {}).items():
        name = _SINGLE_NAME.fullmatch(path)
        if name is not None and "null_count" in values and int(values.get("num_values", -1)) == rows:
            statistics.append(
                ColumnStatistics(
                    name[1].replace('""', '"'), int(values["null_count"]), values.get("min"), values.get("max")
                )
            )
    return tuple(statistics)
