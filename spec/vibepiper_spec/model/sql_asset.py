"""`[sql.NAME]`: the result of one SELECT."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, Strict

from vibepiper_spec.model.asset import AssetSpec
from vibepiper_spec.model.spec_model import SpecModel

# The dialects that a query may say it is written in; DuckDB's is the one that runs here.
Dialect = Literal[
    "duckdb", "postgres", "mysql", "snowflake", "bigquery", "redshift", "databricks", "spark", "trino", "tsql", "sqlite"
]


# What is told of queries though it may well be meant: nobody can know but who wrote them.
QueryWarning = Literal["VP313", "VP318"]


class SqlInput(SpecModel):
    """What the query itself does not say of an asset that it reads."""

    time_column: str | None = None
    """The column that says to which interval of the asset a row of this input belongs."""
    partition_column: str | None = None
    """The column that says to which partition of the asset a row of this input belongs."""


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
    inputs: dict[str, SqlInput] = Field(default_factory=dict)
    """By asset, how the rows of an input belong to the intervals or partitions of this one."""
    ignore: Annotated[tuple[QueryWarning, ...], Strict(False)] = ()
    """Warnings that are not told of this query, by their codes; those of the project's `[defaults]` are added."""
