"""Past runs: a line each, or one in full."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from vibepiper_cli.printer import Paint
from vibepiper_cli.views.checks import render_checks
from vibepiper_cli.views.events import event_json
from vibepiper_cli.views.predicted import estimate_json, time_in_words
from vibepiper_cli.views.run_json import check_json
from vibepiper_cli.views.tables import aligned, render_table
from vibepiper_cli.views.words import count, listed, moment, seconds, size
from vibepiper_interpreter.item_address import owner
from vibepiper_interpreter.run.events import Event
from vibepiper_interpreter.state.records import RunRecord, RunSummary, TaskRecord
from vibepiper_spec.address import Address

_ROLES = {"succeeded": "good", "failed": "error", "cancelled": "warning", "interrupted": "warning", "running": "info"}


def render_runs(runs: Sequence[RunSummary], paint: Paint) -> str:
    rows = [
        (
            run.id,
            run.environment,
            run.status,
            f"{run.actions:,}",
            "" if run.seconds is None else seconds(run.seconds),
            moment(run.started_at),
            run.owner,
        )
        for run in runs
    ]
    header = ("run", "environment", "status", "actions", "took", "started", "by")
    head, rule, *lines = render_table(header, rows, paint, right=(3, 4)).split("\n")
    coloured = [
        line.replace(run.status, paint(_ROLES[run.status], run.status), 1)
        for run, line in zip(runs, lines, strict=True)
    ]
    return "\n".join([head, rule, *coloured])


def render_record(record: RunRecord, paint: Paint, *, events: bool) -> str:
    run = record.summary
    took = "" if run.seconds is None else f" in {seconds(run.seconds)}"
    head = [
        f"Run {paint('strong', run.id)} in `{run.environment}`: {paint(_ROLES[run.status], run.status)}{took}",
        f"Started {moment(run.started_at)} by {run.owner}, {count(run.actions, 'action')} in the plan",
    ]
    if run.selection:
        head.append(f"Selected {listed(run.selection)}")
    blocks = ["\n".join(head), "\n".join(_tasks(record))]
    if failed := [check for check in record.checks if not check.passed]:
        blocks.append(render_checks(failed, paint))
    if events:
        blocks.append("\n".join(_events(record)))
    return "\n\n".join(block for block in blocks if block)


def _tasks(record: RunRecord) -> list[str]:
    attempts = Counter(attempt.address for attempt in record.attempts)
    items: dict[Address, Counter[str]] = {}
    for event in record.events:
        if event.type == "item_finished" and event.address is not None:
            items.setdefault(owner(event.address), Counter())[str(event.data["outcome"])] += 1
    rows = []
    for task in record.tasks:
        rows.append(
            (
                task.outcome or "not done",
                str(task.address),
                "" if task.rows is None else count(task.rows, "row"),
                _items(items.get(task.address)),
                seconds(task.seconds) if task.seconds else "",
                "" if task.peak_memory is None else f"process {size(task.peak_memory)}",
                _predicted(task),
                f"{attempts[task.address]} attempts" if attempts[task.address] > 1 else "",
                "" if task.published else "not published",
                task.because or "; ".join(words for _, words in task.reasons),
            )
        )
    lines = []
    for task, line in zip(record.tasks, aligned(rows, right=(2, 4, 5), indent="  "), strict=True):
        lines.append(line)
        lines += [f"      {found['code']} {found['summary']}: {found['detail']}" for found in task.diagnostics]
    return lines


def _items(ended: Counter[str] | None) -> str:
    """`12 items`, `11 of 12 items`: of those that were begun, how many did not fail."""
    if ended is None:
        return ""
    done = ended.total() - ended["failed"]
    return count(done, "item") if done == ended.total() else f"{done:,} of {count(ended.total(), 'item')}"


def _predicted(task: TaskRecord) -> str:
    """`predicted 10 s (8.0 to 14 s)`"""
    if task.outcome not in ("built", "done") or task.estimate is None or task.estimate.seconds is None:
        return ""
    return f"predicted {time_in_words(task.estimate.seconds, task.estimate.seconds_band)}"


def _events(record: RunRecord) -> list[str]:
    rows = []
    for event in record.events:
        data = ", ".join(f"{key} {value}" for key, value in event.data.items() if value not in (None, ""))
        rows.append((f"{event.at:%H:%M:%S.%f}"[:-3], event.type, str(event.address or ""), data))
    return aligned(rows, indent="  ")


# The events that are logs: what user code told, and how attempts ended that did not succeed.
TOLD = ("log", "task_retried", "task_failed")
_LEVELS = {"error": "error", "critical": "error", "warning": "warning", "stderr": "warning"}


def render_logs(events: Sequence[Event], paint: Paint) -> str:
    """`12:00:01.250  shop.churn  info  scored 12 customers`, a line of text each."""
    rows = [
        (f"{event.at:%H:%M:%S.%f}"[:-3], str(event.address), log["level"], line)
        for event in events
        for log in (log_json(event),)
        for line in (log["message"].splitlines() or [""])
    ]
    coloured = []
    for row, line in zip(rows, aligned(rows, indent=""), strict=True):
        role = _LEVELS.get(row[2])
        coloured.append(line if role is None else line.replace(f" {row[2]} ", f" {paint(role, row[2])} ", 1))
    return "\n".join(coloured)


def log_json(event: Event) -> dict[str, Any]:
    data = event.data
    match event.type:
        case "task_retried":
            told = {
                "level": "warning",
                "message": f"attempt {data['attempt']} failed: {data['code']}: {data['detail']}",
            }
        case "task_failed":
            told = {"level": "error", "message": f"failed: {data.get('code', '')}: {data.get('detail', '')}"}
        case _:
            told = {"level": str(data.get("level", "info")), "message": str(data.get("message", ""))}
    return {"at": event.at.isoformat(), "address": str(event.address), **told}


def summary_json(run: RunSummary) -> dict[str, Any]:
    return {
        "id": run.id,
        "environment": run.environment,
        "status": run.status,
        "owner": run.owner,
        "plan": run.plan_id,
        "selection": list(run.selection),
        "actions": run.actions,
        "seconds": run.seconds,
        "started_at": run.started_at.isoformat(),
        "finished_at": None if run.finished_at is None else run.finished_at.isoformat(),
    }


def record_json(record: RunRecord) -> dict[str, Any]:
    return {
        **summary_json(record.summary),
        "tasks": [
            {
                "address": str(task.address),
                "verb": task.verb,
                "reasons": [{"code": code, "words": words} for code, words in task.reasons],
                "outcome": task.outcome,
                "published": task.published,
                "version": task.version_id,
                "rows": task.rows,
                "bytes": task.bytes,
                "seconds": task.seconds,
                "process_peak_memory": task.peak_memory,
                "because": task.because,
                "predicted": estimate_json(task.estimate),
                "diagnostics": list(task.diagnostics),
            }
            for task in record.tasks
        ],
        "attempts": [
            {
                "address": str(attempt.address),
                "number": attempt.number,
                "worker": attempt.worker,
                "started_at": attempt.started_at.isoformat(),
                "finished_at": None if attempt.finished_at is None else attempt.finished_at.isoformat(),
                "outcome": attempt.outcome,
                "detail": attempt.detail,
            }
            for attempt in record.attempts
        ],
        "checks": [{"address": str(check.address), **check_json(check)} for check in record.checks],
        "events": [event_json(event) for event in record.events],
    }
