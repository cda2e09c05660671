"""Sources whose files have lost columns since they were published: why specs that nobody touched have errors today."""

from __future__ import annotations

from pathlib import Path

from vibepiper_cli.views.words import listed
from vibepiper_interpreter.compile.compiled import Compiled, CompiledAsset
from vibepiper_interpreter.plan.plan import Plan
from vibepiper_interpreter.state import open_state_at
from vibepiper_interpreter.storage.version import Version
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError, Fix, Place, Range


def changed_sources(compiled: Compiled, root: Path) -> tuple[Diagnostic, ...]:
    """VP503 as a warning beside the errors it caused. Says nothing where the state cannot be asked."""
    project = compiled.project
    sources = {address: asset for address, asset in project.assets.items() if asset.kind == "source"}
    try:
        with open_state_at(root, compiled.state_url) as state:
            pointers = state.pointers(project.environment)
            versions = state.versions(pointers[address].version_id for address in sources if address in pointers)
    except DiagnosticError:
        return ()
    found = (_changed(sources[version.address], version) for version in versions.values())
    return tuple(diagnostic for diagnostic in found if diagnostic is not None)


def changed_types(plan: Plan) -> tuple[Diagnostic, ...]:
    """VP503 as a warning for sources whose files give a column another type than it has where it is published."""
    found = []
    for action in plan.actions:
        asset = plan.assets[action.address]
        changes = [change for change in action.column_changes if change.change == "type"]
        if asset.kind == "source" and changes:
            said = ", ".join(f"`{change.name}` {change.before} → {change.after}" for change in changes)
            found.append(
                Diagnostic(
                    "VP503",
                    f"Columns of `{asset.address}` have another type than when it was published: {said}.",
                    Place(asset.declared_in, Range.at(asset.declared_at_line, 1)),
                    severity="warning",
                    fix=Fix(
                        f"If that is not meant, declare the type, and the row that does not fit is named: "
                        f'`columns.{changes[0].name} = "{str(changes[0].before).lower()}"`.'
                    ),
                )
            )
    return tuple(found)


def _changed(asset: CompiledAsset, published: Version) -> Diagnostic | None:
    now = {column.name.casefold() for column in asset.columns}
    lost = [column.name for column in published.columns if column.name.casefold() not in now]
    if not lost:
        return None
    before = {column.name.casefold() for column in published.columns}
    new = [column.name for column in asset.columns if column.name.casefold() not in before]
    instead = f" New in them: {listed(new)}." if new else ""
    return Diagnostic(
        "VP503",
        f"The files of `{asset.address}` do not have {listed(lost)} any more, which they had when it was published."
        f"{instead}",
        Place(asset.declared_in, Range.at(asset.declared_at_line, 1)),
        severity="warning",
        fix=Fix("Get the files as they were, or change what reads these columns."),
    )
