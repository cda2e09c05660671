"""Tenth step: which changed assets publish together."""

from __future__ import annotations

from vibepiper_interpreter.plan.draft import Draft, Planning
from vibepiper_spec.address import Address


def group(planning: Planning) -> None:
    """Number the connected components of the acting assets, in plan order, so that readers never see half a change.

    An edge is an input, now or as published. A pipeline with `publish = "each"` opts out: its assets stand alone.
    """
    acting = {draft.asset.address: draft for draft in planning.acting()}
    leader = {address: address for address in acting}

    def find(address: Address) -> Address:
        while leader[address] != address:
            leader[address] = leader[leader[address]]
            address = leader[address]
        return address

    for address, draft in acting.items():
        for read in _read_by(draft):
            # Nobody may see an asset under its new name beside a reader that knows the old one.
            if read in acting and (
                draft.moves
                or acting[read].moves
                or not {address.pipeline, read.pipeline} & planning.project.publish_each
            ):
                leader[find(read)] = find(address)
    numbers: dict[Address, int] = {}
    for address, draft in acting.items():
        draft.component = numbers.setdefault(find(address), len(numbers))


def _read_by(draft: Draft) -> set[Address]:
    now = {read.address for read in draft.asset.inputs} | set(draft.asset.check_inputs)
    before = () if draft.published is None else (read.address for read in draft.published.inputs)
    return now | set(before)
