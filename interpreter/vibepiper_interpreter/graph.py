"""Orders the nodes of a directed graph, and finds its cycles. Knows nothing of pipelines."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

Node = TypeVar("Node", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Ordered(Generic[Node]):
    """Every node after those it needs. What stands on a cycle, or needs something that does, is in `stuck` instead.

    `cycles` holds a shortest cycle of every knot; the last node of each needs its first.
    """

    order: tuple[Node, ...]
    stuck: frozenset[Node]
    cycles: tuple[tuple[Node, ...], ...]


def order(needs: Mapping[Node, Iterable[Node]]) -> Ordered[Node]:
    """Order the keys of `needs`; what a node needs outside the keys is ignored. Stable: ties keep the keys' order."""
    # By number: asking for the hash of a node is most of what there is to do.
    nodes = list(needs)
    number = {node: place for place, node in enumerate(nodes)}
    inside = [list(dict.fromkeys(number[other] for other in wanted if other in number)) for wanted in needs.values()]
    users: list[list[int]] = [[] for _ in nodes]
    for place, wanted in enumerate(inside):
        for other in wanted:
            users[other].append(place)
    missing = [len(wanted) for wanted in inside]
    ready = deque(place for place, count in enumerate(missing) if count == 0)
    done: list[Node] = []
    while ready:
        place = ready.popleft()
        done.append(nodes[place])
        for user in users[place]:
            missing[user] -= 1
            if missing[user] == 0:
                ready.append(user)
    stuck = {
        nodes[place]: [nodes[other] for other in inside[place]] for place, count in enumerate(missing) if count > 0
    }
    return Ordered(tuple(done), frozenset(stuck), tuple(_cycles(stuck)))


def _cycles(stuck: Mapping[Node, Iterable[Node]]) -> list[tuple[Node, ...]]:
    """One shortest cycle for every set of nodes that can all reach each other."""
    found: list[tuple[Node, ...]] = []
    settled: set[Node] = set()
    for start in stuck:
        if start in settled:
            continue
        cycle = _shortest_cycle(start, stuck)
        if cycle is None:
            settled.add(start)
            continue
        knot = _reachable(start, stuck)
        settled |= {node for node in knot if start in _reachable(node, stuck)}
        found.append(cycle)
    return found


def _shortest_cycle(start: Node, needs: Mapping[Node, Iterable[Node]]) -> tuple[Node, ...] | None:
    """The shortest way from `start` along its needs back to it, in that order."""
    came_from: dict[Node, Node] = {}
    waiting = deque([start])
    while waiting:
        node = waiting.popleft()
        for other in needs.get(node, ()):
            if other == start:
                way = [node]
                while way[-1] != start:
                    way.append(came_from[way[-1]])
                return tuple(reversed(way))
            if other not in came_from:
                came_from[other] = node
                waiting.append(other)
    return None


def _reachable(start: Node, needs: Mapping[Node, Iterable[Node]]) -> set[Node]:
    seen: set[Node] = set()
    waiting = [start]
    while waiting:
        for other in needs.get(waiting.pop(), ()):
            if other not in seen:
                seen.add(other)
                waiting.append(other)
    return seen
