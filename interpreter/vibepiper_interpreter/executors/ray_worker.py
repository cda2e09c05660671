"""Runs in the worker processes of a Ray cluster: performs attempts, with a worker that is kept for the next ones."""

from __future__ import annotations

import asyncio
import os
import pickle
import socket
import threading
import time
from collections import deque
from collections.abc import Iterable
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path

from vibepiper_interpreter.engine_version import duckdb_version
from vibepiper_interpreter.executors.outbox import Ended, Item, Key, Outbox, portable
from vibepiper_interpreter.executors.ray_progress import ProgressWriter
from vibepiper_interpreter.run.briefing import Briefing
from vibepiper_interpreter.run.memory import whole_memory
from vibepiper_interpreter.run.session import EngineShare
from vibepiper_interpreter.run.small_tables import SmallTables
from vibepiper_interpreter.run.tasks.task import Report
from vibepiper_interpreter.run.worker import Attempt, Worker, open_worker
from vibepiper_interpreter.storage import Storage
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError, Fix

# What of a node's memory its workers may use together.
_USUAL_PART_OF_MEMORY = 0.8

# How long attempts wait for those before them in their batch.
_PATIENCE = 0.05  # seconds


@cache
def installed() -> str:
    """What has to be the same here and there: a task is sent as the classes of this package know it."""
    return f"vibepiper {version('vibepiper')}, DuckDB {duckdb_version()}"


@dataclass(frozen=True, slots=True)
class Letter:
    """What a batch tells while it goes on."""

    batch: int
    items: list[Item]
    # Attempts that will not be performed here: the one before them takes longer than was thought.
    back: list[Key]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a batch ended: what it has not told yet, behind so many letters that went by way of the post."""

    items: list[Item]
    letters: int


class Post:
    """An actor that tells each worker once what the run is, and hands on what attempts tell while they run."""

    def __init__(self, expected: str, briefing: bytes) -> None:
        """`expected` is what is `installed` where the run is; `briefing` is pickled."""
        self._expected, self._briefing = expected, briefing
        self._letters: list[Letter] = []
        self._news = asyncio.Event()

    async def introduce(self) -> tuple[str, bytes]:
        return self._expected, self._briefing

    async def put(self, letter: Letter) -> None:
        self._letters.append(letter)
        self._news.set()

    async def take(self) -> list[Letter]:
        """All that has come, as soon as anything has."""
        await self._news.wait()
        self._news.clear()
        letters, self._letters = self._letters, []
        return letters


class _Turn:
    """The attempts of one batch. Safe to use from several threads."""

    def __init__(self, batch: int, attempts: Iterable[Attempt]) -> None:
        self.batch = batch
        self.letters = 0
        self._waiting = deque(attempts)
        self._lock = threading.Lock()
        self._began = time.monotonic()

    def next(self) -> Attempt | None:
        with self._lock:
            return self._waiting.popleft() if self._waiting else None

    def goes_on(self) -> bool:
        return bool(self._waiting)

    def give_back(self) -> list[Key]:
        """Those that wait here for too long: another worker may have them."""
        with self._lock:
            if time.monotonic() - self._began < _PATIENCE:
                return []
            back = [(attempt.address, attempt.number) for attempt in self._waiting]
            self._waiting.clear()
        return back


@dataclass(slots=True)
class _Here:
    """What this process keeps from one attempt of a run to the next."""

    run_id: str
    name: str  # how the run calls this process
    progress: Path  # where files of `ray_progress` are
    worker: Worker
    outbox: Outbox
    stack: ExitStack
    # That goes on, or was the last one.
    turn: _Turn


_here: _Here | None = None


def perform_here(run_id: str, post: str, batch: int, attempts: bytes, processors: float) -> bytes:
    """A batch of attempts, one after the other, in this process; pickled, and so is how they ended, as an `Outcome`.

    `post` is the actor's name. What is the same for all attempts comes from there, once a process: each argument that
    is an object of Ray's own costs as much as a short task.
    """
    return pickle.dumps(_perform(run_id, post, batch, attempts, processors))


def _perform(run_id: str, post: str, batch: int, pickled: bytes, processors: float) -> Outcome:
    try:
        here = _open(run_id, post, processors)
    except DiagnosticError as error:
        failed = Report("failed", diagnostics=error.diagnostics, failure="infrastructure")
        return Outcome([Ended((each.address, each.number), failed, 0.0) for each in pickle.loads(pickled)], 0)
    attempts: list[Attempt] = pickle.loads(pickled)
    turn = here.turn = _Turn(batch, attempts)
    with ExitStack() as stack:
        progress = None
        if len(attempts) > 1:
            progress = stack.enter_context(closing(ProgressWriter(progress_file(here.progress, batch))))
        while (attempt := turn.next()) is not None:
            key = attempt.address, attempt.number
            if progress is not None:
                progress.begins(key)
            began = time.perf_counter()
            end: Report | BaseException
            try:
                end = here.worker.perform(attempt, here.name)
            except BaseException as error:
                end = portable(error)
            ended = Ended(key, end, time.perf_counter() - began)
            if progress is not None:
                progress.ended(ended)
            here.outbox.add(ended)
    return Outcome(here.outbox.take(), turn.letters)


def progress_file(folder: Path, batch: int) -> Path:
    """Where the batch of that number writes how far it has come, in a scratch folder that all workers see."""
    return folder / f"batch-{batch}"


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
    root = folder_of_code(briefing, Path.cwd())
    share = EngineShare(
        threads=max(1, int(processors)),
        memory=int(whole_memory() * _USUAL_PART_OF_MEMORY * min(1.0, max(processors, 0.1) / (os.cpu_count() or 1))),
        scratch=f"{socket.gethostname()}-{os.getpid()}",
    )

    def send(items: list[Item]) -> None:
        here = _here
        if here is None:
            return
        back = here.turn.give_back()
        if items or back:
            # Not before the post has it: what is told later must not overtake it.
            ray.get(post.put.remote(Letter(here.turn.batch, items, back)))
            here.turn.letters += 1
        if here.turn.goes_on():
            outbox.look_again()

    outbox = Outbox(send)
    with ExitStack() as stack:
        worker = stack.enter_context(open_worker(replace(briefing, root=root), outbox.say, SmallTables(), share))
        name = f"{socket.gethostname()}/{os.getpid()}"
        progress = Storage(briefing.storage).scratch(run_id)
        _here = _Here(briefing.run_id, name, progress, worker, outbox, stack.pop_all(), _Turn(0, ()))
    return _here


def folder_of_code(briefing: Briefing, working: Path) -> Path:
    """Where the project lies here: at its own place, or as it was sent, which is this process's `working` folder.

    Raises DiagnosticError (VP832) where code is wanted and there is none.
    """
    for each in (briefing.root, working):
        if (each / "vp.toml").exists():
            return each
    if not briefing.runs_python:
        return briefing.root
    raise DiagnosticError(
        Diagnostic(
            "VP832",
            f"The Ray worker on `{socket.gethostname()}` has not the project's code: there is no `{briefing.root}` "
            "there, and the code was not sent.",
            fix=Fix(
                "Let it be sent (`send_code = true` in `[executor] ray`), or let all nodes share the project's folder "
                "by the same path."
            ),
        )
    )


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
