"""TOML's four forms of strings: where one ends, what it says, and which character came from where."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# A line that can only be a header: here an unterminated string is taken to have ended.
HEADER_LINE = re.compile(r"^\[{1,2}[\w.\- \"']+\]{1,2}[ \t]*(?:#[^\n]*)?\r?$", re.MULTILINE)
KEY_AND_EQUALS = re.compile(r"[ \t]*[\w.\-]+[ \t]*=[ \t]*")

_STOP = {'"': re.compile(r'["\\\n]'), "'": re.compile(r"['\n]")}
_MULTILINE_STOP = re.compile(r'"""|\\')
_AFTER_VALUE = re.compile(r"[ \t]*(?:[,\]}#\n]|\r\n|\Z)")
_LINE_FEED = re.compile(r"\r?\n")
_FOLD = re.compile(r"\\[ \t]*\r?\n[ \t\r\n]*")
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)")
_SIMPLE_ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", '"': '"', "\\": "\\"}
_UNICODE_ESCAPE = re.compile(r"u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})")


@dataclass(frozen=True, slots=True)
class Token:
    """A string in the text, with its delimiters. If it is not closed, `end` is where reading should go on."""

    start: int
    end: int
    delimiter: str
    closed: bool

    @property
    def content_start(self) -> int:
        return self.start + len(self.delimiter)

    @property
    def content_end(self) -> int:
        return self.end - len(self.delimiter)


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the text and what it decodes to. Where both have the same length, it stands for itself."""

    start: int
    end: int
    decoded: str


@dataclass(frozen=True, slots=True)
class BadEscape:
    """Something in a string that TOML does not allow."""

    start: int
    end: int
    detail: str
    fix: str


def find_string(text: str, start: int, *, lenient: bool = False) -> Token:
    """The string that opens at `start`.

    `lenient` is for texts that are known to be invalid: a multi-line string that ends just where another one
    opens (`key = '''`) is then taken to have been left open.
    """
    quote = text[start]
    if not text.startswith(quote * 3, start):
        return _find_single_line(text, start, quote)
    delimiter = quote * 3
    close = _find_close(text, start + 3, delimiter)
    if close is not None and not (lenient and _swallowed_another(text, start, close)):
        # Up to two quotes may stand directly before the closing delimiter.
        extra = 0
        while extra < 2 and text.startswith(quote, close + 3 + extra):
            extra += 1
        return Token(start, close + 3 + extra, delimiter, True)
    return Token(start, _where_to_resume(text, start, close), delimiter, False)


def _find_single_line(text: str, start: int, quote: str) -> Token:
    position = start + 1
    while match := _STOP[quote].search(text, position):
        if match.group() == quote:
            return Token(start, match.end(), quote, True)
        if match.group() == "\n":
            return Token(start, match.start(), quote, False)
        position = match.end() + 1
        if text[match.end() : match.end() + 1] == "\n":
            return Token(start, match.end(), quote, False)
    return Token(start, len(text), quote, False)


def _find_close(text: str, position: int, delimiter: str) -> int | None:
    if delimiter == "'''":
        found = text.find(delimiter, position)
        return None if found < 0 else found
    while match := _MULTILINE_STOP.search(text, position):
        if match.group() == delimiter:
            return match.start()
        position = match.end() + 1
    return None


def _swallowed_another(text: str, start: int, close: int) -> bool:
    line_start = text.rfind("\n", start, close) + 1
    if line_start and KEY_AND_EQUALS.fullmatch(text, line_start, close):
        return True
    header = HEADER_LINE.search(text, start, close)
    return header is not None and not _AFTER_VALUE.match(text, close + 3)


def _where_to_resume(text: str, start: int, close: int | None) -> int:
    """The first line that can only be a header, or the line that opens the next string, or the end."""
    end = len(text) if close is None else text.rfind("\n", start, close) + 1
    header = HEADER_LINE.search(text, start, end)
    return header.start() if header else end


def pieces(text: str, token: Token) -> Iterator[Piece | BadEscape]:
    """The content of a closed string, piece by piece; what is not allowed comes as BadEscape."""
    position, end = token.content_start, token.content_end
    multiline = len(token.delimiter) == 3
    if multiline and (first := _LINE_FEED.match(text, position, end)):
        position = first.end()
    basic = token.delimiter[0] == '"'
    stop = re.compile(r"\\|\r\n") if basic else re.compile(r"\r\n")
    while position < end:
        match = stop.search(text, position, end)
        until = match.start() if match else end
        if until > position:
            yield from _verbatim(text, position, until, multiline)
            position = until
        elif match is not None and match.group() == "\r\n":
            yield Piece(position, position + 2, "\n")
            position += 2
        else:
            escape = _escape(text, position, end, multiline)
            yield escape
            position = escape.end


def _verbatim(text: str, start: int, end: int, multiline: bool) -> Iterator[Piece | BadEscape]:
    control = CONTROL.search(text, start, end)
    if control is None:
        yield Piece(start, end, text[start:end])
        return
    yield BadEscape(
        control.start(),
        control.end(),
        f"A string cannot hold the control character U+{ord(control.group()):04X} as it is.",
        f"Write `\\u{ord(control.group()):04x}` between double quotes.",
    )


def _escape(text: str, start: int, end: int, multiline: bool) -> Piece | BadEscape:
    if multiline and (fold := _FOLD.match(text, start, end)):
        return Piece(start, fold.end(), "")
    following = text[start + 1 : start + 2]
    if following in _SIMPLE_ESCAPES and following:
        return Piece(start, start + 2, _SIMPLE_ESCAPES[following])
    if match := _UNICODE_ESCAPE.match(text, start + 1, end):
        number = int(match.group(1) or match.group(2), 16)
        if number <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF:
            return Piece(start, match.end(), chr(number))
        return BadEscape(
            start,
            match.end(),
            f"`{text[start : match.end()]}` is no character.",
            "Write another number, or the character.",
        )
    return BadEscape(
        start,
        min(start + 2, end),
        f"`\\{following}` is no escape in a string between double quotes.",
        "Write `\\\\` for a backslash, or put the text between single quotes, where nothing is an escape.",
    )


def source_range(text: str, token: Token, start: int, end: int) -> tuple[int, int]:
    """Where the decoded characters from `start` to `end` stand in the text."""
    decoded = 0
    first: int | None = None
    last = token.content_end
    for piece in pieces(text, token):
        if isinstance(piece, BadEscape):
            continue
        length = len(piece.decoded)
        if not length:
            continue
        itself = length == piece.end - piece.start
        if first is None and start < decoded + length:
            first = piece.start + (start - decoded) if itself else piece.start
            if end <= start:
                return first, first
        if first is not None and end <= decoded + length:
            return first, piece.start + (end - decoded) if itself else piece.end
        decoded += length
    return (token.content_end if first is None else first), last
