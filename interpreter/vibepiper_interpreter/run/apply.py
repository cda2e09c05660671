"""Applies a plan: the lease, the engine, the scheduler's loop, publishing, the warehouse file, the record."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Literal

import duckdb

from vibepiper_interpreter.engines.duckdb.session import ENGINE_VERSION
from vibepiper_interpreter.executors import Executors
from vibepiper_interpreter.plan.plan import Plan
from vibepiper_interpreter.plan.protection import require_saved
from vibepiper_interpreter.run.briefing import Briefing
from vibepiper_interpreter.run.events import Listener
from vibepiper_interpreter.run.failures import damaged_version, engine_diagnostic, lost_version
from vibepiper_interpreter.run.go_back import go_back
from vibepiper_interpreter.run.inventory import Inventory, take_inventory
from vibepiper_interpreter.run.journal import Journal
from vibepiper_interpreter.run.publisher import Publisher
from vibepiper_interpreter.run.result import RunResult
from vibepiper_interpreter.run.run import Run
from vibepiper_interpreter.run.scheduler import Scheduler, Stop
from vibepiper_interpreter.run.session import RunSession
from vibepiper_interpreter.run.shares import share_out
from vibepiper_interpreter.run.small_tables import SmallTables
from vibepiper_interpreter.run.standing import Standing
from vibepiper_interpreter.run.warehouse import ensure_warehouse
from vibepiper_interpreter.run.worker import open_worker
from vibepiper_interpreter.state import State
from vibepiper_interpreter.storage import Storage
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError, Fix
from vibepiper_spec.model.settings import ProjectSettings

# How long a task may take to notice that it was told to stop before it is left behind.
_PATIENCE = 5.0  # seconds


def apply_plan(
    plan: Plan,
    *,
    root: Path,
    settings: ProjectSettings,
    state: State,
    owner: str,
    listener: Listener | None = None,
    wait: float = 0,
    cancel: threading.Event | None = None,
    by_schedule: bool = False,
) -> RunResult:
    """Do what `plan` says, and nothing else.

    Raises DiagnosticError before the first write where that is not possible: the plan is stale (VP701), another apply
    holds the lease longer than `wait` seconds (VP703), the storage is another state's (VP604), the environment is
    protected and the plan no saved one (VP607; `by_schedule`: nor one that brings no definition). Everything that goes
    wrong afterwards is in the result. `cancel` or Ctrl-C stops the run: what is published by then stays, no more is.
    """
    root = root.resolve()
    require_saved(plan, settings, by_schedule=by_schedule)
    if plan.goes_back:
        return go_back(plan, root=root, settings=settings, state=state, owner=owner, listener=listener, wait=wait)
    storage = Storage.open(root / settings.storage.path, state.id, settings.storage.path)
    with state.take_lease(plan.environment, owner, wait) as lease:
        _require_current(plan, state)
        began = time.monotonic()
        run_id = state.begin_run(plan, owner)
        run = Run(run_id, plan, root, settings, state, storage, Journal(run_id, listener))
        inventory = take_inventory(plan, state)
        publisher = Publisher(run, lease, inventory.pointers)
        stop = Stop(cancel or threading.Event(), lease.lost, lease.cancelled)
        try:
            status, diagnostics = _execute(run, inventory, publisher, stop)
            if status == "cancelled":
                diagnostics = (_interrupted(lease.cancel_asked_by),)
        except BaseException:
            state.finish_run(run_id, "failed", time.monotonic() - began)
            raise
        seconds = time.monotonic() - began
        run.journal.tell("run_finished", status=status, seconds=seconds)
        publisher.close()
        state.finish_run(run_id, status, seconds)
    if publisher.published_anything:
        ensure_warehouse(root, settings, state, plan.environment, {**inventory.versions, **publisher.versions})
    results = publisher.results
    tasks = tuple(results[action.address] for action in plan.actions if action.address in results)
    return RunResult(run_id, plan.environment, status, seconds, tasks, diagnostics)


Status = Literal["succeeded", "failed", "cancelled"]


def _execute(run: Run, inventory: Inventory, publisher: Publisher, stop: Stop) -> tuple[Status, tuple[Diagnostic, ...]]:
    """Everything between a run's first event and its last."""
    plan, settings = run.plan, run.settings
    run.journal.tell("run_started", actions=len(plan.actions), environment=plan.environment)
    briefing = Briefing.of(run, inventory.versions)
    tables = SmallTables(plan)
    shares = share_out(plan, settings.executor, run.state.peaks, settings.connection.limits())
    with ExitStack() as stack:
        worker = stack.enter_context(open_worker(briefing, run.say, tables, shares.engine))
        executors = Executors(briefing, worker, run.say, shares.process_engine)
        # Left before the worker: no task runs when the engine closes.
        stack.callback(executors.shutdown, _PATIENCE)
        stack.callback(executors.stop)
        standing = Standing(inventory, _declare(worker.session, inventory))
        scheduler = Scheduler(run, executors, shares, tables, publisher, standing, stop)
        try:
            if scheduler.run():
                failed = any(not result.published for result in publisher.results.values())
                return "failed" if failed else "succeeded", ()
        except KeyboardInterrupt:
            stop.asked.set()
        except DiagnosticError as error:
            return "failed", error.diagnostics
        executors.stop()
        executors.shutdown(_PATIENCE)
        scheduler.cancel_rest()
    if stop.asked.is_set() or stop.asked_elsewhere.is_set():
        return "cancelled", ()
    return "failed", (_lease_lost(plan),)


def _require_current(plan: Plan, state: State) -> None:
    """What can move between planning and the lease; the rest of a saved plan is verified before."""
    if plan.state_id != state.id:
        reason = "it was made for another state"
    elif plan.engine_version != ENGINE_VERSION:
        reason = f"it was made with {plan.engine_version}, and this is {ENGINE_VERSION}"
    elif plan.serial != (serial := state.serial(plan.environment)):
        reason = f"environment `{plan.environment}` has been published since (serial {plan.serial}, now {serial})"
    else:
        return
    raise DiagnosticError(
        Diagnostic("VP701", f"The plan is stale: {reason}. Nothing was written.", fix=Fix("Plan again: `vp plan`."))
    )


def _declare(session: RunSession, inventory: Inventory) -> dict[Address, Diagnostic]:
    """Give every version that is read its name in the session; tells which cannot be read."""
    unreadable: dict[Address, Diagnostic] = {}
    cursor = session.cursor()
    for address, version in inventory.current.items():
        if not session.storage.has(version):
            unreadable[address] = lost_version(version)
            continue
        behind = next((read.address for read in version.asset.inputs if read.address in unreadable), None)
        if behind is not None and not version.parts:
            unreadable[address] = unreadable[behind]
            continue
        try:
            session.relations.declare(cursor, version)
        except duckdb.Error as error:
            damaged = damaged_version(session, version, version.asset)
            unreadable[address] = damaged or engine_diagnostic(session, version.asset, error)
    return unreadable


def _interrupted(by: str) -> Diagnostic:
    return Diagnostic(
        "VP709",
        f"The run was interrupted{f', as {by} asked for' if by else ''}. What had been "
        "published stays published; everything else is as it was, and what was finished is kept for the next apply.",
        fix=Fix("Apply again: only the rest is done."),
    )


def _lease_lost(plan: Plan) -> Diagnostic:
    return Diagnostic(
        "VP704",
        f"Another apply has taken over environment `{plan.environment}`, because this one gave no sign of life for too "
        "long. What it had not published stays unpublished.",
        fix=Fix("Apply again: what was finished is kept, and only the rest is done."),
    )
