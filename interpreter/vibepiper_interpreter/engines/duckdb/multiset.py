"""Tells whether two tables hold the same rows, in whatever order: a sum of row hashes over chosen columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
from duckdb.sqltypes import DuckDBPyType

from vibepiper_interpreter.compile.compiled import Column
from vibepiper_interpreter.engines.duckdb.session import literal, quote


@dataclass(frozen=True, slots=True)
class MultisetHash:
    """Equal for equal multisets of rows. Sums, not XOR: a row that stands there twice does not cancel itself."""

    rows: int
    first: int
    second: int


def multiset_hash(cursor: duckdb.DuckDBPyConnection, relation: str, columns: Sequence[Column]) -> MultisetHash:
    """Hash the rows of `relation` (SQL for a FROM clause) cut to `columns`; no columns: only the number of rows.

    -0.0 equals 0.0 and NaN equals NaN, as in DuckDB's own `=`. Column types are not part of the hash: a caller
    who compares two tables compares those first.
    """
    if not columns:
        query = f"SELECT count(*), 0, 0 FROM {relation}"
    else:
        values = ", ".join(_hashable(quote(column.name), cursor.sqltype(column.type)) for column in columns)
        # Two sums that mix the same column hashes differently: one colliding row sum is not enough to be fooled.
        query = (
            f"SELECT count(*), coalesce(sum(hash({values})), 0), coalesce(sum(hash(7, {values})), 0) FROM {relation}"
        )
    row = cursor.execute(query).fetchone()
    if row is None:
        raise ValueError("an aggregate returned no row")
    return MultisetHash(int(row[0]), int(row[1]), int(row[2]))


def _hashable(expression: str, kind: DuckDBPyType, depth: int = 0) -> str:
    """An expression whose `hash` differs wherever two values of type `kind` do.

    DuckDB's `hash` alone gives the same for NULL, [] and [NULL], for [[1], [2]] and [[1, 2]], for a NULL struct and a
    struct of NULLs, and for one month and thirty days. So nested values are hashed level by level, with their nulls
    and lengths, and intervals by their text.
    """
    match kind.id:
        case "interval":
            return f"CAST({expression} AS VARCHAR)"
        case "struct":
            fields = [
                _hashable(f"struct_extract({expression}, {literal(name)})", field, depth)
                for name, field in kind.children
            ]
            return f"hash({', '.join([f'{expression} IS NULL', *fields])})"
        case "list" | "array":
            return _list(expression, kind.children[0][1], depth)
        case "map":
            (_, key), (_, value) = kind.children
            entry = f"e{depth}"
            return _elements(
                f"map_entries({expression})",
                f"hash({_hashable(f'{entry}.key', key, depth + 1)}, {_hashable(f'{entry}.value', value, depth + 1)})",
                depth,
            )
        case _:
            return expression


def _list(expression: str, element: DuckDBPyType, depth: int) -> str:
    # The hash of a NULL element is an ordinary number, so it stays apart from a missing one.
    return _elements(expression, f"hash({_hashable(f'e{depth}', element, depth + 1)})", depth)


def _elements(values: str, element_hash: str, depth: int) -> str:
    return f"hash({values} IS NULL, len({values}), list_transform({values}, lambda e{depth}: {element_hash}))"
