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

from vibepiper_interpreter.connectors.file import folders_of
from vibepiper_interpreter.engines.duckdb.session import SessionSettings, connect
from vibepiper_interpreter.run.memory import MemoryWatch
from vibepiper_interpreter.run.python.planned_code import PlannedCode
from vibepiper_interpreter.run.redaction import Redactor
from vibepiper_interpreter.run.relations import Relations
from vibepiper_interpreter.run.run import Run
from vibepiper_interpreter.run.small_tables import SmallTables
from vibepiper_interpreter.storage import Storage
from vibepiper_interpreter.storage.version import Part, SourceFile, Version
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Place

# Where a range of code points of an asset's query stands in a file of the project, if the caller can tell.
PlaceInQuery = Callable[[Address, int, int], Place | None]

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


@dataclass(slots=True)
class RunSession:
    """One run's engine and its surroundings. Tasks get it; only `cursor` and `relations` change anything in it."""

    run_id: str
    root: Path
    storage: Storage
    environment: str
    variables: Mapping[str, Any]
    now: datetime  # UTC; the plan's
    relations: Relations
    redactor: Redactor
    place: PlaceInQuery
    # Called by tasks, from their threads, to tell what they do.
    say: Callable[[str, Address, Mapping[str, Any]], None]
    connection: duckdb.DuckDBPyConnection
    code: PlannedCode
    # Parts that turned out unreadable while they were read: the run notes them in the state when it ends.
    damaged: list[Part] = field(default_factory=list)
    memory: MemoryWatch = field(default_factory=MemoryWatch)
    cancelled: threading.Event = field(default_factory=threading.Event)
    _local: threading.local = field(default_factory=threading.local)
    _cursors: list[duckdb.DuckDBPyConnection] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    # Half of the processors: the other half is the scheduler's and the state's.
    _small_lanes: threading.Semaphore = field(
        default_factory=lambda: threading.BoundedSemaphore(max(1, _PROCESSORS // 2))
    )
    _all_threads: bool = False

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

    def new_cursor(self) -> duckdb.DuckDBPyConnection:
        """Another cursor, for statements that run while this thread's own one is busy."""
        cursor = self.connection.cursor()
        with self._lock:
            self._cursors.append(cursor)
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
                self.connection.execute(f"SET GLOBAL threads = {_PROCESSORS}")
                self.connection.execute(f"SET GLOBAL async_threads = {_WRITING_THREADS}")
                self._all_threads = True
        yield

    def interrupt(self) -> None:
        """Stop every statement that runs, from any thread; tasks that look at `cancelled` stop by themselves."""
        self.cancelled.set()
        with self._lock:
            for cursor in self._cursors:
                # A task that is done with a cursor of its own has closed it.
                with suppress(duckdb.ConnectionException):
                    cursor.interrupt()

    def close(self) -> None:
        """Close the engine and delete what it spilled.

        A task that was told to stop and left behind may still use it: then it ends with the process.
        """
        self.memory.close()
        try:
            self.connection.close()
        except duckdb.Error:
            return
        shutil.rmtree(self.storage.scratch(self.run_id), ignore_errors=True)


def open_session(run: Run, versions: Mapping[str, Version], code: PlannedCode, place: PlaceInQuery) -> RunSession:
    """An engine that can reach the storage and the source files of the plan and of `versions`, and nothing else."""
    plan, root, storage = run.plan, run.root, run.storage
    files: list[SourceFile] = [file for action in plan.actions for file in action.source_files]
    files += [file for version in versions.values() if not version.parts for file in version.source_files]
    connection = connect(
        SessionSettings(
            threads=1,
            writing_threads=0,
            memory_limit=_memory_limit(run.settings.executor.memory),
            temp_directory=storage.scratch(run.id),
            allowed_directories=(storage.root, *folders_of(root, files)),
        ),
        now=plan.created_at,
    )
    return RunSession(
        run_id=run.id,
        root=root,
        storage=storage,
        environment=plan.environment,
        variables=plan.variables,
        now=plan.created_at,
        relations=Relations(storage, root, plan.created_at, versions, SmallTables(plan)),
        redactor=Redactor.of(root, run.settings),
        place=place,
        say=run.say,
        connection=connection,
        code=code,
    )


def _memory_limit(text: str | None) -> int | None:
    """`4GB`, `512MiB` or `50%` (of this machine's memory) in bytes."""
    if text is None:
        return None
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"not an amount of memory: {text!r}")
    if found[3]:
        return int(float(found[3]) / 100 * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    return int(float(found[1]) * _UNITS[(found[2] or "").lower()])
