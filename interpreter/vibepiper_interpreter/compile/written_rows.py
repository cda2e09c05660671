"""The rows that a test writes down, in TOML or in a CSV file: column by column, each value judged by its type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vibepiper_interpreter.compile.compilation import Workshop
from vibepiper_interpreter.compile.compiled import Column
from vibepiper_interpreter.compile.csv_rows import UnreadableCsv, rows_of_csv
from vibepiper_interpreter.compile.serial import value_to_json
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic, Fix, Place, Range, TextEdit, did_you_mean, nearest
from vibepiper_spec.load.loaded import DeclaredTest
from vibepiper_spec.load.locator import Locator

Keys = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """What stands at `keys` of a test: rows of `owner`, or the path of a file with them. `columns` are those that
    `owner` has, none where that is not known."""

    keys: Keys
    rows: Any
    columns: Sequence[Column]
    owner: Address

    @property
    def is_input(self) -> bool:
        return self.keys[0] == "given"


def read_rows(
    workshop: Workshop, locator: Locator, test: DeclaredTest, table: Table
) -> tuple[Mapping[str, Any], list[Diagnostic]]:
    """As JSON: `columns` with their types, and `rows`; and what is wrong. Of an input that is known all its columns,
    else those that are named. VP821 for a column that is not there, VP822 for a value of another type."""
    told: list[Diagnostic] = []
    if isinstance(table.rows, str):
        rows, problem = _from_csv(table.rows, test.files[table.rows])
        told += [] if problem is None else [problem]
    else:
        rows = table.rows
    columns, unknown = _columns(locator, test, table, rows)
    told += unknown
    lower = [{name.lower(): value for name, value in row.items()} for row in rows]
    values = tuple(tuple(row.get(name.lower()) for name, _ in columns) for row in lower)
    if not told:
        told += _misfits(workshop, locator, test, table, columns, values)
    return {"columns": [list(each) for each in columns], "rows": [value_to_json(row) for row in values]}, told


def _columns(
    locator: Locator, test: DeclaredTest, table: Table, rows: Sequence[Mapping[str, Any]]
) -> tuple[list[tuple[str, str]], list[Diagnostic]]:
    types = {column.name.lower(): (column.name, column.type) for column in table.columns}
    named: dict[str, str] = {}
    told: list[Diagnostic] = []
    in_file = isinstance(table.rows, str)

    def unknown(name: str, place: Place, *, edits: bool) -> None:
        near = nearest(name, types)
        told.append(
            Diagnostic(
                "VP821",
                f"`{table.owner}` has no column `{name}`.{did_you_mean(name, types)}",
                place,
                fix=Fix(
                    f"Write `{near}`." if near else f"Its columns are {', '.join(f'`{each}`' for each in types)}.",
                    (TextEdit(place, near),) if near and edits else (),
                ),
            )
        )

    for number, row in enumerate(rows):
        for name in row:
            if types and name.lower() not in types and name.lower() not in named:
                header = Place(str(table.rows), Range.at(1, 1))
                at = header if in_file else locator.place(test.origin, *table.keys, number, name, part="key")
                unknown(name, at, edits=not in_file)
            named.setdefault(name.lower(), name)
    if table.is_input and types:
        return list(types.values()), told
    if table.keys == ("expect",) and test.spec.columns:
        for number, name in enumerate(test.spec.columns):
            if types and name.lower() not in types:
                unknown(name, locator.place(test.origin, "columns", number), edits=False)
        named = {name.lower(): name for name in test.spec.columns}
    return [types.get(lower, (name, "")) for lower, name in named.items()], told


def _misfits(
    workshop: Workshop,
    locator: Locator,
    test: DeclaredTest,
    table: Table,
    columns: Sequence[tuple[str, str]],
    values: tuple[tuple[Any, ...], ...],
) -> list[Diagnostic]:
    from vibepiper_interpreter.engines.duckdb.given_rows import GivenRows, misfits  # the engine is slow to import

    told = []
    for row, column in misfits(workshop.connection, GivenRows(tuple(columns), values)):
        name, kind = columns[column]
        if isinstance(table.rows, str):
            place = Place(table.rows, Range.at(row + 2, 1))
        else:
            written = next(key for key in table.rows[row] if key.lower() == name.lower())
            place = locator.place(test.origin, *table.keys, row, written)
        detail = f"`{values[row][column]}` is no {kind}, as the column `{name}` is."
        told.append(Diagnostic("VP822", detail, place, fix=Fix(f"Write a value of the type {kind}.")))
    return told


def _from_csv(path: str, text: str) -> tuple[list[Mapping[str, Any]], Diagnostic | None]:
    try:
        return rows_of_csv(text)[1], None
    except UnreadableCsv as error:
        return [], _unreadable(path, str(error))


def _unreadable(path: str, why: str) -> Diagnostic:
    fix = Fix("Write a line with the names of the columns, and a line for each row.")
    return Diagnostic("VP822", f"`{path}` {why}.", Place(path, Range.at(1, 1)), fix=fix)
