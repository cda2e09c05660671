"""What the tasks of one run share: the engine, the names of versions in it, and how to speak of failures."""

from __future__ import annotations

import os
import re
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from vibepiper_interpreter.engines.duckdb.session import SessionSettings, connect
from vibepiper_interpreter.run.briefing import Briefing
from vibepiper_interpreter.run.memory import MemoryWatch, whole_memory
from vibepiper_interpreter.run.python.planned_code import PlannedCode
from vibepiper_interpreter.run.query_places import QueryPlaces
from vibepiper_interpreter.run.ray_here import RayHere
from vibepiper_interpreter.run.redaction import Redactor
from vibepiper_interpreter.run.relations import Relations
from vibepiper_interpreter.run.small_tables import SmallTables
from vibepiper_interpreter.storage import Storage
from vibepiper_interpreter.storage.version import Part
from vibepiper_spec.address import Address
from vibepiper_spec.model.settings import ProjectSettings

# Tells the scheduler what the attempt of that number at an asset's task does. The number is 0 where it comes from a
# thread that user code has started.
Say = Callable[[Address, int, str, Mapping[str, Any]], None]

_PROCESSORS = os.cpu_count() or 1
_WRITING_THREADS = 8  # as many as DuckDB itself takes
_UNITS = {
    "": 1,
    "k": 1000,
    "m": 1000**2,
    "g": 1000**3,
    "t": 1000**4,
    "ki": 2**10,
    "mi": 2**20,
    "gi": 2**30,
    "ti": 2**40,
}
_SIZE = re.compile(r"([\d.]+)\s*([kmgt]i?)?b|([\d.]+)\s*%", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class EngineShare:
    """What of the machine one engine may use. Workers that run side by side share what there is."""

    threads: int = _PROCESSORS
    memory: int | None = None  # bytes; None leaves DuckDB's own default
    # Where it may spill below the run's scratch folder, if it is not the only one that does.
    scratch: str = ""


@dataclass(slots=True)
class _Attempt:
    """What one thread works on."""

    address: Address
    number: int
    stopped: threading.Event = field(default_factory=threading.Event)


@dataclass(slots=True)
class RunSession:
    """One run's engine and its surroundings in one process. Only `cursor` and `relations` change anything in it."""

    run_id: str
    root: Path
    storage: Storage
    environment: str
    variables: Mapping[str, Any]
    now: datetime  # UTC; the plan's
    relations: Relations
    redactor: Redactor
    place: QueryPlaces
    settings: ProjectSettings
    connection: duckdb.DuckDBPyConnection
    code: PlannedCode
    scratch: Path
    threads: int
    tell: Say
    memory: MemoryWatch = field(default_factory=MemoryWatch)
    ray: RayHere = field(default_factory=RayHere)
    cancelled: threading.Event = field(default_factory=threading.Event)
    _local: threading.local = field(default_factory=threading.local)
    _cursors: dict[int, list[duckdb.DuckDBPyConnection]] = field(default_factory=dict)  # by thread
    _attempts: dict[int, _Attempt] = field(default_factory=dict)  # by thread
    _lock: threading.Lock = field(default_factory=threading.Lock)
    # Half of the processors: the other half is the scheduler's and the state's.
    _small_lanes: threading.Semaphore = field(
        default_factory=lambda: threading.BoundedSemaphore(max(1, _PROCESSORS // 2))
    )
    _all_threads: bool = False

    @contextmanager
    def attempt(self, address: Address, number: int) -> Iterator[None]:
        """This thread works on an attempt at the asset's task until the end of the block."""
        thread = threading.get_ident()
        with self._lock:
            self._attempts[thread] = _Attempt(address, number)
        try:
            yield
        finally:
            with self._lock:
                del self._attempts[thread]
                # Those that it made beside its own are done with.
                self._cursors[thread] = [cursor for cursor in self._own_cursors() if cursor is not None]

    @property
    def stop_of_attempt(self) -> threading.Event:
        """Set when this thread shall end what it does; for what cannot look at `stopped` now and then."""
        return self._attempts[threading.get_ident()].stopped

    @property
    def stopped(self) -> bool:
        """Whether this thread shall end what it does: the run was stopped, or just this attempt."""
        mine = self._attempts.get(threading.get_ident())
        return self.cancelled.is_set() or (mine is not None and mine.stopped.is_set())

    def say(self, what: str, address: Address, data: Mapping[str, Any]) -> None:
        """Tell the scheduler what the task of `address` does, from any thread."""
        mine = self._attempts.get(threading.get_ident())
        self.tell(address, 0 if mine is None else mine.number, what, data)

    def damaged(self, address: Address, part: Part) -> None:
        """Let the scheduler know of a part that turned out unreadable."""
        self.say("damaged", address, {"part": part})

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """This thread's own cursor."""
        cursor: duckdb.DuckDBPyConnection | None = getattr(self._local, "cursor", None)
        if cursor is None:
            cursor = self._local.cursor = self.new_cursor()
        return cursor

    def plain_cursor(self) -> duckdb.DuckDBPyConnection:
        """This thread's own cursor for our own statements on small tables: to optimise one takes as long as to run it.

        Never for what a user wrote as a query: without the optimizer, a join may become the product of its tables.
        """
        cursor: duckdb.DuckDBPyConnection | None = getattr(self._local, "plain_cursor", None)
        if cursor is None:
            cursor = self._local.plain_cursor = self.new_cursor()
            cursor.execute("SET SESSION enable_optimizer = false")
        return cursor

    def _own_cursors(self) -> tuple[duckdb.DuckDBPyConnection | None, ...]:
        return getattr(self._local, "cursor", None), getattr(self._local, "plain_cursor", None)

    def new_cursor(self) -> duckdb.DuckDBPyConnection:
        """Another cursor, for statements that run while this thread's own one is busy."""
        cursor = self.connection.cursor()
        with self._lock:
            self._cursors.setdefault(threading.get_ident(), []).append(cursor)
        return cursor

    @contextmanager
    def lane(self, *, small: bool) -> Iterator[None]:
        """Where a task runs: small ones few at a time, as handing them between threads costs more than it wins.

        For the same reason the engine itself uses one thread, and no others to write files, until the first task that
        is not small.
        """
        if small:
            with self._small_lanes:
                yield
            return
        with self._lock:
            if not self._all_threads:
                self.connection.execute(f"SET GLOBAL threads = {self.threads}")
                self.connection.execute(f"SET GLOBAL async_threads = {_WRITING_THREADS}")
                self._all_threads = True
        yield

    def interrupt(self) -> None:
        """Stop every statement that runs, from any thread; tasks that look at `stopped` stop by themselves."""
        self.cancelled.set()
        with self._lock:
            for attempt in self._attempts.values():
                attempt.stopped.set()
            for thread in self._cursors:
                self._interrupt_cursors(thread)

    def interrupt_attempt(self, address: Address, number: int) -> None:
        """The same for one attempt. None that has ended, or is another's by now, is touched."""
        with self._lock:
            for thread, attempt in self._attempts.items():
                if (attempt.address, attempt.number) == (address, number):
                    attempt.stopped.set()
                    self._interrupt_cursors(thread)

    def _interrupt_cursors(self, thread: int) -> None:
        for cursor in self._cursors.get(thread, ()):
            # A task that is done with a cursor of its own has closed it.
            with suppress(duckdb.ConnectionException):
                cursor.interrupt()

    def close(self) -> None:
        """Close the engine and delete what it spilled.

        A task that was told to stop and left behind may still use it: then it ends with the process.
        """
        self.memory.close()
        self.ray.close()
        try:
            self.connection.close()
        except duckdb.Error:
            return
        shutil.rmtree(self.scratch, ignore_errors=True)


def open_session(
    briefing: Briefing, say: Say, code: PlannedCode, tables: SmallTables, share: EngineShare
) -> RunSession:
    """An engine that can reach the storage and the source files of the run, and nothing else."""
    root, storage = briefing.root, Storage(briefing.storage)
    scratch = storage.scratch(briefing.run_id) / share.scratch
    connection = connect(
        SessionSettings(
            threads=1,
            writing_threads=0,
            memory_limit=share.memory,
            temp_directory=scratch,
            allowed_directories=briefing.folders,
        ),
        now=briefing.now,
    )
    return RunSession(
        run_id=briefing.run_id,
        root=root,
        storage=storage,
        environment=briefing.environment,
        variables=briefing.variables,
        now=briefing.now,
        relations=Relations(storage, root, briefing.now, briefing.versions, tables),
        redactor=Redactor.of(root, briefing.settings),
        place=QueryPlaces(root),
        settings=briefing.settings,
        connection=connection,
        code=code,
        scratch=scratch,
        threads=share.threads,
        tell=say,
    )


def memory_limit(text: str | None) -> int | None:
    """`4GB`, `512MiB` or `50%` (of this machine's memory) in bytes."""
    if text is None:
        return None
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"not an amount of memory: {text!r}")
    if found[3]:
        return int(float(found[3]) / 100 * whole_memory())
    return int(float(found[1]) * _UNITS[(found[2] or "").lower()])
