"""Where in the specs a stretch of an asset's query stands, for what goes wrong only at run time."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

from vibepiper_interpreter.compile.compiled import SqlDefinition
from vibepiper_interpreter.plan.plan import Plan
from vibepiper_spec import LoadedProject, SqlAsset, load_files
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Place

PlaceInQuery = Callable[[Address, int, int], Place | None]


def places_in_queries(root: Path, plan: Plan) -> PlaceInQuery:
    """A function from an asset and code-point offsets in its query to the place in its file.

    The file is read when the place is asked for; None where it does not hold the planned query any more.
    """

    @cache
    def load(path: str) -> LoadedProject:
        return load_files(root, {path})

    def place(address: Address, start: int, end: int) -> Place | None:
        planned = plan.assets.get(address)
        if planned is None or not isinstance(planned.definition, SqlDefinition):
            return None
        loaded = load(planned.declared_in)
        for declared in loaded.project.assets:
            is_it = declared.address == address and isinstance(declared.spec, SqlAsset)
            if is_it and getattr(declared.spec, "query", None) == planned.definition.query:
                return loaded.locator.inside(declared.origin, "query", start=start, end=end)
        return None

    return place
