"""What is known of a table's columns, as far as types in Python can say it."""

from __future__ import annotations

from dataclasses import dataclass

from vibepiper_interpreter.compile.compiled import Check, Column, CompiledAsset
from vibepiper_interpreter.engines.duckdb.type_names import DataType, parse_type

_WHOLE_NUMBERS = frozenset({"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"})
UNKNOWN = DataType("UNKNOWN")


@dataclass(frozen=True, slots=True)
class StubColumn:
    """A column. `type` is `UNKNOWN` where only the run will tell; `values` are the only ones it may have, or none."""

    name: str
    type: DataType
    nullable: bool = True
    values: tuple[str | int, ...] = ()
    description: str = ""


@dataclass(frozen=True, slots=True)
class StubTable:
    """A table, or those of its columns that one function sees. No columns: only the run will tell."""

    name: str  # begins the names of its classes
    label: str  # what it is, for people
    columns: tuple[StubColumn, ...]


def stub_columns(asset: CompiledAsset) -> tuple[StubColumn, ...]:
    """The columns of `asset`, with what its checks promise: only those that hold back what breaks them, in any row."""
    strict = [check for check in asset.checks if check.severity == "error" and check.where is None]
    return tuple(_column(column, strict) for column in asset.columns)


def _column(column: Column, checks: list[Check]) -> StubColumn:
    parsed = parse_type(column.type) if column.type else UNKNOWN
    kind = parsed if isinstance(parsed, DataType) else UNKNOWN
    own = [check for check in checks if check.column is not None and check.column.casefold() == column.name.casefold()]
    accepted = next((dict(check.arguments)["values"] for check in own if check.rule == "accepted_values"), ())
    return StubColumn(
        column.name,
        kind,
        nullable=all(check.rule != "not_null" for check in own),
        values=tuple(accepted) if _can_be_literal(accepted, kind) else (),
        description=column.description,
    )


def _can_be_literal(values: object, kind: DataType) -> bool:
    if not isinstance(values, list | tuple):
        return False
    if kind.name == "VARCHAR":
        return all(isinstance(value, str) for value in values)
    return kind.name in _WHOLE_NUMBERS and all(type(value) is int for value in values)
