"""What has become of the columns of sources since they were published: why specs that nobody touched have errors."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from vibepiper_interpreter.compile.compiled import Compiled, CompiledAsset
from vibepiper_interpreter.connectors.file import files_of
from vibepiper_interpreter.plan.plan import Plan
from vibepiper_interpreter.state import open_state_at
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError

if TYPE_CHECKING:
    from vibepiper_interpreter.state import State


def changed_sources(compiled: Compiled, root: Path) -> tuple[Diagnostic, ...]:
    """VP503 as warnings beside the errors it caused. Says nothing where the state cannot be asked."""
    project = compiled.project
    sources = {address: asset for address, asset in project.assets.items() if asset.kind == "source"}
    try:
        with open_state_at(root, compiled.state_url) as state:
            return _changes(root, sources, state, project.environment, lost=True)
    except DiagnosticError:
        return ()


def changed_types(plan: Plan, root: Path, state: State) -> tuple[Diagnostic, ...]:
    """VP503 as warnings for sources whose files give a column another type than it has where it is published."""
    retyped = {
        action.address: plan.assets[action.address]
        for action in plan.actions
        if action.verb != "do"
        and plan.assets[action.address].kind == "source"
        and any(change.change == "type" for change in action.column_changes)
    }
    return _changes(root, retyped, state, plan.environment, lost=False) if retyped else ()


def _changes(
    root: Path, sources: dict[Address, CompiledAsset], state: State, environment: str, *, lost: bool
) -> tuple[Diagnostic, ...]:
    # It brings in the engine, and only a source that changed needs it.
    from vibepiper_interpreter.connectors.file.changes import lost_columns, retyped_columns

    pointers = state.pointers(environment)
    versions = state.versions(pointers[address].version_id for address in sources if address in pointers)
    found: list[Diagnostic | None] = []
    for version in versions.values():
        asset = sources[version.address]
        if lost:
            found.append(lost_columns(asset, version))
        found.append(retyped_columns(root, asset, version, files_of(root, asset)))
    return tuple(diagnostic for diagnostic in found if diagnostic is not None)
