"""Fifth step: keep what was asked for, and what that needs."""

from __future__ import annotations

from vibepiper_interpreter.plan.draft import Draft, Planning
from vibepiper_interpreter.plan.plan import Reason
from vibepiper_interpreter.plan.selection import select
from vibepiper_spec.address import Address


def restrict(planning: Planning) -> None:
    """Drop the actions that were not asked for. An input that has an action is needed: the result would be old."""
    if not planning.selection:
        return
    removed = [address for address in planning.published if address not in planning.project.assets]
    restated = {address for address, draft in planning.drafts.items() if draft.restated}
    named = select(planning.project, removed, planning.selection)
    operators = planning.project.operators.keys()
    planning.selected = frozenset(named - operators) | restated
    needed_by = _told_of_names(planning, planning.selected)
    planning.wanted_operators = _with_operators(planning, (named & operators) | planning.restated_operators, needed_by)
    # Against the order of the project: every reader comes before its inputs.
    for draft in reversed(planning.drafts.values()):
        address = draft.asset.address
        if not draft.acts or not (address in planning.selected or address in needed_by):
            continue
        for read in _needs(planning, draft):
            needed_by.setdefault(read, address)
    for address, draft in planning.drafts.items():
        if address in planning.selected:
            continue
        if draft.acts and address in needed_by:
            draft.input_reasons.append(Reason("asked", f"`{needed_by[address]}` needs it"))
        elif draft.acts:
            # What is published of it stays as it is, and has not been looked at with its own eyes.
            draft.verb, draft.carried = None, ()


def _with_operators(
    planning: Planning, asked: frozenset[Address], needed_by: dict[Address, Address]
) -> frozenset[Address]:
    """The operators that were asked for, those that assets which are to be made wait for, and all that these come
    after; the assets among that are added to `needed_by`."""
    waited_for: dict[Address, list[Address]] = {}
    for operator in planning.project.operators.values():
        for asset in operator.before:
            waited_for.setdefault(asset, []).append(operator.address)
    wanted = set(asked)
    waiting = [*asked, *(planning.selected or ()), *needed_by]
    seen = set(waiting)
    while waiting:
        address = waiting.pop()
        draft, found = planning.drafts.get(address), planning.project.operators.get(address)
        if draft is not None and draft.acts:
            others = [*_needs(planning, draft), *waited_for.get(address, ())]
        else:
            others = [] if found is None else list(found.after)
        for other in others:
            if other in planning.project.operators:
                wanted.add(other)
            elif planning.drafts[other].acts and other not in (planning.selected or ()):
                needed_by.setdefault(other, address)
            if other not in seen:
                seen.add(other)
                waiting.append(other)
    return frozenset(wanted)


def _told_of_names(planning: Planning, selected: frozenset[Address]) -> dict[Address, Address]:
    """Readers of what gets another name, and what that is read beside: they cannot go on knowing the old one."""
    found: dict[Address, Address] = {}
    waiting = list(selected)
    while waiting:
        address = waiting.pop()
        draft = planning.drafts.get(address)
        if draft is None or not draft.acts:
            continue
        others = [read.address for read in draft.asset.inputs if planning.drafts[read.address].acts]
        if draft.moves:
            others += planning.readers.get(address, ())
        for other in others:
            if other not in found and other not in selected:
                found[other] = address
                waiting.append(other)
    return found


def _needs(planning: Planning, draft: Draft) -> list[Address]:
    inputs = [read.address for read in draft.asset.inputs if planning.drafts[read.address].acts]
    # A check that reads an asset that is not there could not run; one that reads an old version can.
    unpublished = [
        address
        for address in draft.asset.check_inputs
        if address in planning.drafts and planning.drafts[address].published is None
    ]
    return inputs + unpublished
