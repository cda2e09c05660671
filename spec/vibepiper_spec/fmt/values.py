"""One layout for keys and values: blanks, brackets and commas; what is inside strings stays as it is."""

from __future__ import annotations

import re

from vibepiper_spec.text.nodes import Array, Node, Scalar, Table

_WIDEST = 120
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")

Key = tuple[str, int, int]


def render_key(text: str, keys: tuple[Key, ...]) -> str:
    """A dotted key without blanks, and without quotes that are not needed."""
    return ".".join(name if _BARE_KEY.fullmatch(name) else text[start:end] for name, start, end in keys)


def render_value(text: str, node: Node, column: int) -> str:
    """The value as it should stand, if it starts `column` characters from the left."""
    one_line = _render(text, node, 0)
    if isinstance(node, Array) and node.items and "\n" not in one_line and column + len(one_line) > _WIDEST:
        return _on_lines([_render(text, item, 1) for item in node.items], 0)
    return one_line


def _render(text: str, node: Node, depth: int) -> str:
    match node:
        case Scalar():
            return text[node.start : node.end]
        case Array():
            return _render_array(text, node, depth)
        case Table():
            return _render_table(text, node, depth)


def _render_array(text: str, node: Array, depth: int) -> str:
    gaps = _gaps(text, node, [(item.start, item.end) for item in node.items])
    if "#" in gaps:
        # Comments inside a list stand where their writer wants them.
        return text[node.start : node.end]
    items = [_render(text, item, depth + 1) for item in node.items]
    # A list that its writer has broken into lines stays so.
    if items and "\n" in gaps:
        return _on_lines(items, depth)
    return f"[{', '.join(items)}]"


def _on_lines(items: list[str], depth: int) -> str:
    indent = "  " * (depth + 1)
    return "[\n" + "".join(f"{indent}{item},\n" for item in items) + "  " * depth + "]"


def _render_table(text: str, node: Table, depth: int) -> str:
    dotted = any(isinstance(e.value, Table) and e.end > e.value.start for e in node.entries.values())
    if dotted:
        # Dotted keys of one table may stand apart, and their order is the writer's.
        return text[node.start : node.end]
    if not node.entries:
        return "{}"
    pairs = [
        f"{render_key(text, ((name, entry.start, entry.end),))} = {_render(text, entry.value, depth)}"
        for name, entry in node.entries.items()
    ]
    return "{ " + ", ".join(pairs) + " }"


def _gaps(text: str, node: Array, inner: list[tuple[int, int]]) -> str:
    """The text of a list without its items."""
    position, found = node.start, []
    for start, end in inner:
        found.append(text[position:start])
        position = end
    return "".join(found) + text[position : node.end]
