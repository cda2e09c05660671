"""Writes a query's result as one Parquet part, with the statistics that writing gives for free."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from vibepiper_interpreter.engines.duckdb.session import literal, quote
from vibepiper_interpreter.storage.version import ColumnStatistics, Part

# Text before the query in the statement: an error's position in the statement, less this, is one in the query.
COPY_PREFIX = "COPY ("
_SINGLE_NAME = re.compile(r'"((?:[^"]|"")*)"')


def copy_to_parquet(
    cursor: duckdb.DuckDBPyConnection, query: str, file: Path, part_path: str, order_by: Sequence[str] = ()
) -> Part:
    """Run `query` and write its rows to `file`. A failure leaves no file behind."""
    # The line break ends a comment that the query may end with.
    if order_by:
        query = f"{query}\n) ORDER BY {', '.join(order_by)}"
        statement = f"{COPY_PREFIX}SELECT * FROM ({query}"
    else:
        statement = f"{COPY_PREFIX}{query}\n"
    statement += f") TO {literal(str(file))} (FORMAT parquet, COMPRESSION snappy, RETURN_STATS)"
    row = cursor.execute(statement).fetchone()
    if row is None:
        raise ValueError("COPY with RETURN_STATS returned no row")
    _, rows, size, _, statistics, *_ = row
    return Part(part_path, int(rows), int(size), _column_statistics(statistics, int(rows)))


def position_in_query(position: int, order_by: Sequence[str]) -> int:
    """Where in the query an error is that DuckDB places at byte `position` of the copy statement."""
    return position - len(COPY_PREFIX) - (len("SELECT * FROM (") if order_by else 0)


def order_terms(columns: Sequence[str]) -> tuple[str, ...]:
    """`order_by` as SQL terms: a name, or a name followed by `asc` or `desc`."""
    return tuple(_order_term(column) for column in columns)


def _order_term(column: str) -> str:
    name, _, direction = column.rpartition(" ")
    if name and direction.lower() in ("asc", "desc"):
        return f"{quote(name.strip())} {direction}"
    return quote(column)


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
