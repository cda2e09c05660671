"""Ninth step: which assets feel a change, column by column."""

from __future__ import annotations

import heapq

from vibepiper_interpreter.plan.draft import Draft, Planning
from vibepiper_interpreter.plan.flow import NOTHING, Columns
from vibepiper_spec.address import Address


def reach(planning: Planning) -> None:
    """Follow every change downstream from the asset it began at, and from no asset that only passes it on."""
    for draft in planning.drafts.values():
        if draft.makes and draft.published is not None and draft.own_changed:
            draft.reaches = _reached(planning, draft)


def _reached(planning: Planning, start: Draft) -> tuple[Address, ...]:
    changed: dict[Address, Columns] = {start.asset.address: start.own_changed}
    reached: list[Address] = []
    # In the order of the project, so that all inputs of a reader have been seen before it.
    waiting: list[tuple[int, Address]] = []
    queued: set[Address] = set()

    def queue_readers(address: Address) -> None:
        for reader in planning.readers.get(address, ()):
            if reader not in queued:
                queued.add(reader)
                heapq.heappush(waiting, (planning.position[reader], reader))

    queue_readers(start.asset.address)
    while waiting:
        _, address = heapq.heappop(waiting)
        asset = planning.drafts[address].asset
        if not any(changed.get(read.address, NOTHING).felt_by(read.columns) for read in asset.inputs):
            continue
        reached.append(address)
        changed[address] = planning.flow.through(asset, changed)
        if changed[address]:
            queue_readers(address)
    return tuple(reached)
