"""What DuckDB's parser says about a query, said again for the person who wrote it."""

from __future__ import annotations

import re

from vibepiper_interpreter.engines.duckdb.errors import SqlProblem, sentence
from vibepiper_spec.diagnostics import nearest

_NEAR = re.compile(r'syntax error at or near "(?P<near>.*)"', re.DOTALL)
_UNTERMINATED = re.compile(r"unterminated (?P<what>string|quoted identifier|.*comment|.*)", re.IGNORECASE)
# Strings, quoted names and comments, which hold no brackets of the query; else one word or one sign.
_TOKEN = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|/\*.*?\*/|\w+|[^\w\s]""", re.DOTALL)
_CLAUSES = (
    "select",
    "from",
    "where",
    "group",
    "having",
    "qualify",
    "order",
    "limit",
    "union",
    "join",
    "with",
    "values",
)
# What may name a function or a type, but no column unless it is quoted (`duckdb_keywords()`, "type_function"), as far
# as people call columns so.
_NO_COLUMN = frozenset(
    {"anti", "at", "authorization", "binary", "collation", "columns", "freeze", "full", "generated", "inner", "left"}
    | {"like", "natural", "outer", "overlaps", "positional", "right", "semi", "similar", "struct", "verbose"}
)
# Between these stands a whole expression.
_SIGNS = frozenset({",", "=", "<", ">", "+", "-", "and", "or", "where"})
_BEFORE_A_COLUMN = _SIGNS | {"select", "distinct", "(", "by", "on"}
_AFTER_A_COLUMN = _SIGNS | {")", "from", "as", "group", "order"}


def syntax_problem(query: str, message: str, place: int) -> SqlProblem:
    """VP301 from the parser's message and the code point it stopped at."""
    found = _NEAR.search(message)
    if found:
        return _misfit(query, found.group("near"), place)
    found = _UNTERMINATED.search(message)
    if found:
        what = "comment" if "comment" in found.group("what") else found.group("what").removesuffix(" literal")
        return SqlProblem("VP301", f"A {what} is opened here and never closed.", place, place + 1, fix="Close it.")
    return SqlProblem("VP301", sentence(message), place, min(place + 1, len(query)))


def _misfit(query: str, near: str, place: int) -> SqlProblem:
    tokens = [token for token in _TOKEN.finditer(query) if not token.group().startswith(("--", "/*"))]
    before = [token for token in tokens if token.start() < place]
    here = next((token for token in tokens if token.start() >= place), None)
    start, end = here.span() if here else (max(len(query.rstrip()) - 1, 0), len(query.rstrip()))
    open_brackets = [token for token in before if token.group() == "("]
    for token in before:
        if token.group() == ")" and open_brackets:
            open_brackets.pop()
    related = tuple((token.start(), token.end(), "opened here") for token in open_brackets[-1:])
    if len(before) > 1 and before[-1].group().casefold() in _NO_COLUMN:
        neighbours = before[-2].group().casefold(), near.casefold()
        if neighbours[0] in _BEFORE_A_COLUMN and neighbours[1] in _AFTER_A_COLUMN:
            name = before[-1].group()
            message = f"`{name}` is a word of the language, and names no column as it is."
            return SqlProblem("VP301", message, *before[-1].span(), f'"{name}"', f'Quote it: `"{name}"`.')
    for token in (*before[-1:], *(() if here is None else (here,))):
        word = token.group().casefold()
        meant = nearest(word, _CLAUSES) if word not in _CLAUSES and word.isalpha() else None
        if meant and word == f"{meant}s":  # `orders` is a table, not a misspelt ORDER
            meant = None
        if meant:
            message = f"`{near}` does not fit here." if token is here else f"`{near}` does not fit after `{token[0]}`."
            return SqlProblem("VP301", message, token.start(), token.end(), meant, f"Did you mean `{meant}`?")
    if here is None or (here is tokens[-1] and here.group().casefold() == near.casefold() and near != ")"):
        fix = "Close the bracket." if related else ""
        return SqlProblem("VP301", f"The query breaks off after `{near}`.", start, end, fix=fix, related=related)
    if before and before[-1].group() == ",":
        return SqlProblem(
            "VP301", f"`{near}` follows a comma and does not fit here.", start, end, fix="Remove the comma."
        )
    fix = "Close the bracket that stands open before it." if related and near.casefold() in _CLAUSES else ""
    return SqlProblem("VP301", f"`{near}` does not fit here.", start, end, fix=fix, related=related if fix else ())
