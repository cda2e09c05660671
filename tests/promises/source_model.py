"""What a source that reads only what is new must hold: computed in plain Python, from the files as they came."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from hypothesis import strategies as st

EPOCH = datetime(2024, 1, 1)
# Key, minutes since the epoch (the cursor), value.
Row = tuple[int, int, str]
BAD = "bad"  # a value that the check of the source refuses

rows = st.lists(st.tuples(st.integers(1, 4), st.integers(0, 12), st.sampled_from(["x", "y"])), max_size=4).map(tuple)
paths = st.sampled_from(["data/part-1.csv", "data/part-2.csv", "data/part-9.csv", "data/part-10.csv", "data/z.csv"])


@dataclass(frozen=True)
class Arrive:
    """A file is written: a new one, or one in the place of another. `age`: seconds before the newest time so far."""

    path: str
    rows: tuple[Row, ...]
    age: int


@dataclass(frozen=True)
class Copy:
    """A file of the content of another one, and of its time."""

    path: str
    of: str


@dataclass(frozen=True)
class Vanish:
    path: str


@dataclass(frozen=True)
class Apply:
    """`fails`: a file with a row that no check lets pass came along, and is taken away afterwards."""

    fails: bool = False


Step = Arrive | Copy | Vanish | Apply
steps = st.lists(
    st.one_of(
        st.builds(Arrive, paths, rows, st.sampled_from([0, 0, 0, 5, 20])),
        st.builds(Arrive, paths, rows, st.sampled_from([0, 0, 0, 5, 20])),
        st.builds(Copy, paths, paths),
        st.builds(Vanish, paths),
        st.builds(Apply, st.sampled_from([False, False, False, True])),
        st.just(Apply()),
    ),
    min_size=4,
    max_size=9,
)


@dataclass
class File:
    rows: tuple[Row, ...]
    modified: int  # seconds


def natural(path: str) -> list[tuple[int, str]]:
    return [(int(each), "") if each.isdigit() else (-1, each) for each in re.split(r"(\d+)", path)]


def write(root: Path, path: str, file: File) -> None:
    lines = [f"{key},{EPOCH + timedelta(minutes=minute)},{value}" for key, minute, value in file.rows]
    text = "\n".join(["k,t,v", *lines]) + "\n"
    (root / path).parent.mkdir(exist_ok=True)
    (root / path).write_text(text)
    os.utime(root / path, (file.modified, file.modified))


@dataclass
class Source:
    """The files of a source, what was read of them, and its table. `by`: as in the language; "" without a cursor."""

    by: str = ""
    lag: int = 0  # seconds, or minutes of the column
    there: dict[str, File] = field(default_factory=dict)
    read: dict[str, File] = field(default_factory=dict)
    table: Counter[Row] = field(default_factory=Counter)
    clock: int = 1_700_000_000
    # Of a cursor with a column: the greatest value that was read, and how many rows came too late the last time.
    greatest: int | None = None
    late: int = 0
    # Whether a file may change and is read again then, and whether each key comes once in it.
    again: bool = False
    unique: bool = False

    def new(self) -> list[str]:
        """The paths that an apply reads now, in order; a file that changed since it was read counts as new."""
        found = []
        for path in sorted(self.there, key=natural):
            file = self.there[path]
            if path in self.read:
                if self.read[path].rows != file.rows:
                    found.append(path)
            elif not self._passed(path, file):
                found.append(path)
        return found

    def _passed(self, path: str, file: File) -> bool:
        if not self.read:
            return False
        if self.by == "name":
            return natural(path) < max(map(natural, self.read))
        if self.by == "modified":
            known = any(file.rows == each.rows for each in self.read.values())
            return known or file.modified < max(each.modified for each in self.read.values()) - self.lag
        return False

    def changed(self) -> list[str]:
        return [path for path in self.new() if path in self.read]

    def files(self) -> list[tuple[Row, ...]]:
        """The rows of the files that are new, which are read by this."""
        new = {path: self.there[path] for path in self.new()}
        self.read |= new
        return [file.rows for file in new.values()]

    def append_by_column(self) -> None:
        """What is above the greatest value is added; within the lag, what is not there as often as it came."""
        came = Counter(row for rows in self.files() for row in rows)
        since = -1 if self.greatest is None else self.greatest - self.lag
        there = {row: count for row, count in self.table.items() if row[1] >= since}
        late = Counter({row: count for row, count in came.items() if row[1] < since})
        self.late = (late - self.table).total()
        self.table += (came - late) - Counter(there)
        self.greatest = max([row[1] for row in came] + ([] if self.greatest is None else [self.greatest]), default=None)

    def merge(self) -> None:
        """File by file, and in a file by the cursor's column, the last row of a key is the one that is there."""
        by_key = {row[0]: row for row in self.table}
        for rows in self.files():
            by_key |= {row[0]: row for row in sorted(rows, key=lambda row: row[1])}
        self.table = Counter(by_key.values())

    def merge_value(self) -> None:
        """The same, but of a row that is there only the value changes."""
        by_key = {row[0]: row for row in self.table}
        for rows in self.files():
            for row in sorted(rows, key=lambda row: row[1]):
                by_key[row[0]] = (row[0], by_key.get(row[0], row)[1], row[2])
        self.table = Counter(by_key.values())

    def merge_by_column(self) -> None:
        """As `merge`, of the rows that are not older than the lag allows."""
        files = self.files()
        since = -1 if self.greatest is None else self.greatest - self.lag
        by_key = {row[0]: row for row in self.table}
        for rows in files:
            by_key |= {row[0]: row for row in sorted(rows, key=lambda row: row[1]) if row[1] >= since}
        self.table = Counter(by_key.values())
        seen = [row[1] for rows in files for row in rows]
        self.greatest = max(seen + ([] if self.greatest is None else [self.greatest]), default=None)

    def replace_five_minutes(self) -> None:
        self._replace(lambda row: row[1] // 5)

    def replace_values(self) -> None:
        self._replace(lambda row: row[2])

    def _replace(self, slice_of: Callable[[Row], object]) -> None:
        """All rows of the slices that come are replaced by those that come."""
        came = Counter(row for rows in self.files() for row in rows)
        slices = {slice_of(row) for row in came}
        self.table = Counter({row: count for row, count in self.table.items() if slice_of(row) not in slices}) + came

    def append(self) -> None:
        """Every row of the new files is added."""
        for rows in self.files():
            self.table.update(rows)
