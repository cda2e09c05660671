"""What becomes of a column type in a Parquet file, and the cast that keeps its values."""

from __future__ import annotations

import re
from collections.abc import Sequence

from vibepiper_interpreter.compile.compiled import Column
from vibepiper_interpreter.engines.duckdb.errors import SqlProblem
from vibepiper_interpreter.engines.duckdb.session import quote
from vibepiper_interpreter.engines.duckdb.type_names import DataType, canonical_type, parse_type, quote_if_needed

__all__ = ["DataType", "canonical_type", "parse_type", "storage_cast", "storage_projection", "stored_type"]

# What a type that Parquet cannot hold does there, and the cast that keeps its values.
_UNSTORABLE = {
    "UHUGEINT": ("turns into DOUBLE and loses digits", "decimal(38,0)"),
    "TIME WITH TIME ZONE": ("loses its offset", "varchar"),
    "BIT": ("turns into text", "varchar"),
    "BIGNUM": ("turns into text", "varchar"),
    "INTERVAL": ("loses its microseconds and may not be negative", "varchar"),
    "UNION": ("turns into a struct", "varchar"),
}

# The same for types that it holds as a column, but not inside another type.
_UNSTORABLE_INSIDE = {
    "VARIANT": ("cannot be written there", "varchar"),
    "GEOMETRY": ("turns into bytes", "varchar"),
}
_STORED_HUGEINT = DataType("DECIMAL", numbers=(38, 0))


# How DuckDB writes the type of `{}`: a STRUCT that lists nothing, which is no type one may write.
_EMPTY_STRUCT = re.compile(r"\bSTRUCT(?:\[\d*\]|[,)]|\s*\(\s*\)|$)")


def stored_type(type_name: str, column: str = "x") -> str | SqlProblem:
    """The type that comes back after a column of `type_name` was written to Parquet, or VP112 naming the cast.

    HUGEINT is written as DECIMAL(38,0) (see `storage_cast`); what else changes, changes in name only: an enum comes
    back as text, an array as a list, a tuple as a struct, seconds and milliseconds as microseconds.
    """
    if _EMPTY_STRUCT.search(type_name):
        return SqlProblem(
            "VP112",
            f"Column `{column}` holds a struct without fields, as `{{}}` makes, which Parquet cannot hold.",
            0,
            len(type_name),
            fix="Give the struct a field, as in `{'id': id}`, or write `NULL` with a type: `cast(NULL as varchar)`.",
        )
    parsed = parse_type(type_name)
    if isinstance(parsed, SqlProblem):
        return parsed
    for part in parsed.parts():
        unstorable = _UNSTORABLE if part is parsed else {**_UNSTORABLE, **_UNSTORABLE_INSIDE}
        if part.name in unstorable:
            happens, cast = unstorable[part.name]
            inside = "" if part is parsed else f", part of {parsed},"
            target = cast if part is parsed else "varchar"
            return SqlProblem(
                "VP112",
                f"Column `{column}` is of type {part}{inside} which Parquet cannot hold: it {happens}.",
                0,
                len(type_name),
                fix=f"Cast it: `cast({quote_if_needed(column)} as {target})`."
                + (f" As a number: `epoch_us({quote_if_needed(column)})`." if parsed.name == "INTERVAL" else ""),
            )
    return str(_stored(parsed))


def storage_cast(column: Column) -> str | None:
    """The SQL that makes a query's `column` storable as its (stored) type, or None where it is so already.

    Without it DuckDB writes a HUGEINT as DOUBLE and loses digits; with it, too large a value is an error.
    """
    parsed = parse_type(column.type)
    if isinstance(parsed, DataType) and any(part == _STORED_HUGEINT for part in parsed.parts()):
        return f"CAST({quote(column.name)} AS {parsed})"
    return None


def storage_projection(columns: Sequence[Column]) -> str | None:
    """A select list over a query's result that casts what must be cast to be stored, or None if nothing must."""
    casts = [storage_cast(column) for column in columns]
    if not any(casts):
        return None
    names = (quote(column.name) for column in columns)
    return ", ".join(f"{cast} AS {name}" if cast else name for cast, name in zip(casts, names, strict=True))


def _stored(kind: DataType) -> DataType:
    children = tuple(_stored(child) for child in kind.children)
    match kind.name:
        case "HUGEINT":
            return _STORED_HUGEINT
        case "ENUM":
            return DataType("VARCHAR")
        case "TIMESTAMP_S" | "TIMESTAMP_MS":
            return DataType("TIMESTAMP")
        case "ARRAY":
            return DataType("LIST", children)
        case "TUPLE":
            return DataType("STRUCT", children, tuple(f"element{n}" for n in range(1, len(children) + 1)))
        case "GEOMETRY" if not kind.labels:
            return DataType("GEOMETRY", labels=("OGC:CRS84",))
    return DataType(kind.name, children, kind.labels, kind.numbers)
