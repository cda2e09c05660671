"""A promotion: the plan that lets one environment show what another one has published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from vibepiper_interpreter.compile.compiled import CompiledAsset, CompiledProject
from vibepiper_interpreter.plan.draft import ListFiles, Promotes, StorageHas
from vibepiper_interpreter.plan.plan import Plan
from vibepiper_interpreter.plan.planner import make_plan
from vibepiper_interpreter.state import Published
from vibepiper_interpreter.storage.version import SourceFile
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError, Fix

if TYPE_CHECKING:
    from vibepiper_interpreter.state import State

_NAMED = 5  # assets that a message names before it only counts


def make_promotion(
    source: CompiledProject,
    target: CompiledProject,
    state: State,
    *,
    selection: Sequence[str] = (),
    now: datetime | None = None,
    list_files: ListFiles,
    storage_has: StorageHas,
) -> Plan:
    """What it takes to let the environment of `target` show what that of `source` shows.

    What is published is promoted, not what the specs say: no newer files are read, no interval that is over since is
    missed, and nothing is made because it is made always. Where both differ in anything else, it is not clear what was
    looked at, and there is no plan: VP710. VP711 where data would get older. VP708 where nothing is published in
    `source`.
    """
    _, published, _ = state.published(source.environment)
    if not published:
        raise DiagnosticError(_nothing_there(source.environment))

    def as_read(asset: CompiledAsset) -> tuple[SourceFile, ...]:
        shown = published.get(asset.address)
        return list_files(asset) if shown is None else shown.source_files

    behind = make_plan(
        _at_rest(source),
        state,
        source.environment,
        selection=selection,
        now=now,
        list_files=as_read,
        storage_has=storage_has,
        as_built=published,
    )
    # Checks are run here, by the values they have here.
    if any(action.verb != "recheck" for action in behind.actions):
        raise DiagnosticError(_behind(behind, target.environment))
    # Once more: after an upgrade that plan has written down anew what everything means.
    _, published, _ = state.published(source.environment)
    plan = make_plan(
        _at_rest(target),
        state,
        target.environment,
        selection=selection,
        now=now,
        list_files=as_read,
        storage_has=storage_has,
        as_built=published,
        promotes=Promotes(source.environment, published),
    )
    if older := _older_data(plan, published, state, list_files):
        raise DiagnosticError(_would_get_older(older, source.environment, target.environment))
    return plan


def _at_rest(project: CompiledProject) -> CompiledProject:
    """The project without wishes to make things anew, which are no difference between two environments; and without
    operators: what they have done in one is not done in the other, and a promotion does nothing but point."""
    return replace(
        project,
        operators={},
        assets={address: replace(asset, rebuild_always=False) for address, asset in project.assets.items()},
    )


def _older_data(
    plan: Plan, published: Mapping[Address, Published], state: State, list_files: ListFiles
) -> list[Address]:
    """Assets that read no other one, and would show what was made before that which is shown here now.

    A source whose files are still those that were read is up to date, whenever that was.
    """
    moves = [
        (action.address, action.keeps, action.version_id)
        for action in plan.actions
        if action.keeps is not None and action.version_id is not None and not plan.assets[action.address].inputs
    ]
    versions = state.versions(version_id for _, *both in moves for version_id in both)
    found = []
    for address, before, after in moves:
        old, new = versions.get(before), versions.get(after)
        # Of other meanings the one that was just edited counts, whenever its files were read.
        if old is None or new is None or old.asset.fingerprint != new.asset.fingerprint:
            continue
        if new.created_at >= old.created_at:
            continue
        if old.asset.kind == "source":
            shown = published[address]
            harmless = shown.was_made_from(old.source_files) or shown.was_made_from(list_files(new.asset))
        else:
            harmless = old.asset.deterministic
        if not harmless:
            found.append(address)
    return found


def _behind(plan: Plan, target: str) -> Diagnostic:
    name = plan.environment
    notes = [
        f"`{action.address}`: {'; '.join(reason.words for reason in action.reasons) or action.verb}"
        for action in plan.actions
        if action.verb != "recheck"
    ]
    more = [f"and {len(notes) - _NAMED:,} more"] if len(notes) > _NAMED else []
    return Diagnostic(
        "VP710",
        f"`{name}` does not show what the specs say, so it is not clear what to promote: what was published in it, or "
        "what the specs have become since. Nothing was planned.",
        notes=(*notes[:_NAMED], *more),
        fix=Fix(
            f"Bring `{name}` up to date with `vp apply{_option(name)}`, look at it, and promote that; or build what "
            f"the specs say right there, with `vp apply --env {target}`."
        ),
    )


def _would_get_older(addresses: Sequence[Address], source: str, target: str) -> Diagnostic:
    names = ", ".join(f"`{address}`" for address in addresses[:_NAMED])
    more = f" and {len(addresses) - _NAMED:,} more" if len(addresses) > _NAMED else ""
    return Diagnostic(
        "VP711",
        f"`{target}` shows newer data of {names}{more} than `{source}` does: promoting would take `{target}` back to "
        "older data. Nothing was planned.",
        fix=Fix(
            f"Bring `{source}` up to date with `vp apply{_option(source)}`, and promote that. To go back on purpose "
            f"there is `vp undo --env {target}`."
        ),
    )


def _nothing_there(environment: str) -> Diagnostic:
    return Diagnostic(
        "VP708",
        f"Nothing is published in `{environment}`, so there is nothing to promote from it.",
        fix=Fix(f"Publish something first: `vp apply{_option(environment)}`."),
    )


def _option(environment: str) -> str:
    return "" if environment == "dev" else f" --env {environment}"
