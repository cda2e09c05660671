"""What one action falls apart into: which of its pieces wait, which are under way, and how they ended.

The items of an operator with `for_each` are such pieces, and the shares of an asset's slices that several workers make.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from vibepiper_interpreter.plan.plan import Action
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic

Piece = TypeVar("Piece")
_NAMED = 3  # pieces in a sentence


@dataclass(slots=True)
class Fan(Generic[Piece]):
    """Used from the scheduler's thread only. `pieces` are those that are still to end; `count` is how many there are
    together with those that need not be done."""

    action: Action
    most: int | None  # at once
    count: int
    pieces: dict[Address, Piece]
    waiting: deque[Address]
    under_way: set[Address] = field(default_factory=set)
    failed: dict[Address, Diagnostic] = field(default_factory=dict)
    seconds: float = 0.0
    # Of all pieces, so that what is told does not hang on who came first.
    in_order: tuple[Address, ...] = ()

    @classmethod
    def of(cls, action: Action, most: int | None, count: int, pieces: Mapping[Address, Piece]) -> Fan[Piece]:
        return cls(action, most, count, dict(pieces), deque(pieces), in_order=tuple(pieces))

    def take(self) -> Iterator[Address]:
        """Those that may begin now."""
        while self.waiting and (self.most is None or len(self.under_way) < self.most):
            address = self.waiting.popleft()
            self.under_way.add(address)
            yield address

    def end(self, address: Address, seconds: float, failure: Diagnostic | None) -> Piece:
        self.under_way.discard(address)
        self.seconds += seconds
        if failure is not None:
            self.failed[address] = failure
        return self.pieces.pop(address)

    def failure(self, words: str) -> Diagnostic:
        """The first one's, with the names of all; `words` say what they are, and what of the others."""
        failed = [address for address in self.in_order if address in self.failed]
        names = ", ".join(f"`{address}`" for address in failed[:_NAMED])
        more = len(failed) - _NAMED
        first = self.failed[failed[0]]
        named = f"{names}{f' and {more:,} more' if more > 0 else ''}"
        count = len(self.failed)
        return Diagnostic(
            first.code,
            f"{count:,} of {self.count:,} items failed: {named}. {words} {first.detail}",
            first.place,
            fix=first.fix,
            notes=first.notes,
        )


class Fans:
    """All that goes on in a run, by the addresses of their pieces."""

    def __init__(self) -> None:
        self._by_piece: dict[Address, Address] = {}

    def open(self, fan: Fan[Piece]) -> None:
        self._by_piece |= dict.fromkeys(fan.pieces, fan.action.address)

    def close(self, piece: Address) -> None:
        """It has come to its end."""
        del self._by_piece[piece]

    def holds(self, address: Address) -> bool:
        """Whether it is a piece of something."""
        return address in self._by_piece

    def owner(self, address: Address) -> Address:
        """What `address` is a piece of; `address` itself where it is none."""
        return self._by_piece.get(address, address)
