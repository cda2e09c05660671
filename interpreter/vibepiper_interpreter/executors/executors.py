"""The executors of one run: each is opened when the first task asks for it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from vibepiper_interpreter.compile.compiled import CompiledAsset
from vibepiper_interpreter.compile.compiled_operator import CompiledOperator
from vibepiper_interpreter.executors.inline import InlineExecutor
from vibepiper_interpreter.executors.processes import ProcessExecutor
from vibepiper_interpreter.executors.protocol import Executor
from vibepiper_interpreter.executors.threads import ThreadExecutor
from vibepiper_interpreter.run.briefing import Briefing
from vibepiper_interpreter.run.journal import Journal
from vibepiper_interpreter.run.session import EngineShare, Say
from vibepiper_interpreter.run.shares import kind_for, kind_for_operator, kind_here, worker_count
from vibepiper_interpreter.run.worker import Worker

if TYPE_CHECKING:
    from vibepiper_spec.model.execution import ExecutorKind


class Executors:
    """Used from the scheduler's thread only."""

    def __init__(self, briefing: Briefing, worker: Worker, say: Say, share: EngineShare) -> None:
        """`worker` is that of this process; `share` is what the engine of each other process may use."""
        self._briefing = briefing
        self._settings = briefing.settings.executor
        self._worker = worker
        self._say = say
        self._share = share
        self._open: dict[ExecutorKind, Executor] = {}

    def kind_for(self, asset: CompiledAsset) -> ExecutorKind:
        """Where tasks of `asset` run. Who asks for `inline` wants to debug, whatever the asset says."""
        return kind_for(asset, self._settings)

    def kind_for_operator(self, operator: CompiledOperator) -> ExecutorKind:
        """Where operators run; see `shares`."""
        return kind_for_operator(operator, self._settings)

    def kind_here(self) -> ExecutorKind:
        """Where is done what needs no executor."""
        return kind_here(self._settings)

    def of(self, kind: ExecutorKind) -> Executor:
        if kind not in self._open:
            self._open[kind] = self._make(kind)
        return self._open[kind]

    def prepare(self, kinds: Iterable[ExecutorKind], journal: Journal) -> None:
        """Open what takes long, or may not be there, before anything starts. Raises DiagnosticError."""
        if "ray" in kinds:
            # Slow to import, and seldom installed.
            from vibepiper_interpreter.executors.ray import RayExecutor

            settings = self._settings.ray
            journal.tell("executor_starting", kind="ray", cluster=settings.address)
            ray = RayExecutor(self._settings.workers, settings, self._briefing, self._say)
            journal.tell("executor_started", kind="ray", workers=ray.workers, dashboard=ray.dashboard)
            self._open["ray"] = ray

    def stop(self) -> None:
        """Let everything that runs end as soon as it can."""
        for executor in self._open.values():
            executor.stop()

    def shutdown(self, patience: float) -> None:
        """Forget what has not started, and wait for what runs, at most `patience` seconds for each."""
        for executor in self._open.values():
            executor.shutdown(patience)

    def _make(self, kind: ExecutorKind) -> Executor:
        workers = worker_count(self._settings)
        match kind:
            case "inline":
                return InlineExecutor(self._worker)
            case "threads":
                return ThreadExecutor(workers, self._worker)
            case "processes":
                return ProcessExecutor(workers, self._briefing, self._share, self._say)
            case "ray":
                raise ValueError("a Ray cluster is prepared before the run starts")
