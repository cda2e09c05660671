"""Turns places named by keys into exact positions, from the text, and only when asked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from vibepiper_spec.diagnostics import START_OF_FILE, Place
from vibepiper_spec.load.origin import Origin

Part = Literal["key", "value", "header"]


class Locator:
    """Knows the text of every file of one loaded project; parses a file with positions when first asked about it."""

    def __init__(self, root: Path, texts: Mapping[str, str], sql_files: Mapping[Origin, str]) -> None:
        self._root = root
        self._texts = dict(texts)
        self._sql_files = dict(sql_files)

    def place(self, origin: Origin, *keys: str | int, part: Part = "value") -> Place:
        """Where a key, its value, or the header of its table stands; the nearest existing ancestor if it does not.

        Without keys it is the header of the block.
        """
        return Place(origin.path, START_OF_FILE)

    def inside(self, origin: Origin, *keys: str | int, start: int, end: int) -> Place:
        """A stretch of a string value, by code-point offsets in the decoded string."""
        return Place(origin.path, START_OF_FILE)

    def line(self, path: str, number: int) -> str:
        """A line of a file without its line ending, for showing; empty where there is none."""
        text = self._texts.get(path)
        if text is None:
            try:
                text = (self._root / path).read_text(encoding="utf-8", errors="replace")
            except OSError:
                return ""
            self._texts[path] = text
        lines = text.split("\n")
        return lines[number - 1].removesuffix("\r") if 0 < number <= len(lines) else ""
