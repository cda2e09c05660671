"""Pass: the blocks that tell a change to what is published agree with what is declared."""

from __future__ import annotations

from dataclasses import replace

from vibepiper_interpreter.compile.compilation import Compilation, Workshop
from vibepiper_interpreter.compile.compiled import Removal
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic, Fix, Related
from vibepiper_spec.load.loaded import DeclaredChange


def resolve_changes(state: Compilation, workshop: Workshop) -> tuple[Compilation, list[Diagnostic]]:
    """Fills `removals`. VP209 where a block says what the rest of the specs says otherwise."""
    diagnostics: list[Diagnostic] = []
    removals: dict[Address, Removal] = {}
    first: dict[Address, DeclaredChange] = {}
    for change in state.loaded.project.changes:
        address = address_of(change.spec.asset, change.pipeline)
        if state.names.resolve(str(address), change.pipeline) is not None:
            diagnostics.append(_still_declared(state, change, address))
        elif address in first:
            diagnostics.append(_removed_twice(state, change, first[address]))
        else:
            first[address] = change
            removals[address] = Removal(address, change.spec.reason, change.origin.path)
    return replace(state, removals=removals), diagnostics


def address_of(written: str, pipeline: str) -> Address:
    """`asset` of `pipeline`, or `other.asset`; it need not be there."""
    first, dot, second = written.lower().partition(".")
    return Address(first, second) if dot else Address(pipeline, first)


def _still_declared(state: Compilation, change: DeclaredChange, address: Address) -> Diagnostic:
    declared = state.declared.get(address)
    locator = state.loaded.locator
    related = () if declared is None else (Related(locator.place(declared.origin, part="header"), "Declared here"),)
    return Diagnostic(
        "VP209",
        f"`{address}` is to be removed, but the specs still declare it.",
        locator.place(change.origin, change.index, "asset"),
        related=related,
        fix=Fix("Remove the asset's own block, or this one."),
    )


def _removed_twice(state: Compilation, change: DeclaredChange, first: DeclaredChange) -> Diagnostic:
    locator = state.loaded.locator
    return Diagnostic(
        "VP209",
        f"`{change.spec.asset}` is named by two `[[removed]]` blocks, and one of their reasons would be lost.",
        locator.place(change.origin, change.index, "asset"),
        related=(Related(locator.place(first.origin, first.index, "asset"), "First named here"),),
        fix=Fix("Remove one of the two."),
    )
