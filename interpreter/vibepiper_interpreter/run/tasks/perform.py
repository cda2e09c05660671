"""Does one action: keeps, reuses or makes a version, and puts it to the checks."""

from __future__ import annotations

import time
from dataclasses import replace

import duckdb

from vibepiper_interpreter.run.conditions import Conditions
from vibepiper_interpreter.run.failure_class import failure_class
from vibepiper_interpreter.run.failures import Cancelled, disk_full, engine_diagnostic
from vibepiper_interpreter.run.session import RunSession
from vibepiper_interpreter.run.tasks.audit import audit
from vibepiper_interpreter.run.tasks.do import do
from vibepiper_interpreter.run.tasks.task import Report, Task
from vibepiper_spec.diagnostics import DiagnosticError


def perform(session: RunSession, conditions: Conditions, task: Task) -> Report:
    """Run `task` in this thread. What a user can cause ends in a failed report; Cancelled and defects are raised."""
    with session.lane(small=task.small), session.memory.task():
        began = time.perf_counter()
        report = _told(session, conditions, task)
        return replace(report, seconds=time.perf_counter() - began)


def _told(session: RunSession, conditions: Conditions, task: Task) -> Report:
    """What a user can cause as a failed report."""
    try:
        return _perform(session, conditions, task)
    except DiagnosticError as error:
        return Report("failed", diagnostics=error.diagnostics, failure=failure_class(error))
    except duckdb.Error as error:
        found = engine_diagnostic(session, task.asset, error)
        return Report("failed", diagnostics=(found,), failure=failure_class(error))
    except OSError as error:
        if error.errno not in (28, 122):  # no space left on the device; quota exceeded
            raise
        return Report("failed", diagnostics=(disk_full(task.asset),), failure=failure_class(error))


def _perform(session: RunSession, conditions: Conditions, task: Task) -> Report:
    if session.stopped:
        raise Cancelled
    session.relations.show(session.cursor(), task.reads)
    report = do(session, conditions, task)
    if session.stopped:
        raise Cancelled  # nobody waits for it any more, and what it reads may have moved on
    if report.version is None:
        return report  # some of its slices, or who is to make them
    checks = task.action.checks_if_kept if report.outcome == "kept" else task.action.checks
    return audit(session, task, report, report.version, checks)
