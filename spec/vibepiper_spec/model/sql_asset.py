"""`[sql.NAME]`: the result of one SELECT."""

from __future__ import annotations

from typing import Literal

from vibepiper_spec.model.asset import AssetSpec

# The dialects that a query may say it is written in; DuckDB's is the one that runs here.
Dialect = Literal[
    "duckdb", "postgres", "mysql", "snowflake", "bigquery", "redshift", "databricks", "spark", "trino", "tsql", "sqlite"
]


class SqlAsset(AssetSpec):
    """The result of one SELECT over other assets.

    Exactly one of `query` and `file` is written. After loading, `query` always holds the SQL text: where `file` is
    set, the content of that file.
    """

    query: str | None = None
    """One SELECT. A bare name is an asset of this pipeline, `other.asset` one of another."""
    file: str | None = None
    """A file that holds the query, relative to `vp.toml`."""
    dialect: Dialect = "duckdb"
    """The SQL dialect of the query."""
