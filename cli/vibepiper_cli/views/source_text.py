"""Lines of source as a terminal can show them."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from pathlib import Path

_TAB = "    "


class SourceText:
    """Reads lines of the project's files, each file once; `texts` stand in for files that are none (a query)."""

    def __init__(self, root: Path | None, texts: Mapping[str, str] | None = None) -> None:
        self._root = root
        self._lines: dict[str, list[str]] = {path: text.split("\n") for path, text in (texts or {}).items()}

    def line(self, path: str, number: int) -> str | None:
        """A line without its end, or None where there is no such file or line."""
        if path not in self._lines:
            self._lines[path] = self._read(path)
        lines = self._lines[path]
        return printable(lines[number - 1]) if 0 < number <= len(lines) else None

    def _read(self, path: str) -> list[str]:
        if self._root is None:
            return []
        try:
            content = (self._root / path).read_bytes()
        except OSError:
            return []
        return content.decode("utf-8", errors="replace").replace("\r\n", "\n").split("\n")


def printable(line: str) -> str:
    """The line with each character that could disturb a terminal replaced by one that cannot; lengths stay."""
    return "".join("\N{REPLACEMENT CHARACTER}" if _disturbs(character) else character for character in line)


def escaped(text: str) -> str:
    """Text on one line, with each character that could disturb a terminal written as an escape: `\\x1b`.

    For values, where it matters which character it is.
    """
    flat = text.replace("\r\n", "↵").replace("\n", "↵").replace("\t", " ")
    return "".join(repr(character)[1:-1] if _disturbs(character) else character for character in flat)


def _disturbs(character: str) -> bool:
    return character != "\t" and unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")


def visible_width(text: str) -> int:
    """Columns that `text` takes at a terminal."""
    return sum(_width(character) for character in text)


def _width(character: str) -> int:
    if character == "\t":
        return len(_TAB)
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def expanded(text: str) -> str:
    """Tabs as blanks, so that what stands below lines up whatever the terminal's tab stops are."""
    return text.replace("\t", _TAB)
