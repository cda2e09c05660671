"""The one door to the terminal: stdout is data, stderr is talk, and colour is for people."""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import Any, TextIO

_HELD_IN_MEMORY = 8_000_000  # bytes; what is longer goes through a temporary file
_CODES = {
    "error": "1;31",
    "warning": "1;33",
    "info": "1;36",
    "good": "32",
    "added": "32",
    "changed": "33",
    "removed": "31",
    "strong": "1",
    "faint": "2",
}


@dataclass(frozen=True, slots=True)
class Paint:
    """Colours text by what it means, or leaves it alone."""

    enabled: bool

    def __call__(self, role: str, text: str) -> str:
        return f"\033[{_CODES[role]}m{text}\033[0m" if self.enabled and text else text


class Printer:
    """Writes for one command. Views return text; only this class prints."""

    def __init__(self, out: TextIO, err: TextIO, *, colour: bool) -> None:
        self.out = out
        self.err = err
        self.colour = colour
        self.has_data = False  # whether anything was written to `out`

    @classmethod
    def for_terminal(cls) -> Printer:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                # A terminal that knows only ASCII shows an escape instead of ending the command.
                stream.reconfigure(errors="backslashreplace")
        return cls(sys.stdout, sys.stderr, colour=not os.environ.get("NO_COLOR"))

    @property
    def data_paint(self) -> Paint:
        return Paint(self.colour and self.out.isatty())

    @property
    def talk_paint(self) -> Paint:
        return Paint(self.colour and self.err.isatty())

    def data(self, text: str) -> None:
        """The result: what a script would read."""
        self.has_data = True
        self.out.write(text if text.endswith("\n") else text + "\n")
        self.out.flush()

    def lines(self, lines: Iterable[str]) -> None:
        """A result too long to hold at once."""
        for line in lines:
            self.has_data = True
            self.out.write(line + "\n")
        self.out.flush()

    def whole_lines(self, lines: Iterable[str]) -> None:
        """The same for what is of no use in part: nothing is written before the last line is known."""
        with SpooledTemporaryFile(_HELD_IN_MEMORY, "w+", encoding="utf-8", newline="") as held:
            for line in lines:
                held.write(line + "\n")
            held.seek(0)
            self.has_data = True
            shutil.copyfileobj(held, self.out)
        self.out.flush()

    def json(self, value: Mapping[str, Any]) -> None:
        """The result for machines: one JSON object."""
        self.data(json.dumps(value, indent=2, ensure_ascii=False, default=str))

    def ask(self, question: str) -> str:
        """What the person types, on the line of the question. Call it only where stdin is a terminal."""
        self.err.write(question)
        self.err.flush()
        return sys.stdin.readline().strip()

    def talk(self, text: str = "") -> None:
        """What we tell the person at the terminal."""
        self.err.write(text + "\n")
        self.err.flush()
