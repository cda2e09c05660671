"""A mistake in the text itself, by offsets."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TextMistake:
    """`related` are other stretches of the same text, each with what is to be seen there."""

    code: str
    detail: str
    start: int
    end: int
    fix: str = ""
    related: tuple[tuple[int, int, str], ...] = ()
