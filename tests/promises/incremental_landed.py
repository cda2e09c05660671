"""Sources that read each file once, and again if it has changed: what they hold, by plain lists."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Row = tuple[Any, ...]
# The rows that are there, and those of each file that is read now.
Take = Callable[[list[Row], Sequence[list[Row]]], list[Row]]


@dataclass
class Landed:
    read: dict[int, list[Row]] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)

    def take_up(self, there: Mapping[int, Sequence[Row]], take: Take) -> list[Row]:
        """What it holds now that these files are there. Those that are gone were read, or never will be."""
        new = {number: list(rows) for number, rows in there.items() if self.read.get(number) != rows}
        self.rows = take(self.rows, list(new.values()))
        self.read |= new
        return self.rows


def added(there: list[Row], files: Sequence[list[Row]]) -> list[Row]:
    return [row for rows in (there, *files) for row in rows]


def merged(there: list[Row], files: Sequence[list[Row]]) -> list[Row]:
    """By the first column."""
    return list({row[0]: row for row in added(there, files)}.values())


def replacing(slice_of: Callable[[Row], object]) -> Take:
    """A slice of which a row comes is replaced."""

    def replace(there: list[Row], files: Sequence[list[Row]]) -> list[Row]:
        came = added([], files)
        slices = {slice_of(row) for row in came}
        return [*(row for row in there if slice_of(row) not in slices), *came]

    return replace
