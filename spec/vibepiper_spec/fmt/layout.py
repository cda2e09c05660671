"""A spec as blocks of statements, each with the comments that belong to it."""

from __future__ import annotations

from dataclasses import dataclass, field

from vibepiper_spec.text.document import Document
from vibepiper_spec.text.nodes import Statement


@dataclass(slots=True)
class Commented:
    """A statement with the comment lines above it, the comment beside it, and whether a blank line sets it off."""

    statement: Statement
    above: list[str]
    beside: str
    set_off: bool


@dataclass(slots=True)
class Block:
    """A header (None: the lines above all headers) with its statements, and comments that close it."""

    header: Commented | None
    statements: list[Commented] = field(default_factory=list)
    closing: list[str] = field(default_factory=list)
    closing_set_off: bool = False

    @property
    def name(self) -> tuple[str, ...]:
        return () if self.header is None else tuple(name for name, _, _ in self.header.statement.keys)


@dataclass(slots=True)
class Layout:
    """`preamble` are the comments that speak of the whole file."""

    preamble: list[str]
    preamble_set_off: bool
    blocks: list[Block]


@dataclass(slots=True)
class _Trivia:
    """The lines between two statements; a blank line is an empty string."""

    beside: str
    lines: list[str]

    def split_at_last_blank(self) -> tuple[list[str], list[str]]:
        """What stands apart from the next statement, and the comments directly above it."""
        for index in range(len(self.lines) - 1, -1, -1):
            if not self.lines[index]:
                return _trimmed(self.lines[:index]), self.lines[index + 1 :]
        return [], self.lines


def lay_out(document: Document) -> Layout:
    text, statements = document.text, document.statements
    starts = [statement.start for statement in statements]
    first = _trivia(text, 0, starts[0] if starts else len(text), after_statement=False)
    preamble, above = first.split_at_last_blank()
    set_off = bool(preamble)
    if not statements:
        return Layout(_trimmed(first.lines), False, [])
    # A directive such as `#:schema` speaks to the editor about the file, even directly above the first header.
    while above and above[0].startswith("#:"):
        preamble.append(above.pop(0))
        set_off = False
    block = Block(None)
    blocks = [block]
    before_blank = False
    for index, statement in enumerate(statements):
        following = starts[index + 1] if index + 1 < len(starts) else len(text)
        trivia = _trivia(text, statement.end, following, after_statement=True)
        if statement.value is None:
            block = Block(Commented(statement, above, trivia.beside, True))
            blocks.append(block)
        else:
            block.statements.append(Commented(statement, above, trivia.beside, before_blank))
        last = index + 1 == len(statements)
        if last or statements[index + 1].value is None:
            block.closing_set_off = bool(trivia.lines) and not trivia.lines[0]
            apart, above = (_trimmed(trivia.lines), []) if last else trivia.split_at_last_blank()
            block.closing, before_blank = _trimmed(apart), False
        else:
            above = _trimmed(trivia.lines)
            before_blank = bool(trivia.lines) and not trivia.lines[0]
    return Layout(preamble, set_off, [found for found in blocks if found.header or found.statements])


def _trivia(text: str, start: int, end: int, *, after_statement: bool) -> _Trivia:
    lines = [line.strip() for line in text[start:end].split("\n")]
    beside = lines.pop(0) if after_statement else ""
    # The last piece is the indentation of the next statement, or what follows the last line break.
    if lines and not lines[-1]:
        lines.pop()
    return _Trivia(beside, lines)


def _trimmed(lines: list[str]) -> list[str]:
    """Without blank lines at both ends, and with at most one between two comments."""
    kept: list[str] = []
    for line in lines:
        if line or (kept and kept[-1]):
            kept.append(line)
    return kept[:-1] if kept and not kept[-1] else kept
