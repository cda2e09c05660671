"""Makes sure that a key tells one row from another: each row has one, and no two have the same."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from vibepiper_interpreter.compile.compiled import CompiledAsset
from vibepiper_interpreter.engines.duckdb.session import quote
from vibepiper_interpreter.run.bad_rows import key_is_null, key_not_unique
from vibepiper_spec.diagnostics import DiagnosticError

_SHOWN = 5  # rows


def require_keys(
    cursor: duckdb.DuckDBPyConnection, asset: CompiledAsset, key: Sequence[str], relation: str, at_once: str = ""
) -> int:
    """The number of rows in `relation`. VP520 where one of them has no key, VP521 where several have the same: then
    nobody could tell which of them counts, for the reason `at_once` if there is more to say of it."""
    rows = require_some_key(cursor, asset, key, relation)
    require_own_key(cursor, asset, key, relation, at_once)
    return rows


def require_some_key(cursor: duckdb.DuckDBPyConnection, asset: CompiledAsset, key: Sequence[str], relation: str) -> int:
    """The number of rows in `relation`; VP520 where one of them has no key."""
    missing = " OR ".join(f"{quote(name)} IS NULL" for name in key)
    [(rows, without)] = cursor.execute(f"SELECT count(*), count(*) FILTER (WHERE {missing}) FROM {relation}").fetchall()
    if without:
        shown = sample(cursor, f"SELECT * FROM {relation} WHERE {missing} LIMIT {_SHOWN}")
        raise DiagnosticError(key_is_null(asset, key, without, rows, *shown))
    return int(rows)


def require_own_key(
    cursor: duckdb.DuckDBPyConnection, asset: CompiledAsset, key: Sequence[str], relation: str, at_once: str = ""
) -> None:
    """VP521 where several rows of `relation` have the same key. Dear: every key has to be remembered."""
    listed = ", ".join(quote(name) for name in key)
    twice = f"SELECT {listed} FROM {relation} GROUP BY {listed} HAVING count(*) > 1"
    [(keys,)] = cursor.execute(f"SELECT count(*) FROM ({twice})").fetchall()
    if keys:
        match = " AND ".join(f"each.{quote(name)} = one.{quote(name)}" for name in key)
        shown = sample(
            cursor,
            f"SELECT each.* FROM {relation} AS each SEMI JOIN ({twice} LIMIT 2) AS one ON {match} LIMIT {_SHOWN}",
        )
        raise DiagnosticError(key_not_unique(asset, key, keys, *shown, at_once=at_once))


def sample(cursor: duckdb.DuckDBPyConnection, query: str) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """The names of the columns, and the rows with every value as the text that DuckDB prints."""
    cursor.execute(f"SELECT CAST(COLUMNS(*) AS VARCHAR) FROM ({query}) AS sample")
    columns = tuple(str(column[0]) for column in cursor.description or ())
    rows = tuple(tuple("NULL" if value is None else str(value) for value in row) for row in cursor.fetchall())
    return columns, rows
