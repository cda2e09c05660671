"""Pass: the order in which every asset comes after what it reads; a cycle is drawn as a path."""

from __future__ import annotations

from dataclasses import replace

from vibepiper_interpreter import graph
from vibepiper_interpreter.compile.compilation import Compilation, TouchesRecalled, Workshop
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic, Fix, Place, Related


def order_assets(state: Compilation, workshop: Workshop) -> tuple[Compilation, list[Diagnostic]]:
    """Fills `order`. What stands on a cycle, or reads what does, has unknown columns."""
    ordered = graph.order({address: state.reads.get(address, ()) for address in state.addresses})
    if again := {address for cycle in ordered.cycles for address in cycle} & state.recalled.assets.keys():
        raise TouchesRecalled(again)
    diagnostics = [_draw(state, cycle) for cycle in ordered.cycles]
    return replace(state, order=ordered.order, unknown=state.unknown | ordered.stuck), diagnostics


def _draw(state: Compilation, cycle: tuple[Address, ...]) -> Diagnostic:
    """VP203 at the place where the first asset by name reads the next one; every other step is a related place."""
    first = cycle.index(min(cycle))
    turned = cycle[first:] + cycle[:first]
    path = " → ".join(str(address) for address in (*turned, turned[0]))
    steps = list(zip(turned, (*turned[1:], turned[0]), strict=True))
    if len(cycle) == 1:
        detail = f"`{turned[0]}` reads itself, so it could never be built."
        fix = (
            "Read the asset it is made from; a CTE of the same name hides an asset. To go on from its own earlier "
            'rows, build it by interval, `build = { mode = "interval", … }`: then it sees those before `$start`.'
        )
    else:
        detail = f"These assets read each other in a circle, so none of them could be built first: {path}."
        fix = "Take one of these reads out, for example by moving what both need into an asset of its own."
    return Diagnostic(
        "VP203",
        detail,
        _where_read(state, *steps[0]),
        related=tuple(
            Related(_where_read(state, reader, read), f"`{reader}` reads `{read}`") for reader, read in steps[1:]
        ),
        fix=Fix(fix),
        notes=(path,),
    )


def _where_read(state: Compilation, reader: Address, read: Address) -> Place:
    origin, locator = state.declared[reader].origin, state.loaded.locator
    if reader in state.sql:
        for schema, name, start, end in state.sql[reader].tables:
            written = name if schema is None else f"{schema}.{name}"
            if state.names.resolve(written, reader.pipeline) == read:
                return locator.inside(origin, "query", start=start, end=end)
    if reader in state.python:
        for parameter in state.python[reader].definition.parameters:
            if parameter.address == read:
                return state.python[reader].places[parameter.name]
    return locator.place(origin)
