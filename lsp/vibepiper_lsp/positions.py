"""Places in our sense (lines and columns from 1, in code points) and in the protocol's (from 0, in UTF-16)."""

from __future__ import annotations

from lsprotocol import types as lsp

from vibepiper_spec.diagnostics import Range


class Positions:
    """Converts for one text. What lies behind its end is its end."""

    def __init__(self, text: str) -> None:
        self._lines = text.split("\n")

    def to_protocol(self, span: Range) -> lsp.Range:
        """A range as the protocol counts."""
        return lsp.Range(
            self._to_position(span.start_line, span.start_column), self._to_position(span.end_line, span.end_column)
        )

    def whole(self) -> lsp.Range:
        """All of the text."""
        return lsp.Range(lsp.Position(0, 0), self._to_position(len(self._lines), len(self._lines[-1]) + 1))

    def _to_position(self, line: int, column: int) -> lsp.Position:
        if line > len(self._lines):
            line, column = len(self._lines), len(self._lines[-1]) + 1
        before = self._lines[line - 1].removesuffix("\r")[: max(0, column - 1)]
        return lsp.Position(line - 1, len(before.encode("utf-16-le", "surrogatepass")) // 2)


def overlap(one: lsp.Range, other: lsp.Range) -> bool:
    """Whether two ranges touch."""
    return _key(one.start) <= _key(other.end) and _key(other.start) <= _key(one.end)


def _key(position: lsp.Position) -> tuple[int, int]:
    return position.line, position.character
