"""Where a Python module says what TOML would say in a block: the decorator's keywords, by the keys they stand for."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from vibepiper_spec.text.document import Document
from vibepiper_spec.text.nodes import Array, Entry, Node, Scalar, Table

_Function = ast.FunctionDef | ast.AsyncFunctionDef
Keys = tuple[str | int, ...]


def python_document(text: str, lines: Mapping[Keys, int]) -> Document:
    """The text as a document in which every block of `lines`, keys to the line that declares it, has its place.

    Where the text is no Python any more, the document is empty: places are the start of the file then.
    """
    root = Table("implicit", 0, 0)
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        tree = ast.Module([], [])
    offsets = _Offsets(text)
    by_line = _statements(tree)
    for keys, line in lines.items():
        _put(root, [str(key) for key in keys], _block(by_line.get(line, ()), line, offsets))
    return Document(text, root, (), (), frozenset())


def stretch_of_literal(text: str, node: Scalar, start: int, end: int) -> tuple[int, int] | None:
    """The offsets in `text` of a stretch of the string that `node` is; None where it is not written as it reads."""
    literal = text[node.start : node.end]
    for quotes in ('"""', "'''", '"', "'"):
        if literal.startswith(quotes):
            inside = node.start + len(quotes)
            plain = "\\" not in literal and len(literal) - 2 * len(quotes) == len(str(node.value))
            return (inside + start, inside + end) if plain else None
    return None


class _Offsets:
    """`ast` counts lines from 1 and columns in UTF-8 bytes; nodes have offsets in code points."""

    def __init__(self, text: str) -> None:
        self._lines = text.split("\n")
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line) + 1)

    def of(self, line: int, byte_column: int) -> int:
        return self._starts[line - 1] + len(self._lines[line - 1].encode()[:byte_column].decode(errors="replace"))

    def range(self, node: ast.expr | ast.keyword) -> tuple[int, int]:
        start = self.of(node.lineno, node.col_offset)
        if node.end_lineno is None or node.end_col_offset is None:
            return start, start
        return start, self.of(node.end_lineno, node.end_col_offset)

    def line(self, line: int) -> tuple[int, int]:
        """A whole line without the blanks around its text."""
        if not 0 < line <= len(self._lines):
            return 0, 0
        text = self._lines[line - 1]
        start = self._starts[line - 1]
        return start + len(text) - len(text.lstrip()), start + len(text.rstrip())


def _statements(tree: ast.Module) -> dict[int, tuple[ast.AST, ...]]:
    """Functions and calls by the first line that runs for them: a decorated function's is that of its decorators."""
    found: dict[int, tuple[ast.AST, ...]] = {}
    for node in ast.walk(tree):
        if isinstance(node, _Function):
            line = min((each.lineno for each in node.decorator_list), default=node.lineno)
            found[line] = (node, *found.get(line, ()))
        elif isinstance(node, ast.Call):
            found[node.lineno] = (*found.get(node.lineno, ()), node)
    return found


def _block(nodes: tuple[ast.AST, ...], line: int, offsets: _Offsets) -> Table:
    function = next((node for node in nodes if isinstance(node, _Function)), None)
    if function is None:
        call = next((node for node in nodes if isinstance(node, ast.Call)), None)
        table = Table("header", *(offsets.line(line) if call is None else offsets.range(call)))
        if call is not None:
            _add_keywords(table, call, offsets)
        return table
    name = offsets.of(function.lineno, function.col_offset)
    start = name + (len("async def ") if isinstance(function, ast.AsyncFunctionDef) else len("def "))
    table = Table("header", start, start + len(function.name))
    for decorator in reversed(function.decorator_list):
        if isinstance(decorator, ast.Call):
            _add_keywords(table, decorator, offsets)
    for literal in _returned_literals(function):
        table.entries.setdefault("query", Entry(*offsets.range(literal), _node(literal, offsets)))
    return table


def _returned_literals(function: _Function) -> Iterator[ast.Constant]:
    """The text that the function returns, where it returns one text as it is written."""
    returned = [node.value for node in ast.walk(function) if isinstance(node, ast.Return)]
    if len(returned) == 1 and isinstance(returned[0], ast.Constant) and isinstance(returned[0].value, str):
        yield returned[0]


def _add_keywords(table: Table, call: ast.Call, offsets: _Offsets) -> None:
    for keyword in call.keywords:
        if keyword.arg is not None:
            start = offsets.range(keyword)[0]
            entry = Entry(start, start + len(keyword.arg), _node(keyword.value, offsets))
            table.entries[keyword.arg] = entry


def _node(value: ast.expr, offsets: _Offsets) -> Node:
    start, end = offsets.range(value)
    match value:
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return Array([_node(item, offsets) for item in items], start, end)
        case ast.Dict(keys=keys, values=values):
            table = Table("inline", start, end)
            for key, each in zip(keys, values, strict=True):
                if isinstance(key, ast.Constant):
                    table.entries[str(key.value)] = Entry(*offsets.range(key), _node(each, offsets))
            return table
        case ast.Constant(value=constant):
            return Scalar(constant, start, end)
    return Scalar(None, start, end)


def _put(root: Table, keys: list[str], block: Table) -> None:
    """Puts `block` at `keys` below `root`; what is above it has no place of its own."""
    table = root
    for key in keys[:-1]:
        entry = table.entries.setdefault(key, Entry(block.start, block.end, Table("implicit", block.start, block.end)))
        assert isinstance(entry.value, Table)
        table = entry.value
    table.entries[keys[-1]] = Entry(block.start, block.end, block)
