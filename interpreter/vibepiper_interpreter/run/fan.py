"""The items of one operator while it is done for each of them: which wait, which are under way, how they ended."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from vibepiper_interpreter.plan.plan import Action
from vibepiper_interpreter.run.tasks.item import Item
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic

_NAMED = 3  # items in a sentence


@dataclass(slots=True)
class Fan:
    """Used from the scheduler's thread only. `keys` are those of all items, `items` those that are still to end."""

    action: Action
    most: int | None  # at once
    keys: frozenset[str]
    items: dict[Address, Item]
    waiting: deque[Address]
    under_way: set[Address] = field(default_factory=set)
    failed: dict[Address, Diagnostic] = field(default_factory=dict)
    seconds: float = 0.0

    @classmethod
    def of(cls, action: Action, most: int | None, items: Iterable[Item], done: Iterable[str]) -> Fan:
        """`done` are the keys of the items that need not be done again."""
        every, known = list(items), frozenset(done)
        left = {item.address(action.address): item for item in every if item.key not in known}
        return cls(action, most, frozenset(item.key for item in every), left, deque(left))

    def take(self) -> Iterator[Address]:
        """Those that may begin now."""
        while self.waiting and (self.most is None or len(self.under_way) < self.most):
            address = self.waiting.popleft()
            self.under_way.add(address)
            yield address

    def end(self, address: Address, seconds: float, failure: Diagnostic | None) -> Item:
        self.under_way.discard(address)
        self.seconds += seconds
        if failure is not None:
            self.failed[address] = failure
        return self.items.pop(address)

    def failure(self) -> Diagnostic:
        """The first one's, with the names of all."""
        names = ", ".join(f"`{address}`" for address in list(self.failed)[:_NAMED])
        more = len(self.failed) - _NAMED
        first = next(iter(self.failed.values()))
        count = len(self.failed)
        return Diagnostic(
            first.code,
            f"{count:,} of {len(self.keys):,} items failed: {names}{f' and {more:,} more' if more > 0 else ''}. "
            f"The others are done, and the next apply does only these. {first.detail}",
            first.place,
            fix=first.fix,
            notes=first.notes,
        )
