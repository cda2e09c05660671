"""The result of a run for machines."""

from __future__ import annotations

from typing import Any

from vibepiper_cli.views.predicted import estimate_json
from vibepiper_interpreter.plan.plan import Plan
from vibepiper_interpreter.run.result import CheckResult, RunResult, TaskResult


def run_json(result: RunResult, plan: Plan) -> dict[str, Any]:
    predicted = {action.address: action.estimate for action in plan.actions}
    return {
        "run": result.run_id,
        "environment": result.environment,
        "status": result.status,
        "seconds": round(result.seconds, 3),
        "tasks": [{**_task(task), "predicted": estimate_json(predicted.get(task.address))} for task in result.tasks],
        "diagnostics": [found.to_json() for found in result.diagnostics],
    }


def _task(task: TaskResult) -> dict[str, Any]:
    return {
        "address": str(task.address),
        "outcome": task.outcome,
        "published": task.published,
        "version": task.version_id,
        "rows": task.rows,
        "bytes": task.bytes,
        "seconds": round(task.seconds, 3),
        "attempts": task.attempts,
        "because": task.because,
        "checks": [check_json(check) for check in task.checks],
        "diagnostics": [found.to_json() for found in task.diagnostics],
    }


def check_json(check: CheckResult) -> dict[str, Any]:
    return {
        "check": check.check,
        "rule": check.rule,
        "column": check.column,
        "severity": check.severity,
        "passed": check.passed,
        "failing": check.failing,
        "detail": check.detail,
        "sample": {"columns": list(check.sample_columns), "rows": [list(row) for row in check.sample_rows]},
    }
