"""Writes a query's result as one Parquet part: at once, or by way of a table in memory where it is small."""

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

# The encodings of Parquet's second version take about half the time to read, and often half the room.
# The folder of a version is nobody's until it is recorded, so the file needs no name of its own until it is whole.
PARQUET_OPTIONS = "FORMAT parquet, PARQUET_VERSION v2, COMPRESSION snappy, USE_TMP_FILE false"
_HUGEINT_STORED_AS = "DECIMAL(38,0)"
_SINGLE_NAME = re.compile(r'"((?:[^"]|"")*)"')


# What of its columns comes back from Parquet as it was, in value and type. Others are read from the file again.
_SAME_IN_PARQUET = re.compile(
    r"BOOLEAN|U?(TINYINT|SMALLINT|INTEGER|BIGINT)|FLOAT|DOUBLE|DECIMAL\((?!38)\d+,\d+\)"
    r"|VARCHAR|DATE|TIMESTAMP( WITH TIME ZONE)?"
)
# Those of them that other types become in Parquet.
_STORED_FOR_OTHERS = frozenset({"VARCHAR", "TIMESTAMP"})


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement with a query in it. `query_offset` is where in `text` the query begins, in bytes."""

    text: str
    query_offset: int


def copy_statement(query: str, file: Path, columns: Sequence[Column] = (), order_by: Sequence[str] = ()) -> Statement:
    """Write the rows of `query` to `file`, each of `columns` that Parquet would change cast to its stored type."""
    before = "COPY ("
    # The line break ends a comment that the query may end with.
    after = f"\n) TO {literal(str(file))} ({PARQUET_OPTIONS}, RETURN_STATS)"
    # Only this type stands for one that Parquet would change; the look spares small tables the parsing of all types.
    casts = any(_HUGEINT_STORED_AS in column.type for column in columns)
    projection = storage_projection(columns) if casts else None
    if projection or order_by:
        before += f"SELECT {projection or '*'} FROM ("
        order = f" ORDER BY {', '.join(map(quote, order_by))}" if order_by else ""
        after = f"\n) AS result{order}{after}"
    return Statement(f"{before}{query}{after}", len(before.encode()))


def describe_statement(query: str) -> Statement:
    """Tell the columns of `query`, with their types."""
    before = "DESCRIBE "
    return Statement(f"{before}{query}", len(before.encode()))


def copy_to_parquet(cursor: duckdb.DuckDBPyConnection, statement: Statement, part_path: str) -> Part:
    """Run `statement` and describe what it wrote. A failure leaves no file behind."""
    # Fetched to the end: a result that is left open blocks the cursor's next statement.
    [(_, rows, size, _, statistics, *_)] = cursor.execute(statement.text).fetchall()
    return Part(part_path, int(rows), int(size), _column_statistics(statistics, int(rows)))


def same_in_memory(columns: Sequence[Column]) -> bool:
    """Whether a table in memory of these (stored) types holds what would come back from Parquet."""
    return bool(columns) and all(_SAME_IN_PARQUET.fullmatch(column.type) for column in columns)


def table_statement(
    query: str, table: str, columns: Sequence[Column], order_by: Sequence[str] = (), *, most_rows: int
) -> Statement:
    """Make `table` of the rows of `query`, cut off behind `most_rows`. `same_in_memory` must hold of `columns`."""
    # A query's own type may be another one of the same values: an enum is stored as text, seconds as microseconds.
    names = [(quote(column.name), column.type) for column in columns if column.type in _STORED_FOR_OTHERS]
    casts = ", ".join(f"CAST({name} AS {kind}) AS {name}" for name, kind in names)
    before = f"CREATE TABLE {table} AS {f'SELECT * REPLACE ({casts}) ' if casts else ''}FROM ("
    order = f" ORDER BY {', '.join(map(quote, order_by))}" if order_by else ""
    return Statement(f"{before}{query}\n) AS result{order} LIMIT {most_rows}", len(before.encode()))


def copy_table(cursor: duckdb.DuckDBPyConnection, table: str, file: Path, part_path: str) -> Part:
    """Write a small table. Its statistics stay in the file: to have them told costs more than to count."""
    [(rows,)] = cursor.execute(f"COPY {table} TO {literal(str(file))} ({PARQUET_OPTIONS})").fetchall()
    return Part(part_path, int(rows), file.stat().st_size)


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
