"""Where in the specs a check or a key stands, for what goes wrong only at run time.

The run knows an asset's file and header; the specs are read again, when asked, for what stands inside the block.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from vibepiper_interpreter.plan.plan import Plan
from vibepiper_interpreter.run.result import CheckResult
from vibepiper_spec import DeclaredAsset, LoadedProject, load_files
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Place
from vibepiper_spec.load.loaded import DeclaredTask


class SpecPlaces:
    """Places of what `plan` holds. A file is read when a place in it is first asked for."""

    def __init__(self, root: Path, plan: Plan) -> None:
        self._plan = plan
        self._load = cache(lambda path: load_files(root, {path}))

    def of_check(self, result: CheckResult) -> Place | None:
        """The check in its list; None where the file does not hold it any more."""
        asset = self._plan.assets.get(result.address)
        keys = next((check.keys for check in asset.checks if check.id == result.check), ()) if asset else ()
        return self.at(result.address, *keys) if keys else None

    def at(self, address: Address, *keys: str | int) -> Place | None:
        """The value at `keys` below the asset's block; None where there is none."""
        found = self._declared(address)
        if found is None:
            return None
        loaded, declared = found
        return loaded.locator.place(declared.origin, *keys) if loaded.locator.has(declared.origin, *keys) else None

    def _declared(self, address: Address) -> tuple[LoadedProject, DeclaredAsset | DeclaredTask] | None:
        planned = self._plan.assets.get(address) or self._plan.operators.get(address)
        if planned is None or not planned.declared_in:
            return None
        loaded = self._load(planned.declared_in)
        blocks: tuple[DeclaredAsset | DeclaredTask, ...] = (*loaded.project.assets, *loaded.project.tasks)
        return next(((loaded, each) for each in blocks if each.address == address), None)
