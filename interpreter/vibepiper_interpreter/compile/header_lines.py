"""The line of a block's header, found without parsing: every compiled asset needs it, and parsing all files is slow."""

from __future__ import annotations

import re
from pathlib import Path

from vibepiper_spec.load.locator import Locator
from vibepiper_spec.load.origin import Origin

_HEADER = re.compile(r"^[ \t]*\[([\w.]+)\][ \t]*(?:#.*)?$", re.MULTILINE)


class HeaderLines:
    """Reads each file once. A header written in an unusual way, or that seems to stand twice, is left to `locator`."""

    def __init__(self, root: Path, locator: Locator) -> None:
        self._root, self._locator = root, locator
        self._lines: dict[str, dict[str, list[int]]] = {}

    def line(self, origin: Origin) -> int:
        if origin.path not in self._lines:
            self._lines[origin.path] = self._scan(origin.path)
        found = self._lines[origin.path].get(".".join(origin.keys).lower(), [])
        return found[0] if len(found) == 1 else self._locator.place(origin, part="header").range.start_line

    def _scan(self, path: str) -> dict[str, list[int]]:
        try:
            text = (self._root / path).read_text(encoding="utf-8", errors="replace")
        except OSError:  # only in the editor, not on disk yet
            return {}
        found: dict[str, list[int]] = {}
        line, counted = 1, 0
        for match in _HEADER.finditer(text):
            line += text.count("\n", counted, match.start())
            counted = match.start()
            found.setdefault(match[1].lower(), []).append(line)
        return found
