"""How the rows of two tables differ: which stand only in one, and where rows can be matched, in which columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from vibepiper_interpreter.compile.compiled import Column
from vibepiper_interpreter.engines.duckdb.session import quote

_SAMPLE = 5  # rows of each kind

Texts = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class ChangedRow:
    """A row that both sides have, by its key, with the columns in which it differs: name, left, right."""

    key: Texts
    values: tuple[tuple[str, str | None, str | None], ...]


@dataclass(frozen=True, slots=True)
class RowDifference:
    """Two tables as multisets of rows, over the columns that both have with one type.

    Rows are matched by `key`, columns that are declared unique; where there are none, a row that was changed stands on
    both sides. `only_left` and `only_right` count what is left after matching.
    """

    columns: tuple[str, ...]
    rows_left: int
    rows_right: int
    only_left: int
    only_right: int
    key: tuple[str, ...] = ()
    changed: int = 0
    # In how many of the changed rows each column differs, most first.
    changed_columns: tuple[tuple[str, int], ...] = ()
    sample_left: tuple[Texts, ...] = ()
    sample_right: tuple[Texts, ...] = ()
    sample_changed: tuple[ChangedRow, ...] = ()

    @property
    def equal(self) -> bool:
        return not (self.only_left or self.only_right or self.changed)


def compare_rows(
    cursor: duckdb.DuckDBPyConnection, left: str, right: str, columns: Sequence[Column], key: Sequence[str]
) -> RowDifference:
    """Compare two relations (SQL for a FROM clause) in `columns`; `key` are names among them, or none."""
    names = tuple(column.name for column in columns)
    [(rows_left, rows_right)] = cursor.execute(
        f"SELECT (SELECT count(*) FROM {left}), (SELECT count(*) FROM {right})"
    ).fetchall()
    if not columns:
        missing = rows_left - rows_right
        return RowDifference((), rows_left, rows_right, max(missing, 0), max(-missing, 0))
    row = _row(columns)
    for table, one, other in (("only_left", left, right), ("only_right", right, left)):
        cursor.execute(
            f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT {row} FROM {one} EXCEPT ALL SELECT {row} FROM {other}"
        )
    changed, changed_columns, sample_changed = _matched(cursor, names, key) if key else (0, (), ())
    return RowDifference(
        names,
        rows_left,
        rows_right,
        _count(cursor, "only_left") - changed,
        _count(cursor, "only_right") - changed,
        tuple(key),
        changed,
        changed_columns,
        _sample(cursor, "only_left", "only_right", names, key),
        _sample(cursor, "only_right", "only_left", names, key),
        sample_changed,
    )


def _row(columns: Sequence[Column]) -> str:
    """The columns, and beside them what DuckDB's equality does not tell apart: both zeros, a month and thirty days."""
    parts = [quote(column.name) for column in columns]
    for number, column in enumerate(columns):
        name = quote(column.name)
        if column.type in ("DOUBLE", "FLOAT"):
            parts.append(f"{name} = 0 AND signbit({name}) AS {quote(f'apart {number}')}")
        elif column.type == "INTERVAL":
            parts.append(f"{name}::VARCHAR AS {quote(f'apart {number}')}")
    return ", ".join(parts)


def _matched(
    cursor: duckdb.DuckDBPyConnection, names: Sequence[str], key: Sequence[str]
) -> tuple[int, tuple[tuple[str, int], ...], tuple[ChangedRow, ...]]:
    """Rows that differ and whose key stands on both sides. A key that is NULL matches nothing."""
    others = [name for name in names if name not in key]
    join = f"only_left AS l JOIN only_right AS r ON {_same_key(key)}"
    # As text, so that what is told apart above is so here.
    differs = [f"l.{quote(name)}::VARCHAR IS DISTINCT FROM r.{quote(name)}::VARCHAR" for name in others]
    counted = ", ".join(["count(*)", *(f"count(*) FILTER ({each})" for each in differs)])
    [(changed, *counts)] = cursor.execute(f"SELECT {counted} FROM {join}").fetchall()
    if not changed:
        return 0, (), ()
    by_column = sorted(((name, count) for name, count in zip(others, counts, strict=True) if count), key=_most_first)
    shown = [f"l.{quote(name)}::VARCHAR" for name in key]
    shown += [f"{side}.{quote(name)}::VARCHAR" for name in others for side in "lr"]
    order = ", ".join(f"l.{quote(name)}" for name in key)
    rows = cursor.execute(f"SELECT {', '.join(shown)} FROM {join} ORDER BY {order} LIMIT {_SAMPLE}").fetchall()
    sample = []
    for found in rows:
        values = found[len(key) :]
        triples = zip(others, values[::2], values[1::2], strict=True)
        sample.append(ChangedRow(tuple(found[: len(key)]), tuple(each for each in triples if each[1] != each[2])))
    return changed, tuple(by_column), tuple(sample)


def _sample(
    cursor: duckdb.DuckDBPyConnection, table: str, other: str, names: Sequence[str], key: Sequence[str]
) -> tuple[Texts, ...]:
    """A few rows of `table` that match none of `other`, the smallest first, so that it is the same ones each time."""
    shown = ", ".join(f"l.{quote(name)}::VARCHAR" for name in names)
    source = f"{table} AS l" + (f" ANTI JOIN {other} AS r ON {_same_key(key)}" if key else "")
    order = ", ".join(f"l.{quote(name)}" for name in (*key, *(name for name in names if name not in key)))
    return tuple(cursor.execute(f"SELECT {shown} FROM {source} ORDER BY {order} LIMIT {_SAMPLE}").fetchall())


def _same_key(key: Sequence[str]) -> str:
    return " AND ".join(f"l.{quote(name)} = r.{quote(name)}" for name in key)


def _count(cursor: duckdb.DuckDBPyConnection, table: str) -> int:
    [(number,)] = cursor.execute(f"SELECT count(*) FROM {table}").fetchall()
    return int(number)


def _most_first(counted: tuple[str, int]) -> tuple[int, str]:
    return -counted[1], counted[0]
