"""Runs in the worker processes of a Ray cluster: performs one attempt, with a worker that is kept for the next one."""

from __future__ import annotations

import asyncio
import os
import pickle
import socket
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path

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


@cache
def installed() -> str:
    """What has to be the same here and there: a task is sent as the classes of this package know it."""
    return f"vibepiper {version('vibepiper')}, DuckDB {duckdb_version()}"


class Post:
    """An actor that tells each worker once what the run is, and hands on what attempts tell while they run."""

    def __init__(self, expected: str, briefing: bytes) -> None:
        """`expected` is what is `installed` where the run is; `briefing` is pickled."""
        self._expected, self._briefing = expected, briefing
        self._letters: list[tuple[Key, list[Told]]] = []
        self._news = asyncio.Event()

    async def introduce(self) -> tuple[str, bytes]:
        return self._expected, self._briefing

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
    name: str  # how the run calls this process
    worker: Worker
    outbox: Outbox
    stack: ExitStack
    # Of the attempt that goes on.
    key: Key | None = None
    letters: int = 0


_here: _Here | None = None


def perform_here(run_id: str, post: str, attempt: bytes, processors: float) -> bytes:
    """One attempt, in this process; pickled, and so is how it ended, as an `Ended`. `post` is the actor's name.

    What is the same for all attempts comes from there, once a process: each argument that is an object of Ray's own
    costs as much as a short task.
    """
    return pickle.dumps(_perform(run_id, post, attempt, processors))


def _perform(run_id: str, post: str, pickled: bytes, processors: float) -> Ended:
    try:
        here = _open(run_id, post, processors)
    except DiagnosticError as error:
        return Ended(Report("failed", diagnostics=error.diagnostics, failure="infrastructure"), [], 0)
    attempt: Attempt = pickle.loads(pickled)
    here.key, here.letters = (attempt.address, attempt.number), 0
    end: Report | BaseException
    try:
        end = here.worker.perform(attempt, here.name)
    except BaseException as error:
        end = portable(error)
    return Ended(end, here.outbox.take(), here.letters)


def _open(run_id: str, post_name: str, processors: float) -> _Here:
    global _here
    if _here is not None and _here.run_id == run_id:
        return _here
    import ray

    post = ray.get_actor(post_name)
    introduced: ray.ObjectRef[tuple[str, bytes]] = post.introduce.remote()
    briefing = briefing_that_fits(*ray.get(introduced))
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
        here = _here
        if here is not None and here.key is not None:
            # Not before the post has it: what is told later must not overtake it.
            ray.get(post.put.remote(here.key, told))
            here.letters += 1

    outbox = Outbox(send)
    with ExitStack() as stack:
        worker = stack.enter_context(open_worker(replace(briefing, root=root), outbox.say, SmallTables(), share))
        name = f"{socket.gethostname()}/{os.getpid()}"
        _here = _Here(briefing.run_id, name, worker, outbox, stack.pop_all())
    return _here


def briefing_that_fits(expected: str, pickled: bytes) -> Briefing:
    """What `Post` introduces. Raises DiagnosticError where this worker has not the same packages installed (VP833), so
    that nothing else can be understood, or does not see the storage (VP834)."""
    if expected != installed():
        raise DiagnosticError(
            Diagnostic(
                "VP833",
                f"The Ray worker on `{socket.gethostname()}` has {installed()}, and the run has {expected}.",
                fix=Fix("Install the same versions on all nodes of the cluster, and start it anew."),
            )
        )
    briefing: Briefing = pickle.loads(pickled)
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
    return briefing
