"""Applies a plan: the lease, the engine, the scheduler's loop, publishing, the warehouse file, the record."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Literal

import duckdb

from vibepiper_interpreter.engines.duckdb.session import ENGINE_VERSION
from vibepiper_interpreter.executors import Executor, InlineExecutor, ThreadExecutor
from vibepiper_interpreter.plan.plan import Plan
from vibepiper_interpreter.plan.protection import require_saved
from vibepiper_interpreter.run.events import Listener
from vibepiper_interpreter.run.failures import damaged_version, engine_diagnostic, lost_version
from vibepiper_interpreter.run.go_back import go_back
from vibepiper_interpreter.run.inventory import Inventory, take_inventory
from vibepiper_interpreter.run.journal import Journal
from vibepiper_interpreter.run.publisher import Publisher
from vibepiper_interpreter.run.python.modules import user_modules
from vibepiper_interpreter.run.python.output import caught_output
from vibepiper_interpreter.run.python.planned_code import PlannedCode
from vibepiper_interpreter.run.redaction import Redactor
from vibepiper_interpreter.run.result import RunResult
from vibepiper_interpreter.run.scheduler import Message, Scheduler
from vibepiper_interpreter.run.session import PlaceInQuery, RunSession, open_session
from vibepiper_interpreter.run.standing import Standing
from vibepiper_interpreter.run.warehouse import ensure_warehouse
from vibepiper_interpreter.state import State
from vibepiper_interpreter.state.lease import Lease
from vibepiper_interpreter.storage import Storage
from vibepiper_interpreter.storage.version import Version
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError, Fix, Place
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
    workers: int | None = None,
    wait: float = 0,
    cancel: threading.Event | None = None,
    place: PlaceInQuery | None = None,
) -> RunResult:
    """Do what `plan` says, and nothing else.

    Raises DiagnosticError before the first write where that is not possible: the plan is stale (VP701), another apply
    holds the lease longer than `wait` seconds (VP703), the storage is another state's (VP604), the environment is
    protected and the plan no saved one (VP607). Everything that goes wrong afterwards is in the result. `cancel` or
    Ctrl-C stops the run: what is published by then stays, no more is.
    """
    root = root.resolve()
    require_saved(plan, settings)
    if plan.goes_back:
        return go_back(plan, root=root, settings=settings, state=state, owner=owner, listener=listener, wait=wait)
    storage = Storage.open(root / settings.storage.path, state.id, settings.storage.path)
    with state.take_lease(plan.environment, owner, wait) as lease:
        _require_current(plan, state)
        began = time.monotonic()
        run_id = state.begin_run(plan, owner)
        run = _Run(plan, root, settings, state, storage, lease, run_id, listener, cancel or threading.Event())
        try:
            status, diagnostics = run.execute(_executor(settings, workers), place or _nowhere)
        except BaseException:
            state.finish_run(run_id, "failed", time.monotonic() - began)
            raise
        seconds = time.monotonic() - began
        run.close(status, seconds)
        state.finish_run(run_id, status, seconds)
    if run.published_anything:
        ensure_warehouse(root, settings, state, plan.environment, run.versions)
    tasks = tuple(run.results[action.address] for action in plan.actions if action.address in run.results)
    return RunResult(run_id, plan.environment, status, seconds, tasks, diagnostics)


Status = Literal["succeeded", "failed", "cancelled"]


class _Run:
    """One run from its first event to its last."""

    def __init__(
        self,
        plan: Plan,
        root: Path,
        settings: ProjectSettings,
        state: State,
        storage: Storage,
        lease: Lease,
        run_id: str,
        listener: Listener | None,
        cancel: threading.Event,
    ) -> None:
        self._plan = plan
        self._root = root
        self._settings = settings
        self._state = state
        self._storage = storage
        self._lease = lease
        self._run_id = run_id
        self._cancel = cancel
        self._journal = Journal(run_id, listener)
        self._inbox: SimpleQueue[Message] = SimpleQueue()
        self._inventory = take_inventory(plan, state)
        self._publisher = Publisher(plan, state, lease, storage, run_id, self._inventory.pointers, self._journal)
        self.results = self._publisher.results

    @property
    def published_anything(self) -> bool:
        return self._publisher.published_anything

    @property
    def versions(self) -> Mapping[str, Version]:
        """Every version this run has read or made."""
        return {**self._inventory.versions, **self._publisher.versions}

    def execute(self, executor: Executor, place: PlaceInQuery) -> tuple[Status, tuple[Diagnostic, ...]]:
        self._journal.tell("run_started", actions=len(self._plan.actions), environment=self._plan.environment)
        with ExitStack() as stack:
            code = PlannedCode(self._root)
            if any(asset.kind == "python" for asset in self._plan.assets.values()):
                stack.enter_context(user_modules(self._root, code.imported))
                stack.enter_context(caught_output(Redactor.of(self._root, self._settings)))
            session = open_session(
                self._plan,
                self._run_id,
                self._root,
                self._settings,
                self._storage,
                self._inventory.versions,
                place,
                self._say,
                code,
            )
            stack.callback(session.close)
            stack.callback(self._note_damage, session)
            # Entered after the session, and so left before it: no task runs when the engine closes.
            stack.callback(executor.shutdown, _PATIENCE)
            stack.callback(session.interrupt)
            scheduler = Scheduler(
                self._plan,
                session,
                self._state,
                executor,
                self._publisher,
                self._journal,
                self._inbox,
                Standing(self._inventory, _declare(session, self._inventory)),
                (self._cancel, self._lease.lost),
            )
            try:
                if scheduler.run():
                    return self._status(), ()
            except KeyboardInterrupt:
                self._cancel.set()
            except DiagnosticError as error:
                return "failed", error.diagnostics
            session.interrupt()
            executor.shutdown(_PATIENCE)
            scheduler.cancel_rest()
        return ("cancelled", (_interrupted(),)) if self._cancel.is_set() else ("failed", (_lease_lost(self._plan),))

    def _note_damage(self, session: RunSession) -> None:
        if session.damaged:
            self._state.record_checksums({part.path: part.marked_damaged for part in session.damaged})

    def close(self, status: Status, seconds: float) -> None:
        self._journal.tell("run_finished", status=status, seconds=seconds)
        self._publisher.close()

    def _status(self) -> Status:
        return "failed" if any(not result.published for result in self.results.values()) else "succeeded"

    def _say(self, what: str, address: Address, data: Mapping[str, Any]) -> None:
        self._inbox.put((address, what, data))


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


def _executor(settings: ProjectSettings, workers: int | None) -> Executor:
    """Workers and the engine's own threads share the processors: as many of each as there are."""
    if settings.executor.kind == "inline":
        return InlineExecutor()
    return ThreadExecutor(workers or settings.executor.workers or os.cpu_count() or 1)


def _nowhere(address: Address, start: int, end: int) -> Place | None:
    return None


def _interrupted() -> Diagnostic:
    return Diagnostic(
        "VP709",
        "The run was interrupted. What had been published stays published; everything else is as it was, and what was "
        "finished is kept for the next apply.",
        fix=Fix("Apply again: only the rest is done."),
    )


def _lease_lost(plan: Plan) -> Diagnostic:
    return Diagnostic(
        "VP704",
        f"Another apply has taken over environment `{plan.environment}`, because this one gave no sign of life for too "
        "long. What it had not published stays unpublished.",
        fix=Fix("Apply again: what was finished is kept, and only the rest is done."),
    )
