"""Walks through random edits, one after the other, until enough steps are done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Walk(Protocol):
    """One project, from nothing, through edits and applies. A step that breaks a promise raises."""

    def step(self) -> None: ...

    def forget(self) -> None:
        """Leave nothing on the disk: what went well need not be looked at."""


def walk_at_length(start: Callable[[int], Walk], seed: int, *, steps: int, of_a_walk: int) -> None:
    """At least one walk; a project of its own for each, from seeds that follow each other."""
    while steps > 0:
        walk = start(seed % 2**32)
        for _ in range(min(of_a_walk, steps)):
            walk.step()
        walk.forget()
        steps -= of_a_walk
        seed += 1
