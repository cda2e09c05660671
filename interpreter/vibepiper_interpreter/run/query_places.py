"""Where in the specs a piece of a planned query stands, for what goes wrong only at run time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from vibepiper_interpreter.compile.compiled import CompiledAsset, SqlDefinition
from vibepiper_spec.diagnostics import Place

if TYPE_CHECKING:
    from vibepiper_spec import LoadedProject


class QueryPlaces:
    """A run knows an asset's file and header. The file is read again when a place inside a block is first asked for."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._loaded: dict[str, LoadedProject] = {}

    def __call__(self, asset: CompiledAsset, start: int, end: int) -> Place | None:
        """Code-point offsets in the query; None where its file does not hold that query any more."""
        from vibepiper_spec import SqlAsset, load_files  # only what fails waits for the models

        if not isinstance(asset.definition, SqlDefinition) or not asset.declared_in:
            return None
        if asset.declared_in not in self._loaded:
            self._loaded[asset.declared_in] = load_files(self._root, {asset.declared_in})
        loaded = self._loaded[asset.declared_in]
        declared = next((each for each in loaded.project.assets if each.address == asset.address), None)
        if declared is None or not isinstance(declared.spec, SqlAsset):
            return None
        if declared.spec.query != asset.definition.query:
            return None
        return loaded.locator.inside(declared.origin, "query", start=start, end=end)
