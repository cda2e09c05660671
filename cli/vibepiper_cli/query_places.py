"""Where in the specs a stretch of an asset's query stands, for what goes wrong only at run time."""

from __future__ import annotations

from collections.abc import Callable

from vibepiper_spec import LoadedProject, SqlAsset
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Place

PlaceInQuery = Callable[[Address, int, int], Place | None]


def places_in_queries(loaded: LoadedProject) -> PlaceInQuery:
    """A function from an asset and code-point offsets in its query to the place in its file."""

    def place(address: Address, start: int, end: int) -> Place | None:
        declared = next((asset for asset in loaded.project.assets if asset.address == address), None)
        if declared is None or not isinstance(declared.spec, SqlAsset):
            return None
        return loaded.locator.inside(declared.origin, "query", start=start, end=end)

    return place
