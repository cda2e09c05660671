"""Whether an operator can wait until what it comes after is published, or must go on once that is made and checked.

It waits for publication wherever it can: what it does may be seen outside. It cannot where something that comes after
it is published together with what it waits for.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from vibepiper_interpreter import graph
from vibepiper_spec.address import Address

# Stands for the moment at which a component is published.
_Published = int
Node = Address | _Published


def waits_for_publication(
    needs: Mapping[Address, Collection[Address]],
    operators: Collection[Address],
    components: Mapping[Address, int],
) -> dict[Address, frozenset[Address]]:
    """For each of `operators` the assets of its needs that it waits to see published.

    `needs`: what every acting asset and operator comes after, one step; `components` says what each asset is published
    together with.
    """
    members: dict[int, list[Address]] = {}
    for asset, number in components.items():
        members.setdefault(number, []).append(asset)
    waits = {operator: {components[each] for each in needs[operator] if each in components} for operator in operators}
    while True:
        nodes: dict[Node, list[Node]] = {number: list(assets) for number, assets in members.items()}
        for address, others in needs.items():
            published = waits.get(address, set())
            nodes[address] = [components[each] if components.get(each) in published else each for each in others]
        cycles = graph.order(nodes).cycles
        if not cycles:
            break
        before = sum(map(len, waits.values()))
        for cycle in cycles:
            for one, other in zip(cycle, (*cycle[1:], cycle[0]), strict=True):
                if isinstance(one, Address) and isinstance(other, _Published):
                    waits.get(one, set()).discard(other)
        if sum(map(len, waits.values())) == before:
            raise ValueError("a circle that no publication is part of")
    return {
        operator: frozenset(each for each in needs[operator] if components.get(each) in waits[operator])
        for operator in operators
    }
