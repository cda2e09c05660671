"""The executors of one run: each is opened when the first task asks for it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from vibepiper_interpreter.compile.compiled import CompiledAsset
from vibepiper_interpreter.compile.compiled_operator import CompiledOperator
from vibepiper_interpreter.executors.inline import InlineExecutor
from vibepiper_interpreter.executors.processes import ProcessExecutor
from vibepiper_interpreter.executors.protocol import Executor
from vibepiper_interpreter.executors.threads import ThreadExecutor
from vibepiper_interpreter.run.briefing import Briefing
from vibepiper_interpreter.run.memory import whole_memory
from vibepiper_interpreter.run.session import EngineShare, Say, memory_limit
from vibepiper_interpreter.run.worker import Worker

if TYPE_CHECKING:
    from vibepiper_spec.model.execution import ExecutorKind

# What DuckDB itself takes where nobody says anything: the rest is the system's, and user code's.
_USUAL_PART_OF_MEMORY = 0.8


class Executors:
    """Used from the scheduler's thread only."""

    def __init__(self, briefing: Briefing, worker: Worker, say: Say) -> None:
        """`worker` is that of this process."""
        self._briefing = briefing
        self._settings = briefing.settings.executor
        self._worker = worker
        self._say = say
        self._open: dict[ExecutorKind, Executor] = {}

    def kind_for(self, asset: CompiledAsset) -> ExecutorKind:
        """Where tasks of `asset` run. Who asks for `inline` wants to debug, whatever the asset says."""
        return self._settings.kind if self._settings.kind == "inline" else asset.executor or self._settings.kind

    def kind_for_operator(self, operator: CompiledOperator) -> ExecutorKind:
        """Where operators run. What is done outside is done from this machine, and mostly waited for; functions run
        where those of assets do."""
        kind = self._settings.kind
        return kind if kind == "inline" or operator.function is not None else "threads"

    def of(self, kind: ExecutorKind) -> Executor:
        if kind not in self._open:
            self._open[kind] = self._make(kind)
        return self._open[kind]

    def stop(self) -> None:
        """Let everything that runs end as soon as it can."""
        for executor in self._open.values():
            executor.stop()

    def shutdown(self, patience: float) -> None:
        """Forget what has not started, and wait for what runs, at most `patience` seconds for each."""
        for executor in self._open.values():
            executor.shutdown(patience)

    def _make(self, kind: ExecutorKind) -> Executor:
        workers = self._settings.workers or os.cpu_count() or 1
        match kind:
            case "inline":
                return InlineExecutor(self._worker)
            case "threads":
                return ThreadExecutor(workers, self._worker)
            case "processes":
                return ProcessExecutor(workers, self._briefing, self._share(workers), self._say)

    def _share(self, workers: int) -> EngineShare:
        """One of `workers` equal parts of what the run may use of this machine."""
        whole = memory_limit(self._settings.memory) or int(whole_memory() * _USUAL_PART_OF_MEMORY)
        return EngineShare(threads=max(1, (os.cpu_count() or 1) // workers), memory=whole // workers)
