"""Runs tests beside any run: nothing is published, and no state is opened."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from vibepiper_interpreter.compile.compiled_operator import CompiledOperator
from vibepiper_interpreter.local_cache import LocalCache
from vibepiper_interpreter.run.briefing import Briefing
from vibepiper_interpreter.run.session import EngineShare, RunSession, Say
from vibepiper_interpreter.run.small_tables import SmallTables
from vibepiper_interpreter.run.trials.do_test import do_test
from vibepiper_interpreter.run.worker import open_worker
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError
from vibepiper_spec.model.settings import ProjectSettings

# Level and message of what user code logs, with the address of the asset.
Log = Callable[[Address, str, str], None]
_PASSED = "test passed"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the code of a project finds around it."""

    root: Path
    settings: ProjectSettings
    environment: str
    variables: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TestResult:
    """How a test ended: well where there are no diagnostics."""

    __test__ = False  # pytest collects what is called so

    test: CompiledOperator
    seconds: float
    diagnostics: tuple[Diagnostic, ...]

    @property
    def passed(self) -> bool:
        return not self.diagnostics


def run_tests(
    around: Surroundings, tests: Iterable[CompiledOperator], log: Log, workers: int, cache: LocalCache
) -> Iterator[TestResult]:
    """Each result as it is there. Those that passed are remembered in `cache`."""
    listed = list(tests)
    python = any(test.runs_python for test in listed)
    with trial_worker(around, log, python=python) as session, ThreadPoolExecutor(workers) as pool:
        pending = [pool.submit(_run, session, test) for test in listed]
        try:
            for done in as_completed(pending):
                result = done.result()
                if result.passed:
                    cache.put(_PASSED, result.test.fingerprint, b"")
                yield result
        except BaseException:
            session.interrupt()
            for each in pending:
                each.cancel()
            raise
    cache.flush()


def passed_before(tests: Iterable[CompiledOperator], cache: LocalCache) -> frozenset[Address]:
    """The tests that have passed, and nothing that they hang on has changed since."""
    listed = list(tests)
    known = cache.get_many(_PASSED, {test.fingerprint for test in listed})
    return frozenset(test.address for test in listed if test.fingerprint in known)


@contextmanager
def trial_worker(around: Surroundings, log: Log, *, python: bool) -> Iterator[RunSession]:
    """A session in which assets can be tried, from any thread; `python`: with the modules of the project."""

    def say(address: Address, _attempt: int, what: str, data: Mapping[str, Any]) -> None:
        if what == "log":
            log(address, data["level"], data["message"])

    briefing = Briefing(
        run_id="test",
        root=around.root,
        state_id="",
        storage=around.root / around.settings.storage.path,
        folders=(),
        environment=around.environment,
        variables=around.variables,
        now=datetime.now(UTC).replace(tzinfo=None),
        settings=around.settings,
        versions={},
        runs_python=python,
    )
    with open_worker(briefing, _one_at_a_time(say), SmallTables(), EngineShare(threads=1)) as worker:
        yield worker.session


def _one_at_a_time(say: Say) -> Say:
    lock = threading.Lock()

    def told(address: Address, attempt: int, what: str, data: Mapping[str, Any]) -> None:
        with lock:
            say(address, attempt, what, data)

    return told


def _run(session: RunSession, test: CompiledOperator) -> TestResult:
    began = time.perf_counter()
    try:
        with session.attempt(test.address, 1):
            do_test(session, test)
    except DiagnosticError as error:
        return TestResult(test, time.perf_counter() - began, error.diagnostics)
    except duckdb.InterruptException:
        raise KeyboardInterrupt from None
    return TestResult(test, time.perf_counter() - began, ())
