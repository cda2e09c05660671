"""Offsets in a text to lines and columns."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate

from vibepiper_spec.diagnostics import Range


class LineIndex:
    """Where every line of a text starts. Lines end with `\\n`; a `\\r` before it counts as part of the line."""

    def __init__(self, text: str) -> None:
        lengths = (len(line) + 1 for line in text.split("\n"))
        self._starts = [0, *accumulate(lengths)]

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column, both from 1, columns in code points."""
        line = bisect_right(self._starts, offset, hi=len(self._starts) - 1)
        return line, offset - self._starts[line - 1] + 1

    def range(self, start: int, end: int) -> Range:
        return Range(*self.position(start), *self.position(max(start, end)))
