"""Does one action: keeps, reuses or makes a version, and puts it to the checks."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

import duckdb

from vibepiper_interpreter.checks import run_checks
from vibepiper_interpreter.compile.build_settings import Append, History, Intervals, Merge, Partitions
from vibepiper_interpreter.compile.compiled import Check, Kind
from vibepiper_interpreter.engines.duckdb.parameters import fill_parameters, parameter_literals
from vibepiper_interpreter.run.conditions import Conditions
from vibepiper_interpreter.run.failures import (
    Cancelled,
    changed_while_read,
    check_failed,
    disk_full,
    engine_diagnostic,
    lost_version,
)
from vibepiper_interpreter.run.relations import changed_file, qualified
from vibepiper_interpreter.run.result import Outcome
from vibepiper_interpreter.run.session import RunSession
from vibepiper_interpreter.run.tasks.adopt import adopt
from vibepiper_interpreter.run.tasks.build_delta import build_delta
from vibepiper_interpreter.run.tasks.build_partitions import build_partitions
from vibepiper_interpreter.run.tasks.build_python import build_python
from vibepiper_interpreter.run.tasks.build_slices import build_slices
from vibepiper_interpreter.run.tasks.build_source import build_source
from vibepiper_interpreter.run.tasks.build_sql import build_sql
from vibepiper_interpreter.run.tasks.new_rows import check_new_rows
from vibepiper_interpreter.run.tasks.record import record
from vibepiper_interpreter.run.tasks.task import Report, Task
from vibepiper_interpreter.storage.version import Version
from vibepiper_spec.diagnostics import DiagnosticError

BUILDERS: Mapping[Kind, Callable[[RunSession, Task], Version]] = {
    "source": build_source,
    "sql": build_sql,
    "python": build_python,
}


def perform(session: RunSession, conditions: Conditions, task: Task) -> Report:
    """Run `task` in this thread. What a user can cause ends in a failed report; Cancelled and defects are raised."""
    with session.lane(small=task.small), session.memory.task():
        began = time.perf_counter()
        report = _told(session, conditions, task)
        session.relations.tables.done(task.asset)
        return replace(report, seconds=time.perf_counter() - began)


def _told(session: RunSession, conditions: Conditions, task: Task) -> Report:
    """What a user can cause as a failed report."""
    try:
        return _perform(session, conditions, task)
    except DiagnosticError as error:
        return Report("failed", diagnostics=error.diagnostics)
    except duckdb.Error as error:
        return Report("failed", diagnostics=(engine_diagnostic(session, task.asset, error),))
    except OSError as error:
        if error.errno not in (28, 122):  # no space left on the device; quota exceeded
            raise
        return Report("failed", diagnostics=(disk_full(task.asset),))


def _perform(session: RunSession, conditions: Conditions, task: Task) -> Report:
    if session.cancelled.is_set():
        raise Cancelled
    action = task.action
    settings = task.asset.settings
    if action.verb == "adopt":
        return _audited(
            session, task, Report("built", version := adopt(session, task), made=True), version, action.checks
        )
    if action.verb == "record" and task.keeps is not None:
        version = record(session, task, task.keeps)
        return _audited(session, task, Report("recorded", version, made=True), version, action.checks)
    if task.existing is None and isinstance(settings, Intervals | Partitions) and task.asset.kind != "source":
        if isinstance(settings, Intervals):
            report = build_slices(session, conditions, task, settings)
        else:
            report = build_partitions(session, conditions, task, settings)
        _require_unchanged_sources(session, task)
        assert report.version is not None
        if report.outcome == "kept":
            return _kept(session, task, report.version, report.because)
        return _audited(session, task, report, report.version, action.checks)
    if (
        action.conditions
        and task.keeps is not None
        and conditions.hold(session, action.conditions, task.confirmed, task.inputs)
    ):
        return _kept(session, task, task.keeps, "its inputs came out equal in the columns it uses")
    if task.existing is not None:
        outcome: Outcome = "rechecked" if action.verb == "recheck" else "repointed"
        return _audited(session, task, Report(outcome, task.existing), task.existing, action.checks)
    made = _made(session, task)
    _require_unchanged_sources(session, task)
    if made is None:
        assert task.keeps is not None
        return _kept(session, task, task.keeps, "nothing in it changed")
    report = Report("built", made, made=True, diagnostics=tuple(task.warnings))
    return _audited(session, task, report, made, action.checks)


def _kept(session: RunSession, task: Task, kept: Version, because: str) -> Report:
    """What is published stays; where the specs say something else about it, as a version of its own."""
    action = task.action
    version = record(session, task, kept) if action.records else kept
    report = Report("kept", version, made=action.records, because=because)
    return _audited(session, task, report, version, action.checks_if_kept)


def _made(session: RunSession, task: Task) -> Version | None:
    """The version that the task makes; None where what it keeps is the same."""
    if task.asset.kind != "source" and isinstance(task.asset.settings, Append | Merge | History):
        return build_delta(session, task)
    return BUILDERS[task.asset.kind](session, task)


def _audited(session: RunSession, task: Task, report: Report, version: Version, wanted: tuple[str, ...]) -> Report:
    """Give `version` its name in the session, and put it to the checks in `wanted`."""
    if not report.made and not session.storage.has(version):
        raise DiagnosticError(lost_version(version))
    cursor = session.cursor()
    session.relations.declare(cursor, version)
    checks = tuple(_filled(check, session.now) for check in task.asset.checks if check.id in wanted)
    if not checks:
        return report
    plain = session.plain_cursor() if session.relations.tables.holds_version(version) else None
    if report.made and task.action.checks_new_rows:
        checked = check_new_rows(session, task, version, checks)
    else:
        checked = run_checks(cursor, qualified(version.address), version, checks, plain)
    failed = tuple(
        check_failed(task.asset, result)
        for result in checked.results
        if not result.passed and result.severity == "error"
    )
    if not failed:
        return replace(report, checked=checked)
    if task.keeps is not None and task.keeps is not version:
        # What goes on in this run sees what stays published.
        session.relations.declare(cursor, task.keeps)
    return replace(report, outcome="failed", checked=checked, diagnostics=failed)


def _filled(check: Check, now: datetime) -> Check:
    """The check with values in the place of its `$parameters`."""
    if not check.parameters:
        return check
    literals = parameter_literals(check.parameters, check.values, now)

    def fill(text: str | None) -> str | None:
        return None if text is None else fill_parameters(text, literals).text

    arguments = tuple((name, fill(value) if name == "query" else value) for name, value in check.arguments)
    return replace(check, condition=fill(check.condition), where=fill(check.where), arguments=arguments)


def _require_unchanged_sources(session: RunSession, task: Task) -> None:
    """Files that were read in place must still be what their version says, or nobody knows what was read."""
    for version in task.inputs.values():
        changed = changed_file(session.root, session.relations.files_read_in_place(version))
        if changed is not None:
            raise DiagnosticError(changed_while_read(version.asset, changed.path, "changed while it was read"))
