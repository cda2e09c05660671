"""What runs at once never claims more than there is. Knows nothing of what is claimed, or by whom."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction

# Of each resource that is claimed, how much. Sorted, so that equal claims are equal.
Claim = tuple[tuple[str, Fraction], ...]

NOTHING: Claim = ()


def claim_of(amounts: Mapping[str, Fraction]) -> Claim:
    return tuple(sorted((resource, amount) for resource, amount in amounts.items() if amount > 0))


class Admission:
    """Claims are taken before something begins, and given back when it has ended. Used from one thread."""

    def __init__(self, budget: Mapping[str, Fraction]) -> None:
        """`budget` is how much there is of each resource; nothing else can be claimed."""
        self._budget = dict(budget)
        self._taken = dict.fromkeys(budget, Fraction(0))

    def bounded(self, claim: Claim) -> Claim:
        """`claim`, but no more than there is: what wants more has it all, and so runs alone."""
        return tuple((resource, min(amount, self._budget[resource])) for resource, amount in claim)

    def look(self) -> Callable[[Claim], bool]:
        """Tells of one claim after the other, the most urgent first, whether it can be taken.

        Once one finds too little of a resource, none that comes after it gets any of that: else those that claim little
        would keep one waiting that claims much. What claims other things goes on.
        """
        kept_back: set[str] = set()

        def has_room(claim: Claim) -> bool:
            short = [resource for resource, amount in claim if self._left(resource) < amount]
            if not short and kept_back.isdisjoint(resource for resource, _ in claim):
                return True
            kept_back.update(short)
            return False

        return has_room

    def take(self, claim: Claim) -> None:
        for resource, amount in claim:
            self._taken[resource] += amount

    def give_back(self, claim: Claim) -> None:
        for resource, amount in claim:
            self._taken[resource] -= amount

    def _left(self, resource: str) -> Fraction:
        return self._budget[resource] - self._taken[resource]
