"""What is due, for people and for machines."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from vibepiper_cli.printer import Paint
from vibepiper_cli.views.plan_json import plan_json
from vibepiper_cli.views.run_json import run_json
from vibepiper_cli.views.tables import aligned
from vibepiper_cli.views.words import moment
from vibepiper_interpreter.schedule.due import Due
from vibepiper_interpreter.schedule.run_due import DueRun, Round


def render_due(run: DueRun, paint: Paint) -> str:
    """`Due in prod at 2026-03-01 06:00 UTC`, and a line for everybody."""
    rows = [_row(each) for each in run.due]
    lines = []
    for each, line in zip(run.due, aligned(rows, indent="  "), strict=True):
        lines.append(line if each.is_due else paint("faint", line))
    return "\n".join([f"Due in {paint('strong', run.environment)} at {moment(run.at)}:", *lines])


def _row(due: Due) -> tuple[str, str, str]:
    schedule = due.subject.schedule
    if schedule is None:
        return ("due", due.subject.name, "whatever has changed")
    zone = ZoneInfo(schedule.timezone)
    when = f"`{schedule.cron}` {schedule.timezone}" if schedule.cron else f"every {_spell(schedule.every)}"
    if due.is_due and due.tick is not None:
        return ("due", due.subject.name, f"since {due.tick.astimezone(zone):%Y-%m-%d %H:%M %Z}, by {when}")
    until = "never again" if due.next is None else f"until {due.next.astimezone(zone):%Y-%m-%d %H:%M %Z}"
    return ("not due", due.subject.name, f"{until}, by {when}")


def _spell(seconds: int) -> str:
    """`2h`, `90m`, `7d`: as it would be written."""
    for unit, length in (("d", 86400), ("h", 3600)):
        if seconds % length == 0:
            return f"{seconds // length}{unit}"
    return f"{seconds // 60}m"


def due_json(run: DueRun) -> dict[str, Any]:
    return {
        "environment": run.environment,
        "at": run.at.isoformat(),
        "status": run.status,
        "schedules": [
            {
                "name": each.subject.name,
                "due": each.is_due,
                "tick": None if each.tick is None else each.tick.isoformat(),
                "next": None if each.next is None else each.next.isoformat(),
                "served": each.subject.name in run.served,
            }
            for each in run.due
        ],
        "runs": [_round_json(each) for each in run.rounds],
        "diagnostics": [found.to_json() for found in run.diagnostics],
    }


def _round_json(done: Round) -> dict[str, Any]:
    if done.result is None:
        return {"run": None, "plan": plan_json(done.plan)}
    return run_json(done.result, done.plan)
