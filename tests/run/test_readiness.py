"""The graph gives out every node once, after all that stands before it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vibepiper_interpreter.run.readiness import Readiness


@st.composite
def graphs(draw: st.DrawFn) -> dict[int, list[int]]:
    size = draw(st.integers(0, 12))
    return {node: draw(st.lists(st.integers(0, node - 1))) if node else [] for node in range(size)}


@given(graphs(), st.sets(st.integers(0, 11)))
def test_each_node_runs_after_its_inputs_or_is_dropped_with_them(graph: dict[int, list[int]], bad: set[int]) -> None:
    readiness = Readiness(graph)
    done: list[int] = []
    dropped: list[int] = []
    failed: list[int] = []
    while (node := readiness.take()) is not None:
        assert set(graph[node]) <= set(done)
        if node in bad:
            failed.append(node)
            dropped += readiness.failed(node)
        else:
            done.append(node)
            readiness.done(node)
    assert sorted(done + dropped + failed) == list(graph)
    for node in dropped:
        assert set(graph[node]) & {*dropped, *failed}


def test_nodes_without_order_start_in_the_order_given() -> None:
    readiness = Readiness({"b": [], "a": [], "c": ["a"]})
    assert [readiness.take(), readiness.take(), readiness.take()] == ["b", "a", None]
    readiness.done("a")
    assert readiness.take() == "c"
    assert readiness.drop_rest() == []
