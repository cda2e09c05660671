"""Eighth step: published assets that no spec declares any more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from vibepiper_interpreter.compile.compiled import CompiledAsset, CompiledProject, Removal
from vibepiper_interpreter.plan.draft import Draft, Planning
from vibepiper_interpreter.plan.plan import Reason
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError, Fix


def remove(planning: Planning) -> None:
    """Add them at the end: what read them is changed before. Their definitions come from the state."""
    gone = [
        published
        for address, published in planning.published.items()
        if address not in planning.project.assets and (planning.selected is None or address in planning.selected)
    ]
    versions = planning.state.versions(published.id for published in gone)
    require_allowed(planning.project, [versions[published.id].asset for published in gone])
    for published in gone:
        version = versions[published.id]
        planning.previous[published.address] = version
        # Its checks and inputs do not matter any more.
        asset = replace(version.asset, inputs=(), checks=(), check_inputs=())
        draft = Draft(asset, published, verb="remove")
        draft.own_reasons.append(Reason("removed", _why(planning.project.removals.get(published.address))))
        planning.drafts[published.address] = draft


def _why(removal: Removal | None) -> str:
    if removal is None:
        return "no spec declares it any more"
    return f"on purpose: {removal.reason}" if removal.reason else "on purpose, as `[[removed]]` says"


def require_allowed(project: CompiledProject, gone: Sequence[CompiledAsset]) -> None:
    """VP716 for assets whose removal is prevented, by themselves or by the environment, and that no block names."""
    refused = [
        _prevented(project, asset)
        for asset in gone
        if asset.address not in project.removals and (asset.prevent_destroy or project.protected)
    ]
    if refused:
        raise DiagnosticError(refused)


def _prevented(project: CompiledProject, asset: CompiledAsset) -> Diagnostic:
    address = asset.address
    if asset.prevent_destroy:
        why = "and it is published with `prevent_destroy = true`"
    else:
        why = f"and `{project.environment}` is protected"
    return Diagnostic(
        "VP716",
        f"`{address}` would be removed from `{project.environment}`, because no spec declares it any more, {why}. "
        "Nothing was planned.",
        notes=(f"It was declared in `{asset.declared_in}`, line {asset.declared_at_line}.",),
        fix=Fix(
            f'If it is to go, say so where it stood: `[[removed]]` with `asset = "{address}"`. If it only has another '
            f'name now, say which: `[[moved]]` with `from = "{address}"`. If it was lost by mistake, bring its block '
            "back."
        ),
    )
