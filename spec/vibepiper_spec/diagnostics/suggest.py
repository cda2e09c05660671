"""The near miss: which known name a user probably meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """The candidate closest to `name`, compared without case, or None where nothing is close."""
    by_folded = {candidate.casefold(): candidate for candidate in candidates}
    matches = get_close_matches(name.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[matches[0]] if matches else None


def did_you_mean(name: str, candidates: Iterable[str]) -> str:
    """` Did you mean `x`?`, to append to a sentence; empty where nothing is close."""
    match = nearest(name, candidates)
    return f" Did you mean `{match}`?" if match else ""
