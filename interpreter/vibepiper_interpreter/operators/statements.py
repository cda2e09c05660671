"""Finds `$name` in SQL for a server, and makes a bound parameter of it. What stands in strings and comments is text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from vibepiper_interpreter.operators.placing import NamePlace

_PARAMETER = re.compile(r"\$([A-Za-z_]\w*)", re.ASCII)
# A word may hold `$` itself, as in `sys$version`; a number needs no mention, it holds none.
_WORD = r"[^\W\d][\w$]*"
_QUOTED = r"'(?:[^']|'')*(?:'|\Z)"
_WITH_BACKSLASHES = r"'(?:[^'\\]|\\.|'')*(?:'|\Z)"
_IN_DOUBLE_QUOTES = r'"(?:[^"]|"")*(?:"|\Z)'
_IN_BACKTICKS = r"`(?:[^`]|``)*(?:`|\Z)"
_LINE_COMMENT = r"--[^\n]*"
_BLOCK_COMMENT = r"/\*.*?(?:\*/|\Z)"


@dataclass(frozen=True, slots=True)
class SqlText:
    """How the SQL of one kind of server is read: `other` matches whatever can hold a `$` that is no parameter."""

    other: re.Pattern[str]
    # A parameter as its driver wants it.
    placeholder: Callable[[str], str]
    # Whether the driver reads `%` as the start of a placeholder, once there are parameters.
    percent: bool = False
    nested_comments: bool = False


POSTGRES = SqlText(
    re.compile(
        "|".join(
            (
                rf"[eE]{_WITH_BACKSLASHES}",
                _QUOTED,
                _IN_DOUBLE_QUOTES,
                _LINE_COMMENT,
                r"\$\$.*?(?:\$\$|\Z)",
                r"\$(?P<tag>[A-Za-z_]\w*)\$.*?(?:\$(?P=tag)\$|\Z)",
                _WORD,
            )
        ),
        re.DOTALL,
    ),
    lambda name: f"%({name})s",
    percent=True,
    nested_comments=True,
)
MYSQL = SqlText(
    re.compile(
        "|".join(
            (
                _WITH_BACKSLASHES,
                r'"(?:[^"\\]|\\.|"")*(?:"|\Z)',
                _IN_BACKTICKS,
                r"--(?=\s|\Z)[^\n]*",
                r"#[^\n]*",
                _BLOCK_COMMENT,
                _WORD,
            )
        ),
        re.DOTALL,
    ),
    lambda name: f"%({name})s",
    percent=True,
)
SQLITE = SqlText(
    re.compile(
        "|".join((_QUOTED, _IN_DOUBLE_QUOTES, _IN_BACKTICKS, r"\[[^\]]*\]", _LINE_COMMENT, _BLOCK_COMMENT, _WORD)),
        re.DOTALL,
    ),
    lambda name: f":{name}",
)

# By connector, as in `[connection.postgres.NAME]`.
SQL_TEXTS: Mapping[str, SqlText] = {"postgres": POSTGRES, "mysql": MYSQL, "sqlite": SQLITE}


def parameters_in(statement: str, text: SqlText) -> Iterator[NamePlace]:
    """Every parameter of `statement`, in order; the names as they are written."""
    position = 0
    while position < len(statement):
        if text.nested_comments and statement.startswith("/*", position):
            position = _end_of_comment(statement, position)
        elif skipped := text.other.match(statement, position):
            position = skipped.end()
        elif found := _PARAMETER.match(statement, position):
            yield NamePlace(found[1], position, found.end())
            position = found.end()
        else:
            position += 1


def bind(statement: str, text: SqlText, values: Mapping[str, Any]) -> tuple[str, dict[str, Any] | None]:
    """The statement with the driver's placeholders, and the values of just these; None where it has no parameters.

    Raises KeyError for a name that `values` (lower case) lacks.
    """
    pieces: list[str] = []
    used: dict[str, Any] = {}
    copied = 0

    def literal(piece: str) -> str:
        return piece.replace("%", "%%") if text.percent else piece

    for place in parameters_in(statement, text):
        name = place.name.lower()
        used[name] = values[name]
        pieces += [literal(statement[copied : place.start]), text.placeholder(name)]
        copied = place.end
    if not used:
        return statement, None
    pieces.append(literal(statement[copied:]))
    return "".join(pieces), used


def _end_of_comment(statement: str, start: int) -> int:
    depth = 0
    for mark in re.finditer(r"/\*|\*/", statement[start:]):
        depth += 1 if mark[0] == "/*" else -1
        if depth == 0:
            return start + mark.end()
    return len(statement)
