"""A TOML text with positions: the tree, and every mistake that was found on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from vibepiper_spec.text.lines import LineIndex
from vibepiper_spec.text.mistake import TextMistake
from vibepiper_spec.text.nodes import Array, Entry, Node, Statement, Table, plain
from vibepiper_spec.text.parser import Parser


@dataclass
class Document:
    """`broken` are the headers of blocks of which something could not be read; the others are whole."""

    text: str
    root: Table
    statements: tuple[Statement, ...]
    mistakes: tuple[TextMistake, ...]
    broken: frozenset[tuple[str, ...]]
    lines: LineIndex = field(init=False)

    def __post_init__(self) -> None:
        self.lines = LineIndex(self.text)

    @cached_property
    def data(self) -> dict[str, Any]:
        """What could be read, as plain values."""
        found: dict[str, Any] = plain(self.root)
        return found

    def find(self, keys: Sequence[str | int]) -> tuple[list[Entry | None], list[Node]]:
        """The nodes on the way from the root along `keys`, as far as they exist, and the entry that holds each.

        Both lists start with the root itself, which no entry holds; neither do the items of a list.
        """
        entries: list[Entry | None] = [None]
        nodes: list[Node] = [self.root]
        for key in keys:
            node = nodes[-1]
            if isinstance(node, Table) and isinstance(key, str) and key in node.entries:
                entries.append(node.entries[key])
                nodes.append(node.entries[key].value)
            elif isinstance(node, Array) and isinstance(key, int) and 0 <= key < len(node.items):
                entries.append(None)
                nodes.append(node.items[key])
            else:
                break
        return entries, nodes


def parse_document(text: str, *, valid: bool = False) -> Document:
    """Parse with positions and recovery. `valid`: the strict parser took this text already."""
    parser = Parser(text, lenient=not valid)
    parser.run()
    return Document(text, parser.root, tuple(parser.statements), tuple(parser.mistakes), frozenset(parser.broken))
