"""Deletes versions that nothing points to, files that no version owns, and what is known of old runs and lost tasks."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta

from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.invocation import Invocation
from vibepiper_cli.options import DEFAULT_ENVIRONMENT
from vibepiper_cli.project import compiled, load_for_state
from vibepiper_cli.views.tables import aligned
from vibepiper_cli.views.words import count, listed, size
from vibepiper_cli.views.words import seconds as in_words
from vibepiper_interpreter.state import State, open_state
from vibepiper_interpreter.state.owner import owner
from vibepiper_interpreter.storage import Storage, StoredVersion
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import has_errors
from vibepiper_spec.model.duration import duration_seconds


@dataclass(frozen=True, slots=True)
class _Kept:
    """What only the undo horizon keeps."""

    horizon: str
    versions: int
    bytes: int


def clean(invocation: Invocation, seconds: float, horizon: float | None, *, dry_run: bool) -> ExitStatus:
    """`seconds`: what is younger stays. `horizon`, in seconds: what was shown within it stays (None: as declared)."""
    grace = timedelta(seconds=seconds)
    loaded = load_for_state(invocation)
    root, settings = loaded.project.root, loaded.project.settings
    with open_state(root, settings) as state, ExitStack() as leases:
        storage = Storage.open(root / settings.storage.path, state.id, settings.storage.path)
        if not dry_run:
            # An apply that runs now writes files that the state does not know yet.
            names = {*settings.environment_names(), *(found.name for found in state.environments())}
            for name in sorted(names):
                lease = state.take_lease(name, owner())
                leases.callback(lease.release)
        before = time.time() - seconds
        declared = settings.state.undo_horizon
        horizon_seconds = (duration_seconds(declared) or 0.0) if horizon is None else horizon
        words = declared if horizon is None else in_words(horizon)
        released, found, kept = _find(state, storage, grace, timedelta(seconds=horizon_seconds), words, before)
        age = timedelta(seconds=max(seconds, horizon_seconds))
        freed = sum(version.bytes for version in found)
        tasks = _undeclared_tasks(invocation, state, age)
        if not dry_run:
            state.forget_operators(tasks)
        if dry_run:
            runs = len(state.old_runs(age, released))
        else:
            freed = _delete(state, storage, released, found, before)
            runs = state.forget_runs(age)
    _tell(invocation, found, freed, runs, tasks, kept, dry_run=dry_run)
    return ExitStatus.OK


def _find(
    state: State, storage: Storage, grace: timedelta, horizon: timedelta, horizon_words: str, before: float
) -> tuple[set[str], list[StoredVersion], _Kept]:
    """Versions the state has let go, with files or without; their folders, and those it never knew; and how much it
    holds only to be able to go back."""
    stored = {version.version_id: version for version in storage.stored()}
    released = {version.id for version in state.unreferenced_versions(grace, horizon)}
    held = {version.id for version in state.unreferenced_versions(grace)} - released
    kept = [version for version in stored.values() if version.version_id in held]
    known = state.versions(stored)
    unknown = {version.version_id for version in storage.unknown(known, before)}
    found = [version for version in stored.values() if version.version_id in released | unknown]
    return released, found, _Kept(horizon_words, len(kept), sum(version.bytes for version in kept))


def _undeclared_tasks(invocation: Invocation, state: State, age: timedelta) -> list[Address]:
    """Tasks that have left the specs, and did nothing for so long. None where the specs do not say which there are."""
    untouched = state.untouched_operators(age)
    if not untouched:
        return []
    found = compiled(invocation, DEFAULT_ENVIRONMENT)
    return [] if has_errors(found.diagnostics) else sorted(untouched - found.project.operators.keys())


def _delete(state: State, storage: Storage, released: set[str], found: list[StoredVersion], before: float) -> int:
    """The state forgets first: a version without files must never be found there."""
    ids = [version.version_id for version in found]
    known = state.versions(ids)
    forgotten = set(state.forget(sorted(released | known.keys())))
    freed = storage.remove_scratch(before)
    for version in found:
        if version.version_id in forgotten or version.version_id not in known:
            freed += storage.remove(version.address, version.version_id)
    return freed


def _tell(
    invocation: Invocation,
    found: list[StoredVersion],
    freed: int,
    runs: int,
    tasks: list[Address],
    kept: _Kept,
    *,
    dry_run: bool,
) -> None:
    printer = invocation.printer
    if invocation.json:
        versions = [
            {"address": str(version.address), "version": version.version_id, "bytes": version.bytes}
            for version in found
        ]
        for_undo = {"versions": kept.versions, "bytes": kept.bytes, "horizon": kept.horizon}
        printer.json(
            {
                "deleted": not dry_run,
                "bytes": freed,
                "versions": versions,
                "runs": runs,
                "tasks": [str(address) for address in tasks],
                "kept_for_undo": for_undo,
            }
        )
        return
    if kept.versions:
        printer.talk(
            f"Kept to be able to go back for {kept.horizon}: {count(kept.versions, 'version')}, {size(kept.bytes)}."
        )
    if not found and not freed and not runs and not tasks:
        printer.talk("Nothing to delete.")
        return
    rows = [(str(version.address), version.version_id, size(version.bytes)) for version in found]
    for line in aligned(rows, right=(2,), indent="  "):
        printer.talk(line)
    what = f"{count(len(found), 'version')}, {size(freed)}"
    if runs:
        what += f", and what happened in {count(runs, 'old run')}"
    if tasks:
        what += f", and what is known of {listed(tasks)}, which no spec declares any more"
    printer.talk(f"Would delete {what}. To do it:\n\n  vp clean" if dry_run else f"Deleted {what}.")
