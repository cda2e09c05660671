"""Writes a test of an asset from rows that are published: a few of the first input, and of the others what fits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import duckdb

from vibepiper_interpreter.compile.build_settings import Intervals, Partitions
from vibepiper_interpreter.compile.compiled import CompiledAsset, Input
from vibepiper_interpreter.engines.duckdb.session import literal, quote
from vibepiper_interpreter.grains import floor, shift
from vibepiper_interpreter.run.trials.compare import Table
from vibepiper_interpreter.run.trials.fetching import fetch
from vibepiper_spec.address import Address

# Of an input that rows of others fit: how many for each row of those.
_OF_EACH = 3
_SEED = 1  # the same rows each time


@dataclass(frozen=True, slots=True)
class Sample:
    """`given` are rows of the inputs; `values` say which interval or partition they are of."""

    given: Mapping[Address, Table]
    values: Mapping[str, Any] = field(default_factory=dict)


def sample(connection: duckdb.DuckDBPyConnection, asset: CompiledAsset, rows: int) -> Sample:
    """Rows of the inputs of `asset`, with the columns that it uses. `connection` sees what is published by its name.

    Rows fit each other where they have the same values in columns of the same name, or in `thing_id` and the `id` of
    `thing` or `things`.
    """
    values = _slice(connection, asset)
    given: dict[Address, Table] = {}
    for read in asset.inputs:
        columns = ", ".join(map(quote, read.columns)) if read.columns else "*"
        name = f"{quote(read.address.pipeline)}.{quote(read.address.name)}"
        inside = _inside(read, values)
        fitting = _fitting(connection, read.address, name, given)
        where = " AND ".join(f"({each})" for each in (inside, fitting) if each)
        most = rows if not given else rows * _OF_EACH
        if not where:
            source = f"{name} USING SAMPLE reservoir({most} ROWS) REPEATABLE ({_SEED})"
        else:
            source = f"(SELECT * FROM {name} WHERE {where}) USING SAMPLE reservoir({most} ROWS) REPEATABLE ({_SEED})"
        given[read.address] = _sorted(fetch(connection, f"SELECT {columns} FROM {source}"))
    return Sample(given, values)


def as_spec(asset: CompiledAsset, found: Sample, expect: Table, name: str) -> Mapping[str, Any]:
    """The keys of `[test.NAME]`, as TOML has them."""
    table: dict[str, Any] = {
        "asset": asset.address.name,
        "given": {
            address.name if address.pipeline == asset.address.pipeline else str(address): _rows(rows)
            for address, rows in found.given.items()
        },
        **{key: value for key, value in found.values.items() if value is not None},
        "expect": _rows(expect),
    }
    empty = [all(row[number] is None for row in expect.rows) for number in range(len(expect.columns))]
    if expect.rows and any(empty):
        table["columns"] = [column for column, _ in expect.columns]
    return {"pipeline": {"name": asset.address.pipeline}, "test": {name: table}}


def comparable(came: Table) -> Table:
    """What of a result will be the same the next time: floats are cut to what is sure."""
    rows = tuple(tuple(float(f"{value:.12g}") if type(value) is float else value for value in row) for row in came.rows)
    return _sorted(replace(came, rows=rows))


def _slice(connection: duckdb.DuckDBPyConnection, asset: CompiledAsset) -> dict[str, Any]:
    """The last interval, or the first partition, that the asset has rows of."""
    name = f"{quote(asset.address.pipeline)}.{quote(asset.address.name)}"
    match asset.settings:
        case Intervals(column=column, grain=grain):
            query = f"SELECT CAST(max({quote(column)}) AS TIMESTAMP) FROM {name}"
            [(last,)] = connection.execute(query).fetchall()
            start = floor(last or asset.settings.start or datetime(2000, 1, 1), grain)
            return {"start": start, "end": shift(start, grain, 1)}
        case Partitions(column=column):
            [(first,)] = connection.execute(f"SELECT CAST(min({quote(column)}) AS VARCHAR) FROM {name}").fetchall()
            return {"partition": first or ""}
    return {}


def _inside(read: Input, values: Mapping[str, Any]) -> str:
    if read.slice_column is None:
        return ""
    column = quote(read.slice_column)
    if "start" in values:
        return f"{column} >= {literal(values['start'])} AND {column} < {literal(values['end'])}"
    return f"CAST({column} AS VARCHAR) = {literal(values['partition'])}"


def _fitting(connection: duckdb.DuckDBPyConnection, address: Address, name: str, given: Mapping[Address, Table]) -> str:
    """What rows must be like to fit those that are there."""
    own = [row[0] for row in connection.execute(f"DESCRIBE {name}").fetchall()]
    for other, table in given.items():
        for number, (column, _) in enumerate(table.columns):
            wanted = {row[number] for row in table.rows if isinstance(row[number], str | int)}
            matching = [each for each in own if _same_thing(address, each, other, column)]
            if wanted and matching:
                listed = ", ".join(literal(str(value)) for value in sorted(wanted, key=str))
                return f"CAST({quote(matching[0])} AS VARCHAR) IN ({listed})"
    return ""


def _same_thing(one: Address, column: str, other: Address, others: str) -> bool:
    here, there = column.lower(), others.lower()
    if here == there:
        return here != "id"
    return _is_key_of(one, here, there) or _is_key_of(other, there, here)


def _is_key_of(table: Address, column: str, reference: str) -> bool:
    """`id` of `customers` is what `customer_id` elsewhere means."""
    return column == "id" and reference in (f"{table.name}_id", f"{table.name.removesuffix('s')}_id")


def _sorted(table: Table) -> Table:
    return replace(table, rows=tuple(sorted(table.rows, key=lambda row: [str(value) for value in row])))


def _rows(table: Table) -> list[dict[str, Any]]:
    names = [name for name, _ in table.columns]
    return [
        {name: _as_toml(value) for name, value in zip(names, row, strict=True) if value is not None}
        for row in table.rows
    ]


def _as_toml(value: Any) -> Any:
    """A value that TOML can hold and that is the same when it is read: what it has no form for is text."""
    match value:
        case bool() | int() | str() | datetime() | date() | time():
            return value if not isinstance(value, int) or abs(value) < 2**63 else str(value)
        case float():
            return value
        case Decimal():
            return int(value) if value == value.to_integral_value() and abs(value) < 2**53 else str(value)
        case Mapping():
            return {str(key): _as_toml(each) for key, each in value.items() if each is not None}
        case list() | tuple():
            return [_as_toml(each) for each in value if each is not None]
        case bytes():
            return "".join(f"\\x{byte:02X}" for byte in value)
    return str(value)
