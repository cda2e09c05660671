"""Questions about past runs: what was planned and why, how each task ended, what the checks said."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, func, select

from vibepiper_interpreter.compile.serial import value_from_json
from vibepiper_interpreter.estimate import Estimate
from vibepiper_interpreter.run.events import Event
from vibepiper_interpreter.run.result import CheckResult
from vibepiper_interpreter.state.records import AttemptRecord, RunRecord, RunStatus, RunSummary, TaskRecord
from vibepiper_interpreter.state.rows import parse_address
from vibepiper_interpreter.state.tables import attempts, check_results, events, leases, runs, tasks, versions
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError, Fix, did_you_mean


def latest_runs(connection: Connection, limit: int, environment: str | None, now: datetime) -> list[RunSummary]:
    """Newest first."""
    question = _runs().order_by(runs.c.started_at.desc(), runs.c.id.desc()).limit(limit)
    if environment is not None:
        question = question.where(runs.c.environment == environment)
    return [_summary(row, now) for row in connection.execute(question)]


def run(connection: Connection, run_id: str, now: datetime) -> RunRecord:
    """The run whose id is `run_id`, or begins so where only one does. VP707 where there is none."""
    found = _find(connection, run_id)
    of = found.id
    made = connection.execute(
        select(versions.c.id, versions.c.peak_memory)
        .join(tasks, tasks.c.version_id == versions.c.id)
        .where(tasks.c.run_id == of, versions.c.run_id == of)
    )
    memory: dict[str, int | None] = {row.id: row.peak_memory for row in made}
    return RunRecord(
        _summary(found, now),
        tuple(_task(row, memory) for row in connection.execute(_of_run(tasks, of).order_by(tasks.c.position))),
        tuple(
            AttemptRecord(
                parse_address(row.address),
                row.number,
                row.worker,
                row.started_at,
                row.finished_at,
                row.outcome,
                row.detail,
            )
            for row in connection.execute(_of_run(attempts, of).order_by(attempts.c.started_at, attempts.c.address))
        ),
        tuple(
            check_result(row)
            for row in connection.execute(
                _of_run(check_results, of).order_by(check_results.c.address, check_results.c.check_id)
            )
        ),
        tuple(
            Event(
                row.run_id,
                row.number,
                row.at,
                row.type,
                None if row.address is None else parse_address(row.address),
                value_from_json(json.loads(row.data)),
            )
            for row in connection.execute(_of_run(events, of).order_by(events.c.number))
        ),
    )


def summary(connection: Connection, run_id: str, now: datetime) -> RunSummary:
    """The same in a line."""
    return _summary(_find(connection, run_id), now)


def _find(connection: Connection, run_id: str) -> Row[Any]:
    found = connection.execute(_runs().where(runs.c.id.startswith(run_id, autoescape=True)).limit(2)).all()
    exact = [row for row in found if row.id == run_id] or found
    if not run_id or len(exact) != 1:
        raise DiagnosticError(_unknown(connection, run_id, ambiguous=len(exact) > 1))
    return exact[0]


def latest_checks(connection: Connection, version_id: str) -> list[CheckResult]:
    """How each check of a version ended last."""
    rows = connection.execute(
        select(check_results)
        .join(runs, runs.c.id == check_results.c.run_id)
        .where(check_results.c.version_id == version_id)
        .order_by(runs.c.started_at)
    )
    return list({row.check_id: check_result(row) for row in rows}.values())


def check_result(row: Row[Any]) -> CheckResult:
    columns, sample = json.loads(row.sample)
    return CheckResult(
        address=parse_address(row.address),
        version_id=row.version_id,
        check=row.check_id,
        rule=row.rule,
        column=row.column_name,
        severity=row.severity,
        passed=row.passed,
        failing=row.failing,
        detail=row.detail,
        sample_columns=tuple(columns),
        sample_rows=tuple(tuple(values) for values in sample),
    )


def _of_run(table: Any, run_id: str) -> Select[Any]:
    return select(table).where(table.c.run_id == run_id)


def _runs() -> Select[Any]:
    """Runs, with what it takes to tell a running one from one that died."""
    later = runs.alias("later")
    newest = select(func.max(later.c.started_at)).where(later.c.environment == runs.c.environment).scalar_subquery()
    return select(runs, newest.label("newest"), leases.c.held, leases.c.expires_at).outerjoin(
        leases, leases.c.environment == runs.c.environment
    )


def _summary(row: Row[Any], now: datetime) -> RunSummary:
    status: RunStatus = row.status
    # A run that was killed cannot say so. It can only be alive if it is the newest, and its lease is kept up.
    if status == "running" and not (row.started_at == row.newest and row.held and row.expires_at > now):
        status = "interrupted"
    return RunSummary(
        id=row.id,
        environment=row.environment,
        plan_id=row.plan_id,
        owner=row.owner,
        selection=tuple(json.loads(row.selection)),
        actions=row.actions,
        status=status,
        seconds=row.seconds,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )


def _task(row: Row[Any], memory: Mapping[str, int | None]) -> TaskRecord:
    return TaskRecord(
        address=parse_address(row.address),
        verb=row.verb,
        component=row.component,
        reasons=tuple((code, words) for code, words in json.loads(row.reasons)),
        outcome=row.outcome,
        published=row.published,
        version_id=row.version_id,
        rows=row.rows,
        bytes=row.bytes,
        seconds=row.seconds,
        because=row.because,
        diagnostics=tuple(json.loads(row.diagnostics)),
        peak_memory=memory.get(row.version_id),
        estimate=None if row.estimate is None else Estimate.from_json(json.loads(row.estimate)),
    )


def _unknown(connection: Connection, run_id: str, ambiguous: bool) -> Diagnostic:
    if ambiguous and run_id:
        detail = f"More than one run has an id that begins with `{run_id}`."
    else:
        latest = connection.execute(select(runs.c.id).order_by(runs.c.started_at.desc()).limit(100)).scalars().all()
        detail = f"No run has the id `{run_id}`.{did_you_mean(run_id, latest)}"
    return Diagnostic("VP707", detail, fix=Fix("List the runs with `vp runs`."))
