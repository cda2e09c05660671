"""Compares two small tables as multisets of rows, and shows what differs as a person would look at it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isclose, isnan
from typing import Any

Row = tuple[Any, ...]

# Floating aggregates differ by as much from run to run.
_RELATIVE = 1e-9
_SHOWN = 10  # rows of either side
_WIDEST = 40  # characters of a value


@dataclass(frozen=True, slots=True)
class Table:
    """Columns as names and types in DuckDB's spelling, and rows in no order."""

    columns: tuple[tuple[str, str], ...]
    rows: tuple[Row, ...]

    def only(self, names: Sequence[str]) -> Table:
        """These columns alone, in this order; names without case. Raises KeyError for one that is not there."""
        places = {name.lower(): number for number, (name, _) in enumerate(self.columns)}
        keep = [places[name.lower()] for name in names]
        rows = tuple(tuple(row[number] for number in keep) for row in self.rows)
        return Table(tuple(self.columns[number] for number in keep), rows)


def differences(expected: Table, came: Table) -> tuple[str, ...]:
    """Nothing where the rows are the same, whatever their order; else a sentence, and a drawing of what differs.

    Both have the same columns. Numbers with a floating point are equal within 1e-9 relative.
    """
    missing, surplus = _without_equals(expected.rows, came.rows)
    if not missing and not surplus:
        return ()
    pairs = _pairs(missing, surplus)
    return _sentence(len(expected.rows), pairs), _drawing([name for name, _ in expected.columns], pairs)


def _without_equals(expected: Sequence[Row], came: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """The rows of both sides that have no equal on the other."""
    here, there = Counter(map(_key, expected)), Counter(map(_key, came))
    both = here & there
    missing, surplus = _left(expected, both), _left(came, both)
    for row in list(missing):
        near = next((other for other in surplus if _near(row, other)), None)
        if near is not None:
            missing.remove(row)
            surplus.remove(near)
    return missing, surplus


def _left(rows: Sequence[Row], matched: Counter[str]) -> list[Row]:
    open_matches = Counter(matched)
    left = []
    for row in rows:
        key = _key(row)
        if open_matches[key]:
            open_matches[key] -= 1
        else:
            left.append(row)
    return left


def _key(value: Any) -> str:
    return repr(value)


def _near(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return (isnan(one) and isnan(other)) or isclose(one, other, rel_tol=_RELATIVE)
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_near(value, other[key]) for key, value in one.items())
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_near, one, other))
    return bool(one == other)


def _pairs(missing: Sequence[Row], surplus: Sequence[Row]) -> list[tuple[Row | None, Row | None]]:
    """What is probably the same row on both sides stands together: those that agree in most columns, and in some."""
    left = list(surplus)
    pairs: list[tuple[Row | None, Row | None]] = []
    for row in missing:
        best = max(left, key=lambda other: _agree(row, other), default=None)
        if best is not None and _agree(row, best):
            left.remove(best)
            pairs.append((row, best))
        else:
            pairs.append((row, None))
    return pairs + [(None, row) for row in left]


def _agree(one: Row, other: Row) -> int:
    return sum(map(_near, one, other))


def _sentence(expected: int, pairs: Sequence[tuple[Row | None, Row | None]]) -> str:
    other = sum(1 for here, there in pairs if here is not None and there is not None)
    missing = sum(1 for here, there in pairs if there is None)
    surplus = sum(1 for here, there in pairs if here is None)
    parts = [
        f"{count:,} {word}"
        for count, word in (
            (other, "came with other values"),
            (missing, "did not come"),
            (surplus, "came and {} not expected".format("was" if surplus == 1 else "were")),
        )
        if count
    ]
    return f"Of {expected:,} expected row{'' if expected == 1 else 's'}: {', '.join(parts)}."


def _drawing(columns: Sequence[str], pairs: Sequence[tuple[Row | None, Row | None]]) -> str:
    lines: list[tuple[str, Sequence[str]]] = [(" ", columns)]
    for here, there in pairs[:_SHOWN]:
        if here is not None:
            lines.append(("-", [shown(value) for value in here]))
        if there is not None:
            # Of a row that is there on both sides only what is other: the rest is read above.
            same = [here is not None and _near(value, here[number]) for number, value in enumerate(there)]
            lines.append(("+", ["·" if each else shown(value) for each, value in zip(same, there, strict=True)]))
    widths = [max(len(cells[number]) for _, cells in lines) for number in range(len(columns))]
    drawn = [
        f"{sign} {'  '.join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))}".rstrip()
        for sign, cells in lines
    ]
    if len(pairs) > _SHOWN:
        drawn.append(f"  … and {len(pairs) - _SHOWN:,} more")
    return "\n".join(drawn)


def shown(value: Any) -> str:
    """A value in a drawing: NULL as such, text as it is, long ones cut."""
    text = "NULL" if value is None else str(value).replace("\n", "⏎")
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"
