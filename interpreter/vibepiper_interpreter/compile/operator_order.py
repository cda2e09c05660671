"""The order among tasks and assets: cycles that tasks make, and what a teardown waits for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from vibepiper_interpreter import graph
from vibepiper_interpreter.compile.compilation import Compilation
from vibepiper_interpreter.compile.compiled_operator import CompiledOperator
from vibepiper_interpreter.compile.operator_names import Edges
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic, Fix, Place, Related

Needs = dict[Address, tuple[Address, ...]]


def needs_of_all(state: Compilation, operators: Mapping[Address, CompiledOperator]) -> Needs:
    """What every asset and task comes after, one step. (What a hook of a whole pipeline comes after, a plan says.)"""
    needs: dict[Address, list[Address]] = {
        address: [read for read in state.reads.get(address, ()) if read != address] for address in state.addresses
    }
    for operator in operators.values():
        needs[operator.address] = [
            *operator.after,
            *operator.waits_for,
            *(hook.of for hook in operator.hooks if isinstance(hook.of, Address)),
            *(() if operator.teardown_of is None else (operator.teardown_of,)),
        ]
    for operator in operators.values():
        for asset in operator.before:
            if asset in needs:
                needs[asset].append(operator.address)
    return {address: tuple(dict.fromkeys(others)) for address, others in needs.items()}


def cycles(state: Compilation, edges: Edges, operators: Mapping[Address, CompiledOperator]) -> list[Diagnostic]:
    """VP203 for every circle that a task is part of; those of assets alone are told already."""
    found = graph.order(needs_of_all(state, operators)).cycles
    return [_draw(edges, cycle) for cycle in found if not operators.keys().isdisjoint(cycle)]


def _draw(edges: Edges, cycle: tuple[Address, ...]) -> Diagnostic:
    first = cycle.index(min(cycle))
    turned = cycle[first:] + cycle[:first]
    path = " → ".join(str(address) for address in (*turned, turned[0]))
    places = [
        (one, other, place)
        for one, other in zip(turned, (*turned[1:], turned[0]), strict=True)
        if (place := _place(edges, one, other)) is not None
    ]
    return Diagnostic(
        "VP203",
        f"These wait for each other in a circle, so none of them could ever begin: {path}.",
        places[0][2] if places else None,
        related=tuple(Related(place, f"`{one}` waits for `{other}`") for one, other, place in places[1:]),
        fix=Fix("Take one of these steps out: an `after`, a `before`, an input, or what a query reads."),
        notes=(path,),
    )


def _place(edges: Edges, one: Address, other: Address) -> Place | None:
    """Where it is written that `one` comes after `other`; None where a query says so."""
    if other in edges.after.get(one, {}):
        return edges.after[one][other]
    if one in edges.before.get(other, {}):
        return edges.before[other][one]
    return next((place for hook, place in edges.hooks.get(one, {}).items() if hook.of == other), None)


def with_teardowns(
    state: Compilation, operators: Mapping[Address, CompiledOperator]
) -> dict[Address, CompiledOperator]:
    """Each teardown waits for all that comes after what it takes away, but for what comes after itself."""
    found = dict(operators)
    for address, operator in operators.items():
        if operator.teardown_of is None:
            continue
        needs = needs_of_all(state, found)
        behind = _behind(needs, operator.teardown_of) - _behind(needs, address) - {address}
        already = {*operator.after, operator.teardown_of}
        found[address] = replace(operator, waits_for=tuple(each for each in needs if each in behind - already))
    return found


def _behind(needs: Mapping[Address, Iterable[Address]], start: Address) -> set[Address]:
    """All that comes after `start`, over any number of steps."""
    users: dict[Address, list[Address]] = {}
    for address, others in needs.items():
        for other in others:
            users.setdefault(other, []).append(address)
    found: set[Address] = set()
    waiting = [start]
    while waiting:
        for user in users.get(waiting.pop(), ()):
            if user not in found:
                found.add(user)
                waiting.append(user)
    return found
