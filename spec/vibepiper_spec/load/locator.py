"""Turns places named by keys into exact positions, from the text, and only when asked."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Literal

from vibepiper_spec.diagnostics import START_OF_FILE, Place, Range
from vibepiper_spec.load.origin import Origin
from vibepiper_spec.text.document import Document, parse_document
from vibepiper_spec.text.lines import LineIndex
from vibepiper_spec.text.nodes import Entry, Node, Scalar, Table
from vibepiper_spec.text.python_document import python_document, stretch_of_literal
from vibepiper_spec.text.strings import find_string, source_range

Part = Literal["key", "value", "header"]
Keys = tuple[str | int, ...]


class Locator:
    """Knows the text of every file of one loaded project; parses a file with positions when first asked about it."""

    def __init__(
        self,
        root: Path,
        texts: Mapping[str, str],
        sql_files: Mapping[Origin, str] | None = None,
        invalid: Collection[str] = (),
        python: Mapping[str, Mapping[Keys, int]] | None = None,
    ) -> None:
        self._root = root
        self._texts = dict(texts)
        # The SQL files that assets name with `file`: positions in their query lie there.
        self._sql_files = dict(sql_files or {})
        self._invalid = frozenset(invalid)
        # The modules that declare assets, and in which line each block.
        self._python = dict(python or {})
        self._documents: dict[str, Document] = {}
        self._lines: dict[str, LineIndex] = {}

    def place(self, origin: Origin, *keys: str | int, part: Part = "value") -> Place:
        """Where a key, its value, or the header of its table stands; the nearest existing ancestor if it does not.

        Without keys it is the header of the block. The place of `query` is that of `file` where the SQL is in a file.
        """
        document = self._document(origin.path)
        if document is None:
            return Place(origin.path, START_OF_FILE)
        if keys == ("query",) and origin in self._sql_files:
            keys = ("file",)
        wanted: Keys = (*origin.keys, *keys)
        entries, nodes = document.find(wanted)
        missing = len(nodes) <= len(wanted)
        if missing:
            part = "header"
        return Place(origin.path, _range(document, entries, nodes, part))

    def has(self, origin: Origin, *keys: str | int) -> bool:
        """Whether the text has a value at these keys."""
        document = self._document(origin.path)
        wanted: Keys = (*origin.keys, *keys)
        return document is not None and len(document.find(wanted)[1]) > len(wanted)

    def inside(self, origin: Origin, *keys: str | int, start: int, end: int) -> Place:
        """A stretch of a string value, by code-point offsets in the decoded string.

        For the `query` of an asset whose SQL is in a file, the place is in that file. The first item of a list may be
        written without the list.
        """
        if keys == ("query",) and origin in self._sql_files:
            path = self._sql_files[origin]
            return Place(path, self._line_index(path).range(start, end))
        document = self._document(origin.path)
        wanted: Keys = (*origin.keys, *keys)
        if document is not None:
            _, nodes = document.find(wanted)
            node = nodes[-1]
            if keys[-1] == 0 and len(nodes) == len(wanted):
                wanted = wanted[:-1]
            if len(nodes) > len(wanted) and isinstance(node, Scalar) and isinstance(node.value, str):
                stretch = self._stretch(origin.path, document, node, start, end)
                if stretch is not None:
                    return Place(origin.path, document.lines.range(*stretch))
        return self.place(origin, *keys)

    def _stretch(self, path: str, document: Document, node: Scalar, start: int, end: int) -> tuple[int, int] | None:
        """Where a stretch of a string's value stands in the text; None where that cannot be told."""
        if path in self._python:
            return stretch_of_literal(document.text, node, start, end)
        token = find_string(document.text, node.start, lenient=path in self._invalid)
        return source_range(document.text, token, start, end) if token.closed else None

    def line(self, path: str, number: int) -> str:
        """A line of a file without its line ending, for showing; empty where there is none."""
        lines = self._text(path).split("\n")
        return lines[number - 1].removesuffix("\r") if 0 < number <= len(lines) else ""

    def _text(self, path: str) -> str:
        if path not in self._texts:
            try:
                self._texts[path] = (self._root / path).read_bytes().decode("utf-8-sig", errors="replace")
            except OSError:
                self._texts[path] = ""
        return self._texts[path]

    def _line_index(self, path: str) -> LineIndex:
        if path not in self._lines:
            self._lines[path] = LineIndex(self._text(path))
        return self._lines[path]

    def _document(self, path: str) -> Document | None:
        if path not in self._documents:
            if path not in self._texts:
                return None
            text = self._texts[path]
            if path in self._python:
                self._documents[path] = python_document(text, self._python[path])
            else:
                self._documents[path] = parse_document(text, valid=path not in self._invalid)
        return self._documents[path]


def _range(document: Document, entries: list[Entry | None], nodes: list[Node], part: Part) -> Range:
    """The range of the last node, or of the nearest thing above it that has a place in the text."""
    for depth in range(len(nodes) - 1, 0, -1):
        entry, node = entries[depth], nodes[depth]
        if part == "key" and entry is not None:
            return document.lines.range(entry.start, entry.end)
        if isinstance(node, Table) and node.form in ("dotted", "implicit") and entry is not None:
            return document.lines.range(entry.start, entry.end)
        return document.lines.range(node.start, node.end)
    return START_OF_FILE
