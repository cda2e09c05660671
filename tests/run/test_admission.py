"""Admission: never over budget, never starves, always comes to its end."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from vibepiper_interpreter.run.admission import NOTHING, Admission, Claim, claim_of
from vibepiper_interpreter.run.readiness import Readiness

RESOURCES = ("memory", "cpus", "pool erp")
amounts = st.dictionaries(st.sampled_from(RESOURCES), st.integers(0, 9).map(Fraction))
budgets = st.fixed_dictionaries({resource: st.integers(1, 6).map(Fraction) for resource in RESOURCES})


@st.composite
def graphs(draw: st.DrawFn) -> dict[int, list[int]]:
    size = draw(st.integers(0, 14))
    return {node: draw(st.lists(st.integers(0, node - 1), max_size=2)) if node else [] for node in range(size)}


@given(graphs(), st.lists(amounts, min_size=14, max_size=14), budgets, st.integers(1, 4), st.data())
def test_whatever_is_claimed_and_in_whatever_order_it_ends(
    graph: dict[int, list[int]],
    wanted: list[dict[str, Fraction]],
    budget: dict[str, Fraction],
    workers: int,
    data: st.DataObject,
) -> None:
    admission = Admission(budget)
    claims = {node: admission.bounded(claim_of(wanted[node])) for node in graph}
    readiness = Readiness(graph, {}, claims)
    running: list[int] = []
    ended: set[int] = set()
    while True:
        while len(running) < workers and (node := readiness.take(admission.look())) is not None:
            for other in graph:
                if other < node and other not in ended and other not in running and set(graph[other]) <= ended:
                    # It is more urgent and waits: what it lacks is not given to this one.
                    lacking = {each for each, amount in claims[other] if amount > left(running, claims, budget, each)}
                    assert lacking.isdisjoint(resource for resource, _ in claims[node])
            admission.take(claims[node])
            running.append(node)
            assert all(left(running, claims, budget, resource) >= 0 for resource in RESOURCES)
        if not running:
            break
        ending = running.pop(data.draw(st.integers(0, len(running) - 1)))
        admission.give_back(claims[ending])
        ended.add(ending)
        readiness.done(ending)
    assert ended == set(graph)


def left(running: list[int], claims: dict[int, Claim], budget: dict[str, Fraction], resource: str) -> Fraction:
    return budget[resource] - sum((dict(claims[node]).get(resource, Fraction(0)) for node in running), Fraction(0))


def claim(**amounts: int) -> Claim:
    return claim_of({resource: Fraction(amount) for resource, amount in amounts.items()})


def test_what_claims_more_than_there_is_has_it_all_and_runs_alone() -> None:
    admission = Admission({"memory": Fraction(4)})
    large = admission.bounded(claim(memory=9))
    assert large == claim(memory=4)
    admission.take(large)
    assert not admission.look()(claim(memory=1))
    assert admission.look()(NOTHING)
    admission.give_back(large)
    assert admission.look()(claim(memory=1))


def test_who_claims_little_does_not_keep_those_waiting_who_claim_much() -> None:
    admission = Admission({"memory": Fraction(4), "cpus": Fraction(2)})
    admission.take(claim(memory=2))
    has_room = admission.look()
    assert [has_room(claim(memory=3)), has_room(claim(memory=1)), has_room(claim(cpus=1))] == [False, False, True]
