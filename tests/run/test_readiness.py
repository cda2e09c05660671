"""The graph gives out every node once, after all that stands before it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vibepiper_interpreter.run.readiness import Readiness, critical_paths


@st.composite
def graphs(draw: st.DrawFn) -> dict[int, list[int]]:
    size = draw(st.integers(0, 12))
    return {node: draw(st.lists(st.integers(0, node - 1))) if node else [] for node in range(size)}


@given(graphs(), st.sets(st.integers(0, 11)), st.lists(st.integers(0, 3)))
def test_each_node_runs_after_its_inputs_or_is_dropped_with_them(
    graph: dict[int, list[int]], bad: set[int], weights: list[int]
) -> None:
    readiness = Readiness(graph, {node: weight for node, weight in enumerate(weights) if weight})
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
    readiness = Readiness({"b": [], "a": [], "c": ["a"]}, {})
    assert [readiness.take(), readiness.take(), readiness.take()] == ["b", "a", None]
    readiness.done("a")
    assert readiness.take() == "c"
    assert readiness.drop_rest() == []


def test_the_longest_way_starts_first() -> None:
    after = {"short": [], "long": [], "middle": [], "behind": ["long"], "end": ["behind"]}
    weight = critical_paths({"short": 1.0, "long": 1.0, "middle": 2.5, "behind": 1.0, "end": 1.0}, after)
    assert weight == {"short": 1.0, "long": 3.0, "middle": 2.5, "behind": 2.0, "end": 1.0}
    readiness = Readiness(after, weight)
    assert [readiness.take(), readiness.take(), readiness.take()] == ["long", "middle", "short"]


@given(graphs(), st.lists(st.none() | st.floats(0, 100), min_size=12, max_size=12))
def test_a_path_is_as_long_as_its_longest_chain(graph: dict[int, list[int]], seconds: list[float | None]) -> None:
    known = sorted(each for node, each in enumerate(seconds) if node in graph and each is not None)
    middle = len(known) // 2
    usual = 1.0 if not known else known[middle] if len(known) % 2 else (known[middle - 1] + known[middle]) / 2
    own = [usual if each is None else each for each in seconds]

    def longest(node: int) -> float:
        readers = [other for other, before in graph.items() if node in before]
        return own[node] + max(map(longest, readers), default=0.0)

    found = critical_paths({node: seconds[node] for node in graph}, graph)
    assert found == {node: longest(node) for node in graph}


@given(graphs(), st.lists(st.floats(0.1, 100), min_size=12, max_size=12), st.integers(1, 4))
def test_a_run_is_at_most_twice_as_long_as_it_must_be(
    graph: dict[int, list[int]], seconds: list[float], workers: int
) -> None:
    """Graham's bound for whoever never lets a worker wait while something is ready."""
    weight = critical_paths(dict(enumerate(seconds)), graph)
    readiness = Readiness(graph, weight)
    now, running, taken = 0.0, list[tuple[float, int]](), 0
    while True:
        while len(running) < workers and (node := readiness.take()) is not None:
            running.append((now + seconds[node], node))
            taken += 1
        if not running:
            break
        ended = min(running)
        running.remove(ended)
        now = ended[0]
        readiness.done(ended[1])
    least = max(max(weight.values(), default=0.0), sum(seconds[node] for node in graph) / workers)
    assert taken == len(graph)
    assert now <= (2 - 1 / workers) * least * (1 + 1e-9)
