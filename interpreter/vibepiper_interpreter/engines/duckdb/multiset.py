"""Tells whether two tables hold the same rows, in whatever order: a sum of row hashes over chosen columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from vibepiper_interpreter.compile.compiled import Column
from vibepiper_interpreter.engines.duckdb.session import literal, quote
from vibepiper_interpreter.engines.duckdb.type_names import DataType, parse_type


@dataclass(frozen=True, slots=True)
class MultisetHash:
    """Equal for equal multisets of rows. Sums, not XOR: a row that stands there twice does not cancel itself."""

    rows: int
    first: int
    second: int


def multiset_hash(cursor: duckdb.DuckDBPyConnection, relation: str, columns: Sequence[Column]) -> MultisetHash:
    """Hash the rows of `relation` (SQL for a FROM clause) cut to `columns`; no columns: only the number of rows.

    NaN equals NaN, as in DuckDB's own `=`, but -0.0 is not 0.0: a reader may print it. Column types are not
    part of the hash: a caller who compares two tables compares those first.
    """
    [(rows, first, second)] = cursor.execute(f"SELECT {_sums(columns)} FROM {relation}").fetchall()
    return MultisetHash(int(rows), int(first), int(second))


def multiset_hashes(
    cursor: duckdb.DuckDBPyConnection, relation: str, columns: Sequence[Column], by: str
) -> dict[Any, MultisetHash]:
    """The same for each group of rows with an equal value of `by`, an expression."""
    query = f"SELECT {by}, {_sums(columns)} FROM {relation} GROUP BY 1"
    return {
        group: MultisetHash(int(rows), int(first), int(second))
        for group, rows, first, second in cursor.execute(query).fetchall()
    }


def hashable(expression: str, column: Column) -> str:
    """An expression whose `hash` differs wherever two values of `column` do, which `expression` gives."""
    return _hashable(expression, _parsed(column))


def _sums(columns: Sequence[Column]) -> str:
    if not columns:
        return "count(*), 0, 0"
    values = ", ".join(hashable(quote(column.name), column) for column in columns)
    # Two sums that mix the same column hashes differently: one colliding row sum is not enough to be fooled.
    return f"count(*), coalesce(sum(hash({values})), 0), coalesce(sum(hash(7, {values})), 0)"


def _hashable(expression: str, kind: DataType, depth: int = 0) -> str:
    """An expression whose `hash` differs wherever two values of type `kind` do.

    DuckDB's `hash` alone gives the same for NULL, [] and [NULL], for [[1], [2]] and [[1, 2]], for a NULL struct and a
    struct of NULLs, for one month and thirty days, and for both zeros. So nested values are hashed level by level,
    with their nulls and lengths, intervals by their text, and floats with the sign of a zero.
    """
    element = f"e{depth}"
    match kind.name:
        case "INTERVAL":
            return f"CAST({expression} AS VARCHAR)"
        case "DOUBLE" | "FLOAT":
            return f"hash({expression}, {expression} = 0 AND signbit({expression}))"
        case "STRUCT":
            fields = [
                _hashable(f"struct_extract({expression}, {literal(label)})", field, depth)
                for label, field in zip(kind.labels, kind.children, strict=True)
            ]
            return f"hash({', '.join([f'{expression} IS NULL', *fields])})"
        case "LIST" | "ARRAY":
            # The hash of a NULL element is an ordinary number, so it stays apart from a missing one.
            return _elements(expression, element, _hashable(element, kind.children[0], depth + 1))
        case "MAP":
            sides = zip(("key", "value"), kind.children, strict=True)
            parts = ", ".join(_hashable(f"{element}.{side}", child, depth + 1) for side, child in sides)
            return _elements(f"map_entries({expression})", element, parts)
        case _:
            return expression


def _elements(values: str, element: str, parts: str) -> str:
    return f"hash({values} IS NULL, len({values}), list_transform({values}, lambda {element}: hash({parts})))"


def _parsed(column: Column) -> DataType:
    kind = parse_type(column.type)
    if not isinstance(kind, DataType):
        raise ValueError(f"column {column.name} has the unknown type {column.type!r}")
    return kind
