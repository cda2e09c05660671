"""A part is plain Parquet: whoever reads such files reads the same rows, and it is written to be read fast."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pandas
import polars
import pyarrow as arrow
import pyarrow.parquet
import pytest
from tests.run.conftest import Project

QUERY = """
select n as id, n % 7 = 0 as flag, cast(n % 100 as tinyint) as tiny, cast(n * 1.5 as double) as ratio,
    cast(n as float) / 3 as narrow, cast(n as decimal(14,2)) / 7 as amount, cast(n as decimal(38,0)) as large,
    date '2024-01-01' + cast(n % 365 as integer) as day, timestamp '2024-01-01' + to_seconds(n) as at_time,
    timestamptz '2024-01-01 00:00:00+00' + to_minutes(n) as instant, time '00:00:00' + to_seconds(n % 86400) as clock,
    'order ' || n as word, ['new', 'paid', 'sent'][n % 3 + 1] as status, encode('ä' || n) as bytes,
    [n, null, n + 1] as listed, {'a': n, 'b': ['x', null]} as fields,
    case when n % 11 > 0 then n end as sometimes
from range(5000) as numbers(n)
"""


@pytest.fixture(scope="module")
def part(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = Project(tmp_path_factory.mktemp("plain") / "project")
    project.pipeline(f"[sql.made]\nquery = '''{QUERY}'''\n")
    project.apply()
    [name] = project.part_files()
    root = project.storage.root
    project.close()
    return root / name


def rows(table: arrow.Table) -> list[dict[str, object]]:
    return sorted(table.to_pylist(), key=lambda row: row["id"])


@pytest.fixture(scope="module")
def expected() -> list[dict[str, object]]:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        return rows(connection.sql(QUERY).to_arrow_table())


def test_arrow_reads_it(part: Path, expected: list[dict[str, object]]) -> None:
    assert rows(arrow.parquet.read_table(part, partitioning=None)) == expected


def test_polars_reads_it(part: Path, expected: list[dict[str, object]]) -> None:
    frame = polars.read_parquet(part, hive_partitioning=False)
    assert frame.sort("id").select("id", "word", "status", "amount", "day", "ratio", "sometimes").rows() == [
        tuple(row[name] for name in ("id", "word", "status", "amount", "day", "ratio", "sometimes")) for row in expected
    ]


def test_pandas_reads_it(part: Path, expected: list[dict[str, object]]) -> None:
    frame = pandas.read_parquet(part, columns=["id", "word", "ratio"])
    assert list(frame.sort_values("id").itertuples(index=False, name=None)) == [
        (row["id"], row["word"], row["ratio"]) for row in expected
    ]


def test_numbers_and_texts_are_encoded_to_be_read_fast(part: Path) -> None:
    metadata = arrow.parquet.ParquetFile(part).metadata.row_group(0)
    columns = {
        metadata.column(number).path_in_schema: metadata.column(number) for number in range(metadata.num_columns)
    }
    assert "DELTA_BINARY_PACKED" in columns["id"].encodings
    assert "DELTA_LENGTH_BYTE_ARRAY" in columns["word"].encodings
    assert columns["id"].total_uncompressed_size < 5000 * 8 / 10
