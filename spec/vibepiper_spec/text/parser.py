"""The tolerant TOML parser: block by block, a mistake costs the lines it stands on and nothing else."""

from __future__ import annotations

import re

from vibepiper_spec.text.nodes import Node, Statement, Table
from vibepiper_spec.text.place_table import Clash, add_value, open_array_table, open_table
from vibepiper_spec.text.reader import Broken, Key
from vibepiper_spec.text.value_reader import ValueReader
from vibepiper_spec.text.values import shortened

_END_OF_LINE = re.compile(r"[ \t]*(?:#[^\n]*)?(?:\r?\n|\Z)")
_SIMPLE_KEY = re.compile(r"([A-Za-z0-9_-]+)[ \t]*=[ \t]*")
_STATEMENT_LINE = re.compile(
    r"""^[ \t]*(?:\[|(?:[\w\-]+|"[^"\n]*"|'[^'\n]*')(?:[ \t]*\.[ \t]*[\w\-"']+)*[ \t]*=)""", re.MULTILINE
)


class Parser(ValueReader):
    """Reads one text. `root`, `statements`, `mistakes` and `broken` are complete after `run`."""

    def __init__(self, text: str, *, lenient: bool) -> None:
        super().__init__(text, lenient=lenient)
        self.root = Table("header", 0, 0)
        self.statements: list[Statement] = []
        # Headers of the blocks in which something could not be read; `()` for what is below no readable header.
        self.broken: set[tuple[str, ...]] = set()
        self._table = self.root
        self._header: tuple[str, ...] = ()

    def run(self) -> None:
        text = self._text
        position = self._skip(0)
        while position < len(text):
            known = len(self.mistakes)
            try:
                position = self._read_header(position) if text[position] == "[" else self._read_statement(position)
            except Broken as broken:
                position = broken.position if broken.exact else self._next_statement(broken.position)
            if len(self.mistakes) > known:
                self.broken.add(self._header)
            position = self._skip(position)

    def _next_statement(self, position: int) -> int:
        """The first line after that of `position` that looks like a key or a header."""
        line_end = self._text.find("\n", position)
        match = _STATEMENT_LINE.search(self._text, line_end + 1) if line_end >= 0 else None
        return match.start() if match else len(self._text)

    def _read_header(self, start: int) -> int:
        text = self._text
        brackets = "[[" if text.startswith("[[", start) else "["
        # Whatever follows a header that cannot be placed is read for its own mistakes only.
        self._table, self._header = Table("header", start, start), ()
        keys = self._read_key(self._skip_blank(start + len(brackets)), "header")
        position = self._skip_blank(keys[-1][2])
        self._header = tuple(name for name, _, _ in keys)
        closing = "]" * len(brackets)
        if text.startswith(closing, position):
            end = position + len(closing)
        else:
            end = self._end_of_line(position)
            detail = (
                "The names in a header are parted by dots."
                if "]" in text[position:end].partition("#")[0]
                else f"The header that opens with `{brackets}` is not closed by `{closing}` on its line."
            )
            self._report("VP002", start, end, detail, f"Write `{brackets}{'.'.join(self._header)}{closing}`.")
        try:
            if brackets == "[":
                self._table = open_table(self.root, keys, start, end)
            else:
                self._table = open_array_table(self.root, keys, start, end)
        except Clash as clash:
            code = "VP004" if clash.is_table else "VP005"
            self._report(code, start, end, clash.detail, clash.fix, ((clash.start, clash.end, "First defined here"),))
        self.statements.append(Statement(start, end, tuple(keys)))
        return self._expect_end_of_line(end, "the header")

    def _expect_end_of_line(self, position: int, what: str) -> int:
        match = _END_OF_LINE.match(self._text, position)
        if match:
            self._check_comments(position, match.end())
            return match.end()
        start, end = self._skip_blank(position), self._end_of_line(position)
        rest = self._text[start:end]
        self._report(
            "VP002",
            start,
            end,
            f"After {what} nothing but a comment may follow on the line, but there is `{shortened(rest)}`.",
            "Start a new line, or put `#` before a comment.",
        )
        raise Broken(position)

    def _read_statement(self, start: int) -> int:
        text = self._text
        keys: list[Key]
        simple = _SIMPLE_KEY.match(text, start)
        if simple:
            keys, position = [(simple.group(1), start, simple.end(1))], simple.end()
        else:
            keys = self._read_key(start, "statement")
            position = self._skip_blank(keys[-1][2])
            if text.startswith("=", position):
                position = self._skip_blank(position + 1)
            else:
                self._missing_equals(keys, position)
        value, position = self._read_value_after(keys, position)
        try:
            add_value(self._table, keys, value)
        except Clash as clash:
            self._report_duplicate_key(keys, clash)
        self.statements.append(Statement(start, position, tuple(keys), value))
        return self._expect_end_of_line(position, "the value")

    def _read_value_after(self, keys: list[Key], position: int) -> tuple[Node, int]:
        if _END_OF_LINE.match(self._text, position):
            name = ".".join(key for key, _, _ in keys)
            self._report(
                "VP002", keys[0][1], position, f"The key `{name}` has no value.", "Write a value, or remove the line."
            )
            raise Broken(position)
        return self._read_value(position, 0)
