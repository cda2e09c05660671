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
    planning.selected = select(planning.project, removed, planning.selection) | restated
    needed_by = _told_of_names(planning, planning.selected)
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
