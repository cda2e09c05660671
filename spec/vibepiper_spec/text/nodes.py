"""The tree of a parsed TOML text: values with the range of every key, value and header. Offsets in code points."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

# How a table came to be, which decides who may still add to it (TOML 1.0, "Table" and "Keys"):
# implicit: as the ancestor of a header · header · dotted: by a dotted key · inline: `{ … }`, closed for good.
TableForm = Literal["implicit", "header", "dotted", "inline"]


@dataclass(slots=True)
class Scalar:
    """A string, number, boolean, date or time."""

    value: Any
    start: int
    end: int


@dataclass(slots=True)
class Array:
    """A list. `of_tables`: made by `[[headers]]`, so that it may still grow."""

    items: list[Node]
    start: int
    end: int
    of_tables: bool = False


@dataclass(slots=True)
class Entry:
    """A key with its value; the range is that of the key, in a header or before a `=`."""

    start: int
    end: int
    value: Node


@dataclass(slots=True)
class Table:
    """A table. For one made by a header the range is that of the header with its brackets."""

    form: TableForm
    start: int
    end: int
    entries: dict[str, Entry] = field(default_factory=dict)


Node = Scalar | Array | Table


@dataclass(frozen=True, slots=True)
class Statement:
    """A header (then `value` is None) or a key with its value, as they follow each other in the text.

    `keys` are the parts of the dotted name with their ranges; `end` is where the statement ends, before a comment.
    """

    start: int
    end: int
    keys: tuple[tuple[str, int, int], ...]
    value: Node | None = None


def plain(node: Node) -> Any:
    """The node as tomllib would give it."""
    match node:
        case Scalar():
            return node.value
        case Array():
            return [plain(item) for item in node.items]
        case Table():
            return {key: plain(entry.value) for key, entry in node.entries.items()}
