"""TOML's rules of who may define and extend a table, and the clash when a name is taken."""

from __future__ import annotations

from collections.abc import Sequence

from vibepiper_spec.text.nodes import Array, Entry, Node, Scalar, Table

Key = tuple[str, int, int]


class Clash(Exception):
    """A key or header names what is defined already, in the range from `start` to `end`."""

    def __init__(self, detail: str, fix: str, entry: Entry, node: Node) -> None:
        super().__init__(detail)
        self.detail = detail
        self.fix = fix
        self.is_table = isinstance(node, Table | Array)
        by_header = isinstance(node, Table) and node.form == "header" and node.end > node.start
        self.start, self.end = (node.start, node.end) if by_header else (entry.start, entry.end)


def open_table(root: Table, keys: Sequence[Key], start: int, end: int) -> Table:
    """The table of `[keys]`. Raises Clash where it cannot be opened (again)."""
    parent = _walk_header(root, keys)
    name, key_start, key_end = keys[-1]
    entry = parent.entries.get(name)
    if entry is None:
        table = Table("header", start, end)
        parent.entries[name] = Entry(key_start, key_end, table)
        return table
    node = entry.value
    if isinstance(node, Table) and node.form == "implicit":
        node.form, node.start, node.end = "header", start, end
        entry.start, entry.end = key_start, key_end
        return node
    raise _taken(keys, entry, node)


def open_array_table(root: Table, keys: Sequence[Key], start: int, end: int) -> Table:
    """The new last table of `[[keys]]`. Raises Clash where the name is no such list."""
    parent = _walk_header(root, keys)
    name, key_start, key_end = keys[-1]
    table = Table("header", start, end)
    entry = parent.entries.get(name)
    if entry is None:
        parent.entries[name] = Entry(key_start, key_end, Array([table], start, end, of_tables=True))
        return table
    node = entry.value
    if isinstance(node, Array) and node.of_tables:
        node.items.append(table)
        return table
    raise _taken(keys, entry, node)


def _walk_header(root: Table, keys: Sequence[Key]) -> Table:
    table = root
    for name, start, end in keys[:-1]:
        entry = table.entries.get(name)
        if entry is None:
            # An implicit table has no place of its own but the part of the header that names it.
            entry = Entry(start, end, Table("implicit", start, end))
            table.entries[name] = entry
        node = entry.value
        if isinstance(node, Array) and node.of_tables:
            node = node.items[-1]
        if not isinstance(node, Table) or node.form == "inline":
            raise _taken(keys, entry, node)
        table = node
    return table


def _taken(keys: Sequence[Key], entry: Entry, node: Node) -> Clash:
    name = ".".join(key for key, _, _ in keys)
    if isinstance(node, Scalar):
        return Clash(f"`{name}` cannot be a table: it has a value already.", "Remove one of the two.", entry, node)
    return Clash(
        f"`[{name}]` is defined already; a table has one header.",
        "Rename one of the two, or move its keys below the first.",
        entry,
        node,
    )


def add_value(table: Table, keys: Sequence[Key], value: Node) -> None:
    """Set a key, dotted or not, in `table`. Raises Clash where it, or a table on its way, is defined already."""
    for name, start, end in keys[:-1]:
        entry = table.entries.get(name)
        if entry is None:
            entry = Entry(start, end, Table("dotted", start, end))
            table.entries[name] = entry
        node = entry.value
        if isinstance(node, Table) and node.form == "implicit":
            node.form = "dotted"
        if not (isinstance(node, Table) and node.form == "dotted"):
            raise Clash(
                f"`{name}` is defined already, so `{_dotted(keys)}` cannot add to it.",
                "Write all its keys in one place.",
                entry,
                node,
            )
        table = node
    name, start, end = keys[-1]
    first = table.entries.get(name)
    if first is not None:
        raise Clash(f"The key `{_dotted(keys)}` is set already.", "Remove one of the two.", first, first.value)
    table.entries[name] = Entry(start, end, value)


def _dotted(keys: Sequence[Key]) -> str:
    return ".".join(key for key, _, _ in keys)
