"""Puts what a task stands at to the checks that its action asks for."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from vibepiper_interpreter.checks import run_checks
from vibepiper_interpreter.compile.compiled import Check
from vibepiper_interpreter.engines.duckdb.parameters import fill_parameters, parameter_literals
from vibepiper_interpreter.run.bad_rows import check_failed
from vibepiper_interpreter.run.failures import lost_version
from vibepiper_interpreter.run.relations import qualified
from vibepiper_interpreter.run.session import RunSession
from vibepiper_interpreter.run.tasks.new_rows import check_new_rows
from vibepiper_interpreter.run.tasks.task import Report, Task
from vibepiper_interpreter.storage.version import Version
from vibepiper_spec.diagnostics import DiagnosticError


def audit(session: RunSession, task: Task, report: Report, version: Version, wanted: tuple[str, ...]) -> Report:
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
    return replace(report, outcome="failed", checked=checked, diagnostics=failed, failure="data")


def _filled(check: Check, now: datetime) -> Check:
    """The check with values in the place of its `$parameters`."""
    if not check.parameters:
        return check
    literals = parameter_literals(check.parameters, check.values, now)

    def fill(text: str | None) -> str | None:
        return None if text is None else fill_parameters(text, literals).text

    arguments = tuple((name, fill(value) if name == "query" else value) for name, value in check.arguments)
    return replace(check, condition=fill(check.condition), where=fill(check.where), arguments=arguments)
