"""Which other assets are made before the checks of an asset read them."""

from __future__ import annotations

from collections.abc import Mapping

from vibepiper_interpreter import graph
from vibepiper_interpreter.compile.compiled import CompiledAsset
from vibepiper_spec.address import Address


def waits_of_checks(assets: Mapping[Address, CompiledAsset]) -> dict[Address, tuple[Address, ...]]:
    """For every asset with checks that read others, those that are made before it.

    Where that closes a circle, as a check does that reads what is made from its own asset, the check reads the
    version of before.
    """
    checked = {address: asset.check_inputs for address, asset in assets.items() if asset.check_inputs}
    needs = {address: {read.address: False for read in asset.inputs} for address, asset in assets.items()}
    for address, reads in checked.items():
        for read in reads:
            needs[address].setdefault(read, True)  # True: only a check reads it
    while checked:
        cycles = graph.order(needs).cycles
        if not cycles:
            break
        for cycle in cycles:
            for reader, read in zip(cycle, (*cycle[1:], cycle[0]), strict=True):
                if needs[reader][read]:
                    del needs[reader][read]
    return {address: tuple(read for read in reads if read in needs[address]) for address, reads in checked.items()}
