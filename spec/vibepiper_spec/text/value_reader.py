"""Reads values: bare ones, lists and inline tables, with the places where they were left open."""

from __future__ import annotations

import re

from vibepiper_spec.text.nodes import Array, Node, Scalar, Table
from vibepiper_spec.text.place_table import Clash, add_value
from vibepiper_spec.text.reader import Broken, Key, Reader
from vibepiper_spec.text.strings import HEADER_LINE
from vibepiper_spec.text.values import NoValue, bare_value, match_bare

_DEEPEST = 100  # deeper nesting is a mistake of the writer, and would exhaust the stack

_STATEMENT = re.compile(r"[\w\-]+(?:\.[\w\-]+)*[ \t]*=")
_UNQUOTED_NAME = re.compile(r"\[{1,2}[ \t]*(?!(?:true|false|inf|nan)\b)[A-Za-z_]")


class ValueReader(Reader):
    """Adds the reading of values to the reader."""

    def __init__(self, text: str, *, lenient: bool) -> None:
        super().__init__(text, lenient=lenient)
        # Inline tables, by their start, of which it was said already that they stand on several lines.
        self._broken_tables: set[int] = set()

    def _read_value(self, position: int, depth: int) -> tuple[Node, int]:
        character = self._text[position : position + 1]
        if depth > _DEEPEST:
            self._report(
                "VP002", position, position + 1, f"Values are nested more than {_DEEPEST} deep.", "Make them flatter."
            )
            raise Broken(position)
        if character in ('"', "'"):
            return self._read_string(position)
        if character == "[":
            return self._read_array(position, depth)
        if character == "{":
            return self._read_inline_table(position, depth)
        bare = match_bare(self._text, position)
        if bare is None:
            self._report("VP002", position, position + 1, "Expected a value here.", "Write a value.")
            raise Broken(position)
        try:
            return Scalar(bare_value(bare.group()), position, bare.end()), bare.end()
        except NoValue as reason:
            end = bare.end() if depth else self._end_of_bare_text(bare.end())
            self._report("VP002", position, end, reason.detail, reason.fix)
            raise Broken(position) from None

    def _end_of_bare_text(self, position: int) -> int:
        """The end of text that lacks quotes: it goes on to the end of the line, or to a comment."""
        line_end = self._end_of_line(position)
        comment = self._text.find(" #", position, line_end)
        return line_end if comment < 0 else comment

    def _read_array(self, start: int, depth: int) -> tuple[Array, int]:
        text = self._text
        items: list[Node] = []
        position = self._skip(start + 1)
        while not text.startswith("]", position):
            self._check_open(start, position)
            value, position = self._read_value(position, depth + 1)
            items.append(value)
            position = self._skip(position)
            if text.startswith(",", position):
                position = self._skip(position + 1)
            elif not text.startswith("]", position):
                self._check_open(start, position)
                self._report(
                    "VP002",
                    position,
                    position + 1,
                    "Two values of a list are parted by a comma.",
                    "Add `,` before this.",
                )
                raise Broken(position)
        return Array(items, start, position + 1), position + 1

    def _check_open(self, start: int, position: int) -> None:
        """Whether the list that opened at `start` was left open: what follows is another statement, or nothing."""
        text = self._text
        line_start = text.rfind("\n", start, position) + 1
        first_on_line = line_start > 0 and not text[line_start:position].strip()
        if position < len(text) and not (
            first_on_line and (_STATEMENT.match(text, position) or _is_header(text, position))
        ):
            return
        self._report_open(start, "list", "[", "]")
        raise Broken(position, exact=True)

    def _read_inline_table(self, start: int, depth: int) -> tuple[Table, int]:
        text = self._text
        table = Table("inline", start, start)
        position = self._skip_in_table(start, start + 1, after_value=False)
        while not text.startswith("}", position):
            keys = self._read_key(position, "statement")
            position = self._skip_blank(keys[-1][2])
            if text.startswith("=", position):
                position = self._skip_blank(position + 1)
            else:
                self._missing_equals(keys, position)
            value, position = self._read_value(position, depth + 1)
            try:
                add_value(table, keys, value)
            except Clash as clash:
                self._report_duplicate_key(keys, clash)
            comma = self._skip_in_table(start, position, after_value=True)
            if text.startswith(",", comma):
                position = self._skip_in_table(start, comma + 1, after_value=False)
                if text.startswith("}", position):
                    self._report(
                        "VP002",
                        comma,
                        comma + 1,
                        "An inline table has no comma after its last key.",
                        "Remove the comma.",
                    )
            elif text.startswith("}", comma):
                position = comma
            else:
                end = max(comma + 1, min(self._end_of_line(comma), comma + 20))
                self._report(
                    "VP002", comma, end, "Two keys of an inline table are parted by a comma.", "Add `,` before this."
                )
                raise Broken(comma)
        _close(table)
        table.end = position + 1
        return table, position + 1

    def _skip_in_table(self, start: int, position: int, *, after_value: bool) -> int:
        """Skip blanks; a line break in an inline table is a mistake, told once for each table."""
        text = self._text
        following = self._skip(position)
        if following == self._skip_blank(position) and following < len(text):
            return following
        goes_on = text.startswith(("}", ","), following) or not (
            after_value or following == len(text) or _is_header(text, following)
        )
        if not goes_on:
            self._report_open(start, "inline table", "{", "}")
            raise Broken(following, exact=True)
        if start not in self._broken_tables:
            self._broken_tables.add(start)
            self._report(
                "VP002",
                start,
                start + 1,
                "An inline table must stand on one line.",
                "Join the lines, or give the table a header of its own.",
            )
        return following

    def _report_open(self, start: int, kind: str, opening: str, closing: str) -> None:
        self._report(
            "VP002",
            start,
            start + 1,
            f"The {kind} that opens here with `{opening}` is not closed.",
            f"Add `{closing}` where it ends.",
        )

    def _report_duplicate_key(self, keys: list[Key], clash: Clash) -> None:
        start, end = keys[0][1], keys[-1][2]
        self._report("VP005", start, end, clash.detail, clash.fix, ((clash.start, clash.end, "First set here"),))


def _close(table: Table) -> None:
    """Inline tables are closed for good, with the tables that dotted keys made in them."""
    for entry in table.entries.values():
        if isinstance(entry.value, Table) and entry.value.form == "dotted":
            entry.value.form = "inline"
            _close(entry.value)


def _is_header(text: str, position: int) -> bool:
    """A list's item in brackets can look like a header; a name without quotes cannot be an item."""
    match = HEADER_LINE.match(text, position)
    return match is not None and _UNQUOTED_NAME.match(text, position) is not None
