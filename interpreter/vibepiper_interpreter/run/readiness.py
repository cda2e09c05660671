"""Which nodes of a graph may start: those whose predecessors are all done. Knows nothing of what nodes are."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Hashable, Mapping
from typing import Generic, TypeVar

Node = TypeVar("Node", bound=Hashable)


class Readiness(Generic[Node]):
    """Every node leaves once: taken when ready, or dropped because one before it failed."""

    def __init__(self, after: Mapping[Node, Collection[Node]]) -> None:
        """`after` names every node, in the order in which ready ones start, with its predecessors."""
        self._waiting = {node: len(set(before)) for node, before in after.items()}
        self._successors: dict[Node, list[Node]] = {node: [] for node in after}
        for node, before in after.items():
            for predecessor in set(before):
                self._successors[predecessor].append(node)
        self._ready = deque(node for node, count in self._waiting.items() if count == 0)
        for node in self._ready:
            del self._waiting[node]

    def take(self) -> Node | None:
        """The next node that may start, None while every other one waits or is taken."""
        return self._ready.popleft() if self._ready else None

    def done(self, node: Node) -> None:
        """`node` has ended well: what waited only for it is ready."""
        for successor in self._successors[node]:
            if successor in self._waiting:
                self._waiting[successor] -= 1
                if self._waiting[successor] == 0:
                    del self._waiting[successor]
                    self._ready.append(successor)

    def failed(self, node: Node) -> list[Node]:
        """`node` has ended badly: everything that depends on it is dropped, and returned in order."""
        dropped = []
        reached = deque(self._successors[node])
        while reached:
            each = reached.popleft()
            if self._waiting.pop(each, None) is not None:
                dropped.append(each)
                reached.extend(self._successors[each])
        return dropped

    def drop_rest(self) -> list[Node]:
        """Everything that has not been taken."""
        dropped = [*self._ready, *self._waiting]
        self._ready.clear()
        self._waiting.clear()
        return dropped
