"""What an operator waits to see published: whatever it can, without waiting for itself."""

from __future__ import annotations

from vibepiper_interpreter.plan.publication_order import waits_for_publication
from vibepiper_spec.address import Address


def at(name: str) -> Address:
    return Address("shop", name)


def waits(needs: dict[str, list[str]], operators: str, components: dict[str, int]) -> dict[str, list[str]]:
    found = waits_for_publication(
        {at(name): [at(other) for other in others] for name, others in needs.items()},
        [at(name) for name in operators],
        {at(name): number for name, number in components.items()},
    )
    return {address.name: sorted(each.name for each in published) for address, published in found.items()}


def test_it_waits_for_what_it_comes_after() -> None:
    assert waits({"a": [], "b": ["a"], "x": ["a"]}, "x", {"a": 0, "b": 0}) == {"x": ["a"]}


def test_not_where_something_behind_it_is_published_together_with_that() -> None:
    assert waits({"a": [], "x": ["a"], "b": ["a", "x"]}, "x", {"a": 0, "b": 0}) == {"x": []}
    assert waits({"a": [], "x": ["a"], "y": ["x"], "b": ["a", "y"]}, "xy", {"a": 0, "b": 0}) == {"x": [], "y": []}


def test_two_components_that_wait_for_each_other() -> None:
    needs = {"a": [], "c": [], "x": ["a"], "d": ["c", "x"], "y": ["c"], "b": ["a", "y"]}
    found = waits(needs, "xy", {"a": 0, "b": 0, "c": 1, "d": 1})
    # One of them must not wait; that the other one may is enough.
    assert found in ({"x": [], "y": ["c"]}, {"x": ["a"], "y": []}, {"x": [], "y": []})


def test_another_component_is_waited_for() -> None:
    assert waits({"a": [], "x": ["a"], "b": ["x"]}, "x", {"a": 0, "b": 1}) == {"x": ["a"]}
