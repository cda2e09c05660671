"""Which nodes of a graph may start, and which of them first. Knows nothing of what nodes are."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Collection, Hashable, Mapping
from graphlib import TopologicalSorter
from statistics import median
from types import MappingProxyType
from typing import Any, Generic, TypeVar

Node = TypeVar("Node", bound=Hashable)
# The lower, the sooner; no two nodes have the same.
Rank = tuple[int, float, int]


class Readiness(Generic[Node]):
    """Every node leaves once: taken when ready, or dropped because one before it failed."""

    def __init__(
        self,
        after: Mapping[Node, Collection[Node]],
        weight: Mapping[Node, float],
        lanes: Mapping[Node, Any] = MappingProxyType({}),
        patient: Collection[Node] = (),
        priority: Mapping[Node, int] = MappingProxyType({}),
    ) -> None:
        """`after` names every node with its predecessors. Of those that are ready, the one of the highest `priority`
        starts first, then the one of the greatest `weight`; of equals, the one that is named first. `lanes` tell what
        each one has to find room in. Those that are `patient` only wait until all before them have ended, however: they
        are never dropped for a failure."""
        self._rank = {
            node: (-priority.get(node, 0), -weight.get(node, 0.0), position) for position, node in enumerate(after)
        }
        self._lanes = dict(lanes)
        self._patient = frozenset(patient)
        self._waiting = {node: len(set(before)) for node, before in after.items()}
        self._successors: dict[Node, list[Node]] = {node: [] for node in after}
        for node, before in after.items():
            for predecessor in set(before):
                self._successors[predecessor].append(node)
        # For each lane those that are ready. Their positions differ, so no two nodes are ever compared.
        self._ready: dict[Any, list[tuple[Rank, Node]]] = {}
        for node in [node for node, count in self._waiting.items() if count == 0]:
            self._let_start(node)

    def take(self, has_room: Callable[[Any], bool] = lambda lane: True) -> Node | None:
        """The next node that may start, None while every other one waits, is taken, or finds no room in its lane.

        `has_room` is asked in the order in which nodes would start, until a lane has some.
        """
        heads = [(ready[0][0], lane) for lane, ready in self._ready.items() if ready]
        for _, lane in sorted(heads, key=lambda head: head[0]):
            if has_room(lane):
                return heapq.heappop(self._ready[lane])[1]
        return None

    def rank(self, node: Node) -> Rank:
        """Which of those that are ready starts first."""
        return self._rank[node]

    def add(self, node: Node, like: Node) -> None:
        """One more node, which may start at once: as important as `like`, in the same lane, and nothing behind it."""
        priority, weight, _ = self._rank[like]
        self._rank[node] = priority, weight, len(self._rank)
        self._lanes[node] = self._lanes.get(like)
        self._successors[node] = []
        self.again(node)

    def again(self, node: Node) -> None:
        """`node` was taken, has not ended, and may start anew."""
        heapq.heappush(self._ready.setdefault(self._lanes.get(node), []), (self._rank[node], node))

    def done(self, node: Node) -> list[Node]:
        """`node` has ended well: what waited only for it is ready, and returned."""
        ready = []
        for successor in self._successors[node]:
            if self._one_less(successor):
                ready.append(successor)
        return ready

    def failed(self, node: Node) -> list[Node]:
        """`node` has ended badly: everything that depends on it is dropped, and returned in order."""
        dropped: list[Node] = []
        reached = deque([node])
        while reached:
            for each in self._successors[reached.popleft()]:
                if each in self._patient:
                    self._one_less(each)
                elif self._waiting.pop(each, None) is not None:
                    dropped.append(each)
                    reached.append(each)
        return dropped

    def drop_rest(self) -> list[Node]:
        """Everything that has not been taken."""
        ready = sorted((each for lane in self._ready.values() for each in lane), key=lambda each: each[0])
        dropped = [*(node for _, node in ready), *self._waiting]
        self._ready.clear()
        self._waiting.clear()
        return dropped

    def _one_less(self, node: Node) -> bool:
        """Something before `node` has ended. Whether that was the last, so that it is ready."""
        if node not in self._waiting:
            return False
        self._waiting[node] -= 1
        if self._waiting[node]:
            return False
        self._let_start(node)
        return True

    def _let_start(self, node: Node) -> None:
        del self._waiting[node]
        self.again(node)


def critical_paths(seconds: Mapping[Node, float | None], after: Mapping[Node, Collection[Node]]) -> dict[Node, float]:
    """For each node of `after`, how long it takes together with the longest chain of those behind it.

    To start the one with the longest path first keeps a run short (list scheduling by critical path: R. L. Graham,
    Bounds on Multiprocessing Timing Anomalies, 1969). What nobody can foretell counts as the median of what somebody
    can, and as one second where nobody can foretell anything.
    """
    known = [each for each in seconds.values() if each is not None]
    usual = median(known) if known else 1.0
    paths: dict[Node, float] = {}
    behind: dict[Node, float] = {}
    for node in reversed([*TopologicalSorter(after).static_order()]):
        own = seconds.get(node)
        paths[node] = (usual if own is None else own) + behind.get(node, 0.0)
        for predecessor in after[node]:
            behind[predecessor] = max(behind.get(predecessor, 0.0), paths[node])
    return paths


def inherited_priorities(own: Mapping[Node, int], after: Mapping[Node, Collection[Node]]) -> dict[Node, int]:
    """For each node of `after`, the highest priority of those behind it and its own: what is urgent waits for nobody
    who is not."""
    found = {node: own.get(node, 0) for node in after}
    for node in reversed([*TopologicalSorter(after).static_order()]):
        for predecessor in after[node]:
            found[predecessor] = max(found[predecessor], found[node])
    return found
