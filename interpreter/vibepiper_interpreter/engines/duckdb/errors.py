"""What DuckDB says about a query, said again for the person who wrote it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SqlProblem:
    """Something wrong in one query. `start` and `end` are code points in its text, half-open."""

    code: str
    message: str  # full sentences: what is wrong, and why it matters where that is not plain
    start: int
    end: int
    # What to put in place of the text between start and end, where that is likely right.
    suggestion: str | None = None
    # What to do, in words.
    fix: str = ""
    # Other places in the query that help to understand: start, end, what is to be seen there.
    related: tuple[tuple[int, int, str], ...] = ()


def sentence(text: str) -> str:
    """One line of prose: capital first, full stop last."""
    text = " ".join(text.split()).rstrip("!. ")
    return text[:1].upper() + text[1:] + "." if text else ""


def listed(names: Iterable[str], limit: int = 8) -> str:
    """`a`, `b` and 3 more."""
    names = list(names)
    shown = ", ".join(f"`{name}`" for name in names[:limit])
    return shown + (f" and {len(names) - limit} more" if len(names) > limit else "")
