"""Gathers, before a run begins, every version that it may have to read: current, kept, or compared with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from vibepiper_interpreter.compile.compiled import Input
from vibepiper_interpreter.plan.plan import Action, Plan
from vibepiper_interpreter.state import State
from vibepiper_interpreter.state.records import Pointer
from vibepiper_interpreter.storage.version import Version
from vibepiper_spec.address import Address


@dataclass(frozen=True, slots=True)
class Inventory:
    """`current` is what each asset that is read stands at before the run, in an order in which views come after what
    they read. `versions` are all of them by id, with those that only conditions and kept views need."""

    pointers: Mapping[Address, Pointer]
    current: Mapping[Address, Version]
    versions: Mapping[str, Version]


def take_inventory(plan: Plan, state: State) -> Inventory:
    pointers = state.pointers(plan.environment)
    versions: dict[str, Version] = {}
    read = {address for asset in plan.assets.values() for address in (*asset.check_inputs, *_addresses(asset.inputs))}
    read.update(address for operator in plan.operators.values() for address in operator.reads())
    read.update(each.for_each.asset for each in plan.operators.values() if each.for_each and each.for_each.asset)
    named = {version_id for action in plan.actions for version_id in _named(action)}
    wanted = named | {pointers[address].version_id for address in read if address in pointers}
    while wanted:
        loaded = state.versions(wanted)
        versions |= loaded
        wanted = set()
        for version in loaded.values():
            if not version.parts:
                # A view reads its inputs by name in this run, and those it was made from when it is compared with.
                read.update(_addresses(version.asset.inputs))
                wanted.update(each.version_id for each in version.inputs)
        wanted.update(pointers[address].version_id for address in read if address in pointers)
        wanted -= versions.keys()
        wanted -= loaded.keys()
    current: dict[Address, Version] = {}
    for address in sorted(read):
        _add(address, pointers, versions, current)
    return Inventory(pointers, current, versions)


def _add(
    address: Address,
    pointers: Mapping[Address, Pointer],
    versions: Mapping[str, Version],
    current: dict[Address, Version],
) -> None:
    if address in current or address not in pointers:
        return
    version = versions[pointers[address].version_id]
    if not version.parts:
        for read in version.asset.inputs:
            _add(read.address, pointers, versions, current)
    current[address] = version


def _named(action: Action) -> Iterable[str]:
    """The ids an action speaks of."""
    ids = (action.keeps, action.version_id, action.base, *(condition.confirmed for condition in action.conditions))
    return (version_id for version_id in ids if version_id is not None)


def _addresses(inputs: Iterable[Input]) -> Iterable[Address]:
    return (read.address for read in inputs)
