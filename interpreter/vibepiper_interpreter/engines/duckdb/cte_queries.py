"""The query that shows what a common table expression of another query gives."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import duckdb

from vibepiper_interpreter.engines.duckdb.session import quote


def cte_names(query: str) -> tuple[str, ...]:
    """Those that stand at the head of `query`, one sound SELECT, as they are called there."""
    return _head(query)[0]


def cte_query(query: str, name: str) -> str:
    """`query` with its WITH clause, letter by letter, and the rows of `name` for what it selected."""
    return f"{query[: _head(query)[1]]}\nSELECT * FROM {quote(name)}"


def _head(query: str) -> tuple[tuple[str, ...], int]:
    """The names, and where the SELECT behind them begins; 0 where there is no WITH."""
    names: list[str] = []
    words = list(_words(query))
    if not words or words[0][1].lower() != "with":
        return (), 0
    at = 2 if words[1][1].lower() == "recursive" else 1
    while True:
        names.append(_name(words[at][1]))
        # The columns' names may stand in brackets before AS; what is between AS and its bracket is how it is kept.
        while words[at][1].lower() != "as":
            at += 1
        while words[at][1] != "(":
            at += 1
        depth = 0
        while True:
            depth += {"(": 1, ")": -1}.get(words[at][1], 0)
            at += 1
            if depth == 0:
                break
        if at >= len(words) or words[at][1] != ",":
            return tuple(names), words[at][0] if at < len(words) else len(query)
        at += 1


def _words(query: str) -> Iterator[tuple[int, str]]:
    """Every token but comments, with where it begins in `query`. The tokenizer counts bytes."""
    source = query.encode()
    found = [*duckdb.tokenize(query), (len(source), None)]
    for (start, kind), (end, _) in pairwise(found):
        if kind != duckdb.token_type.comment:
            yield len(source[:start].decode()), source[start:end].decode().strip()


def _name(word: str) -> str:
    return word[1:-1].replace('""', '"') if word.startswith('"') else word
