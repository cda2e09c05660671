"""Applies a plan that goes back: one transaction moves the pointers; nothing is made and nothing is read."""

from __future__ import annotations

import time
from pathlib import Path

from vibepiper_interpreter.plan.go_back import require_readable
from vibepiper_interpreter.plan.plan import Action, Plan
from vibepiper_interpreter.run.events import Listener
from vibepiper_interpreter.run.journal import Journal
from vibepiper_interpreter.run.relations import changed_file
from vibepiper_interpreter.run.result import RunResult, TaskResult
from vibepiper_interpreter.run.warehouse import ensure_warehouse
from vibepiper_interpreter.state import Batch, Pointer, State
from vibepiper_interpreter.storage import Storage
from vibepiper_interpreter.storage.version import Version
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError, Fix
from vibepiper_spec.model.settings import ProjectSettings


def go_back(
    plan: Plan,
    *,
    root: Path,
    settings: ProjectSettings,
    state: State,
    owner: str,
    listener: Listener | None,
    wait: float,
) -> RunResult:
    """Point to what `plan` says, as a run of its own. VP712, before the first write, where a version is gone."""
    storage = Storage.open(root / settings.storage.path, state.id, settings.storage.path)
    with state.take_lease(plan.environment, owner, wait) as lease:
        _require_current(plan, state)
        versions = require_readable(plan, state, storage.has, lambda files: changed_file(root, tuple(files)) is None)
        began = time.monotonic()
        run_id = state.begin_run(plan, owner)
        journal = Journal(run_id, listener)
        journal.tell("run_started", actions=len(plan.actions), environment=plan.environment)
        changes = {action.address: _pointer(action) for action in plan.actions}
        try:
            state.publish(lease, plan.serial, changes, run_id)
        except BaseException:
            state.finish_run(run_id, "failed", time.monotonic() - began)
            raise
        results = tuple(_result(action, versions) for action in plan.actions)
        journal.tell("published", component=0, addresses=[str(address) for address in changes])
        seconds = time.monotonic() - began
        journal.tell("run_finished", status="succeeded", seconds=seconds)
        state.record(Batch(run_id, tasks=results, events=journal.take()))
        state.finish_run(run_id, "succeeded", seconds)
    ensure_warehouse(root, settings, state, plan.environment, versions)
    return RunResult(run_id, plan.environment, "succeeded", seconds, results)


def _require_current(plan: Plan, state: State) -> None:
    """Neither specs nor engine count for pointers; only where they stand does."""
    serial = state.serial(plan.environment)
    if plan.state_id == state.id and plan.serial == serial:
        return
    where = f"stands at serial {serial}, and the plan was made at {plan.serial}"
    reason = "it was made for another state" if plan.state_id != state.id else f"`{plan.environment}` {where}"
    raise DiagnosticError(
        Diagnostic("VP701", f"The plan is stale: {reason}. Nothing was written.", fix=Fix("Plan again."))
    )


def _pointer(action: Action) -> Pointer | None:
    return None if action.version_id is None else Pointer(action.version_id, action.restores)


def _result(action: Action, versions: dict[str, Version]) -> TaskResult:
    if action.version_id is None:
        return TaskResult(action.address, "removed", published=True)
    version = versions[action.version_id]
    return TaskResult(
        action.address, "repointed", published=True, version_id=version.id, rows=version.rows, bytes=version.bytes
    )
