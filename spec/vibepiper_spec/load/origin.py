"""Where something is declared."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Origin:
    """A file (relative to the root, with `/`) and a header in it, `("sql", "revenue")`; `()` is the whole file."""

    path: str
    keys: tuple[str, ...] = ()
