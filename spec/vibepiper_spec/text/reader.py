"""What every level of the parser needs: skipping blanks, recording mistakes, reading keys and strings."""

from __future__ import annotations

import re

from vibepiper_spec.text.mistake import TextMistake
from vibepiper_spec.text.nodes import Scalar
from vibepiper_spec.text.strings import CONTROL, BadEscape, Piece, Token, find_string, pieces
from vibepiper_spec.text.values import shortened

_TRIVIA = re.compile(r"(?:[ \t]+|\r?\n|#[^\n]*)*")
_BLANK = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")

Key = tuple[str, int, int]


class Broken(Exception):
    """A mistake is recorded, and the statement cannot be read on. Reading resumes after `position`."""

    def __init__(self, position: int, *, exact: bool = False) -> None:
        super().__init__(position)
        self.position = position
        self.exact = exact  # resume just there, rather than at the next line that looks like a statement


class Reader:
    """Reads pieces of one text and records `mistakes`. Every method takes a position and returns where it ended."""

    def __init__(self, text: str, *, lenient: bool) -> None:
        self.mistakes: list[TextMistake] = []
        self._text = text
        # The text is known to be invalid, so that guesses about what its writer meant are allowed.
        self._lenient = lenient

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

    def _end_of_line(self, position: int) -> int:
        line_end = self._text.find("\n", position)
        end = len(self._text) if line_end < 0 else line_end
        return max(position, end - self._text.startswith("\r\n", end - 1))

    def _report(
        self, code: str, start: int, end: int, detail: str, fix: str, related: tuple[tuple[int, int, str], ...] = ()
    ) -> None:
        self.mistakes.append(TextMistake(code, detail, start, min(end, len(self._text)), fix, related))

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
        raise Broken(position)

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
            raise Broken(position)

    def _read_string(self, position: int) -> tuple[Scalar, int]:
        token = find_string(self._text, position, lenient=self._lenient)
        if not token.closed:
            self._report_unterminated(token)
            raise Broken(token.end, exact=len(token.delimiter) == 3)
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
