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
    needed_by: dict[Address, Address] = {}
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


def _needs(planning: Planning, draft: Draft) -> list[Address]:
    inputs = [read.address for read in draft.asset.inputs if planning.drafts[read.address].acts]
    # A check that reads an asset that is not there could not run; one that reads an old version can.
    unpublished = [
        address
        for address in draft.asset.check_inputs
        if address in planning.drafts and planning.drafts[address].published is None
    ]
    return inputs + unpublished
