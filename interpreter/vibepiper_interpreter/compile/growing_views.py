"""Tells where a view hides from what is appended to that rows are only added to what the view reads."""

from __future__ import annotations

from collections.abc import Mapping

from vibepiper_interpreter.compile.build_settings import Append
from vibepiper_interpreter.compile.compilation import Compilation, TouchesRecalled, Workshop
from vibepiper_interpreter.compile.compiled import CompiledAsset
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic, Fix
from vibepiper_spec.model.sql_asset import SqlAsset


def judge_views(state: Compilation, _: Workshop) -> tuple[Compilation, list[Diagnostic]]:
    """VP318 for each asset that is appended to, and would append all rows of such a view each time one is added."""
    found = {
        address: view
        for address, asset in state.assets.items()
        if isinstance(asset.settings, Append) and (view := _hiding_view(state.assets, asset)) is not None
    }
    recalled = found.keys() & state.recalled.assets.keys()
    if recalled:
        raise TouchesRecalled(recalled)
    return state, [
        _told(state, address, *view)
        for address, view in found.items()
        if not (isinstance(spec := state.declared[address].spec, SqlAsset) and "VP318" in spec.ignore)
    ]


def _hiding_view(assets: Mapping[Address, CompiledAsset], asset: CompiledAsset) -> tuple[Address, Address] | None:
    """A view that `asset` reads, and the input behind it that only grows; None where it sees one that grows itself."""
    inputs = [assets[read.address] for read in asset.inputs if read.address in assets]
    if any(isinstance(read.settings, Append) for read in inputs):
        return None
    behind = ((read.address, _behind(assets, read)) for read in inputs)
    return next(((view, grows) for view, grows in behind if grows is not None), None)


def _behind(assets: Mapping[Address, CompiledAsset], asset: CompiledAsset) -> Address | None:
    """What grows behind a view, by way of other views."""
    if isinstance(asset.settings, Append):
        return asset.address
    if asset.kind != "sql" or asset.build != "view":
        return None
    read = (assets[each.address] for each in asset.inputs if each.address in assets)
    return next((found for each in read if (found := _behind(assets, each)) is not None), None)


def _told(state: Compilation, address: Address, view: Address, grows: Address) -> Diagnostic:
    return Diagnostic(
        "VP318",
        f"`{address}` is appended to and reads `{grows}`, to which rows are only added, by way of the view `{view}`: "
        "which rows of a view are new is not known, so each time rows are added it appends all of the view again.",
        state.loaded.locator.place(state.declared[address].origin, "build"),
        "warning",
        fix=Fix(
            f'Let `{view}` be appended to as well (`build = "append"`), if it takes rows one by one, or read '
            f"`{grows}` itself. If all of it is meant to be appended each time, read a table."
        ),
    )
