"""The tolerant TOML parser: block by block, a mistake costs the lines it stands on and nothing else."""

from __future__ import annotations

import re

from vibepiper_spec.text.mistake import TextMistake
from vibepiper_spec.text.nodes import Array, Node, Scalar, Statement, Table
from vibepiper_spec.text.place_table import Clash, add_value, open_array_table, open_table
from vibepiper_spec.text.strings import CONTROL, HEADER_LINE, BadEscape, Piece, Token, find_string, pieces
from vibepiper_spec.text.values import NoValue, bare_value, match_bare, shortened

_DEEPEST = 100  # deeper nesting is a mistake of the writer, and would exhaust the stack

_TRIVIA = re.compile(r"(?:[ \t]+|\r?\n|#[^\n]*)*")
_BLANK = re.compile(r"[ \t]*")
_END_OF_LINE = re.compile(r"[ \t]*(?:#[^\n]*)?(?:\r?\n|\Z)")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_SIMPLE_KEY = re.compile(r"([A-Za-z0-9_-]+)[ \t]*=[ \t]*")
_STATEMENT_LINE = re.compile(
    r"""^[ \t]*(?:\[|(?:[\w\-]+|"[^"\n]*"|'[^'\n]*')(?:[ \t]*\.[ \t]*[\w\-"']+)*[ \t]*=)""", re.MULTILINE
)
_STATEMENT = re.compile(r"[\w\-]+(?:\.[\w\-]+)*[ \t]*=")

_UNQUOTED_NAME = re.compile(r"\[{1,2}[ \t]*(?!(?:true|false|inf|nan)\b)[A-Za-z_]")

Key = tuple[str, int, int]


class _Broken(Exception):
    """A mistake is recorded, and the statement cannot be read on. Reading resumes after `position`."""

    def __init__(self, position: int, *, exact: bool = False) -> None:
        super().__init__(position)
        self.position = position
        self.exact = exact  # resume just there, rather than at the next line that looks like a statement


class Parser:
    """Reads one text. `root`, `mistakes` and `broken` are complete after `run`."""

    def __init__(self, text: str, *, lenient: bool) -> None:
        self.root = Table("header", 0, 0)
        self.statements: list[Statement] = []
        self.mistakes: list[TextMistake] = []
        self.broken: set[tuple[str, ...]] = set()
        self._text = text
        self._lenient = lenient
        self._table = self.root
        self._header: tuple[str, ...] = ()
        # Inline tables, by their start, of which it was said already that they stand on several lines.
        self._broken_tables: set[int] = set()

    def run(self) -> None:
        text = self._text
        position = self._skip(0)
        while position < len(text):
            known = len(self.mistakes)
            try:
                position = self._read_header(position) if text[position] == "[" else self._read_statement(position)
            except _Broken as broken:
                position = broken.position if broken.exact else self._next_statement(broken.position)
            if len(self.mistakes) > known:
                self.broken.add(self._header)
            position = self._skip(position)

    def _skip(self, position: int) -> int:
        match = _TRIVIA.match(self._text, position)
        assert match is not None  # the pattern matches the empty string
        self._check_comments(position, match.end())
        return match.end()

    def _check_comments(self, start: int, end: int) -> None:
        if self._lenient and (control := CONTROL.search(self._text, start, end)):
            self._report(
                "VP002",
                control.start(),
                control.end(),
                f"A comment cannot hold the control character U+{ord(control.group()):04X}.",
                "Remove the character; it may be invisible in your editor.",
            )

    def _skip_blank(self, position: int) -> int:
        match = _BLANK.match(self._text, position)
        assert match is not None  # the pattern matches the empty string
        return match.end()

    def _next_statement(self, position: int) -> int:
        """The first line after that of `position` that looks like a key or a header."""
        line_end = self._text.find("\n", position)
        match = _STATEMENT_LINE.search(self._text, line_end + 1) if line_end >= 0 else None
        return match.start() if match else len(self._text)

    def _end_of_line(self, position: int) -> int:
        line_end = self._text.find("\n", position)
        end = len(self._text) if line_end < 0 else line_end
        return max(position, end - self._text.startswith("\r\n", end - 1))

    def _report(
        self, code: str, start: int, end: int, detail: str, fix: str, related: tuple[tuple[int, int, str], ...] = ()
    ) -> None:
        self.mistakes.append(TextMistake(code, detail, start, min(end, len(self._text)), fix, related))

    # Headers

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
        raise _Broken(position)

    # Statements

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

    def _report_duplicate_key(self, keys: list[Key], clash: Clash) -> None:
        start, end = keys[0][1], keys[-1][2]
        self._report("VP005", start, end, clash.detail, clash.fix, ((clash.start, clash.end, "First set here"),))

    def _missing_equals(self, keys: list[Key], position: int) -> None:
        """Report it, and go on only where a value clearly follows."""
        name = ".".join(key for key, _, _ in keys)
        start, end = keys[0][1], keys[-1][2]
        following = self._text[position : position + 1]
        self._report(
            "VP002",
            start,
            end,
            f"The key `{name}` is not followed by `=` and a value.",
            f"Write `{name} = …`.",
        )
        if following not in ("'", '"', "{", "["):
            raise _Broken(position)

    def _read_value_after(self, keys: list[Key], position: int) -> tuple[Node, int]:
        if _END_OF_LINE.match(self._text, position):
            name = ".".join(key for key, _, _ in keys)
            self._report(
                "VP002", keys[0][1], position, f"The key `{name}` has no value.", "Write a value, or remove the line."
            )
            raise _Broken(position)
        return self._read_value(position, 0)

    def _read_key(self, position: int, where: str) -> list[Key]:
        """A key, dotted or not, from the first character of its first part."""
        keys = []
        while True:
            bare = _BARE_KEY.match(self._text, position)
            if bare:
                keys.append((bare.group(), position, bare.end()))
                position = bare.end()
            elif self._text[position : position + 1] in ("'", '"') and not self._text.startswith(
                ("'''", '"""'), position
            ):
                value, end = self._read_string(position)
                keys.append((value.value, position, end))
                position = end
            else:
                self._no_key(position, where)
            dot = self._skip_blank(position)
            if not self._text.startswith(".", dot):
                return keys
            position = self._skip_blank(dot + 1)

    def _no_key(self, position: int, where: str) -> None:
        end = max(self._end_of_line(position), position)
        rest = self._text[position:end]
        if where == "header":
            detail = "A header needs a name between its brackets."
            fix = "Write, for example, `[sql.daily_revenue]`."
        elif not rest:
            detail, fix = "A key is missing here.", "Write `key = value`."
        else:
            detail = f"Expected a key, found `{shortened(rest)}`."
            fix = "Write `key = value`; put keys in quotes that hold more than letters, digits, `_` and `-`."
        self._report("VP002", position, min(end, position + 40), detail, fix)
        raise _Broken(position)

    # Values

    def _read_value(self, position: int, depth: int) -> tuple[Node, int]:
        character = self._text[position : position + 1]
        if depth > _DEEPEST:
            self._report(
                "VP002", position, position + 1, f"Values are nested more than {_DEEPEST} deep.", "Make them flatter."
            )
            raise _Broken(position)
        if character in ('"', "'"):
            return self._read_string(position)
        if character == "[":
            return self._read_array(position, depth)
        if character == "{":
            return self._read_inline_table(position, depth)
        bare = match_bare(self._text, position)
        if bare is None:
            self._report("VP002", position, position + 1, "Expected a value here.", "Write a value.")
            raise _Broken(position)
        try:
            return Scalar(bare_value(bare.group()), position, bare.end()), bare.end()
        except NoValue as reason:
            end = bare.end() if depth else self._end_of_bare_text(bare.end())
            self._report("VP002", position, end, reason.detail, reason.fix)
            raise _Broken(position) from None

    def _end_of_bare_text(self, position: int) -> int:
        """The end of text that lacks quotes: it goes on to the end of the line, or to a comment."""
        line_end = self._end_of_line(position)
        comment = self._text.find(" #", position, line_end)
        return line_end if comment < 0 else comment

    def _read_string(self, position: int) -> tuple[Scalar, int]:
        token = find_string(self._text, position, lenient=self._lenient)
        if not token.closed:
            self._report_unterminated(token)
            raise _Broken(token.end, exact=len(token.delimiter) == 3)
        decoded = []
        for piece in pieces(self._text, token):
            match piece:
                case Piece():
                    decoded.append(piece.decoded)
                case BadEscape():
                    self._report("VP002", piece.start, piece.end, piece.detail, piece.fix)
        return Scalar("".join(decoded), position, token.end), token.end

    def _report_unterminated(self, token: Token) -> None:
        multiline = len(token.delimiter) == 3
        where = "" if multiline else " on its line"
        self._report(
            "VP003",
            token.start,
            token.start + 3 if multiline else token.end,
            f"The string that opens here with `{token.delimiter}` is not closed{where}.",
            f"Add `{token.delimiter}` where it ends."
            + ("" if multiline else f" Text of several lines stands between `{token.delimiter * 3}`."),
        )

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
                raise _Broken(position)
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
        raise _Broken(position, exact=True)

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
                raise _Broken(comma)
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
            raise _Broken(following, exact=True)
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
