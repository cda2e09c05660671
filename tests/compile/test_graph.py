"""The graph: order and cycles, for any graph at all."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vibepiper_interpreter import graph

graphs = st.dictionaries(st.integers(0, 9), st.lists(st.integers(0, 11), max_size=4), max_size=10)


@given(graphs)
def test_every_node_comes_after_what_it_needs_or_is_stuck(needs: dict[int, list[int]]) -> None:
    ordered = graph.order(needs)
    assert sorted([*ordered.order, *ordered.stuck]) == sorted(needs)
    places = {node: index for index, node in enumerate(ordered.order)}
    for node in ordered.order:
        assert all(places[other] < places[node] for other in needs[node] if other in needs)
    assert bool(ordered.stuck) == bool(ordered.cycles)


@given(graphs)
def test_cycles_are_cycles_and_every_stuck_node_reaches_one(needs: dict[int, list[int]]) -> None:
    ordered = graph.order(needs)
    for cycle in ordered.cycles:
        for node, other in zip(cycle, (*cycle[1:], cycle[0]), strict=True):
            assert other in needs[node]
        assert len(set(cycle)) == len(cycle)
    on_cycles = {node for cycle in ordered.cycles for node in cycle}
    for node in ordered.stuck:
        seen, waiting = {node}, [node]
        while waiting:
            for other in needs[waiting.pop()]:
                if other in ordered.stuck and other not in seen:
                    seen.add(other)
                    waiting.append(other)
        assert seen & on_cycles
