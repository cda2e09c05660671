"""Runs in the worker processes of a Ray cluster: performs one attempt, with a worker that is kept for the next one."""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import ExitStack
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from vibepiper_interpreter.engine_version import duckdb_version
from vibepiper_interpreter.executors.outbox import Outbox, Told, portable
from vibepiper_interpreter.run.briefing import Briefing
from vibepiper_interpreter.run.memory import whole_memory
from vibepiper_interpreter.run.session import EngineShare
from vibepiper_interpreter.run.small_tables import SmallTables
from vibepiper_interpreter.run.tasks.task import Report
from vibepiper_interpreter.run.worker import Attempt, Worker, open_worker
from vibepiper_interpreter.storage import Storage
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError, Fix

# What of a node's memory its workers may use together.
_USUAL_PART_OF_MEMORY = 0.8

Key = tuple[Address, int]  # which attempt


def installed() -> str:
    """What has to be the same here and there: a task is sent as the classes of this package know it."""
    return f"vibepiper {version('vibepiper')}, DuckDB {duckdb_version()}"


class Post:
    """An actor that hands on what attempts tell while they run."""

    def __init__(self) -> None:
        self._letters: list[tuple[Key, list[Told]]] = []
        self._news = asyncio.Event()

    async def put(self, key: Key, told: list[Told]) -> None:
        self._letters.append((key, told))
        self._news.set()

    async def take(self) -> list[tuple[Key, list[Told]]]:
        """All that has come, as soon as anything has."""
        await self._news.wait()
        self._news.clear()
        letters, self._letters = self._letters, []
        return letters


@dataclass(frozen=True, slots=True)
class Ended:
    """How an attempt ended. `letters` were sent before, by way of the post; `told` is the rest."""

    end: Report | BaseException
    told: list[Told]
    letters: int


@dataclass(slots=True)
class _Here:
    """What this process keeps from one attempt of a run to the next."""

    run_id: str
    worker: Worker
    outbox: Outbox
    stack: ExitStack
    # Of the attempt that goes on.
    key: Key | None = None
    letters: int = 0


_here: _Here | None = None


def perform_here(briefing: Briefing, expected: str, post: Any, attempt: Attempt, processors: float) -> Ended:
    """One attempt, in this process. `expected` is what is `installed` where the run is."""
    try:
        here = _open(briefing, expected, post, processors)
    except DiagnosticError as error:
        return Ended(Report("failed", diagnostics=error.diagnostics, failure="infrastructure"), [], 0)
    here.key, here.letters = (attempt.address, attempt.number), 0
    end: Report | BaseException
    try:
        end = here.worker.perform(attempt, f"{socket.gethostname()}/{os.getpid()}")
    except BaseException as error:
        end = portable(error)
    return Ended(end, here.outbox.take(), here.letters)


def _open(briefing: Briefing, expected: str, post: Any, processors: float) -> _Here:
    global _here
    if _here is not None and _here.run_id == briefing.run_id:
        return _here
    _require_fit(briefing, expected)
    if _here is not None:
        _here.stack.close()
        _here = None
    # Where the project's folder is not shared, its code has been sent, and is the working folder.
    root = briefing.root if (briefing.root / "vp.toml").exists() else Path.cwd()
    share = EngineShare(
        threads=max(1, int(processors)),
        memory=int(whole_memory() * _USUAL_PART_OF_MEMORY * min(1.0, max(processors, 0.1) / (os.cpu_count() or 1))),
        scratch=f"{socket.gethostname()}-{os.getpid()}",
    )

    def send(told: list[Told]) -> None:
        import ray

        here = _here
        if here is not None and here.key is not None:
            # Not before the post has it: what is told later must not overtake it.
            ray.get(post.put.remote(here.key, told))
            here.letters += 1

    outbox = Outbox(send)
    with ExitStack() as stack:
        worker = stack.enter_context(open_worker(replace(briefing, root=root), outbox.say, SmallTables(), share))
        _here = _Here(briefing.run_id, worker, outbox, stack.pop_all())
    return _here


def _require_fit(briefing: Briefing, expected: str) -> None:
    if expected != installed():
        raise DiagnosticError(
            Diagnostic(
                "VP833",
                f"The Ray worker on `{socket.gethostname()}` has {installed()}, and the run has {expected}.",
                fix=Fix("Install the same versions on all nodes of the cluster, and start it anew."),
            )
        )
    if briefing.state_id not in Storage.owners(briefing.storage):
        raise DiagnosticError(
            Diagnostic(
                "VP834",
                f"The Ray worker on `{socket.gethostname()}` does not see the storage `{briefing.storage}`: there "
                "is no such folder there, or it is another one.",
                fix=Fix(
                    "Let `[storage] path` be a folder that all nodes share by the same path, or run on this machine "
                    "alone: `--executor threads`."
                ),
            )
        )
