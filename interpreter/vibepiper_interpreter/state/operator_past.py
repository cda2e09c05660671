"""What became of a task operator in an environment: what it has done, and how its last run ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from vibepiper_interpreter.item_address import key_of, owner
from vibepiper_interpreter.state import runs as past_runs
from vibepiper_interpreter.state.operator_result import OperatorResult
from vibepiper_interpreter.state.operator_results import results_of
from vibepiper_interpreter.state.records import AttemptRecord, RunRecord, RunSummary, TaskRecord
from vibepiper_interpreter.state.tables import runs, tasks
from vibepiper_spec.address import Address


@dataclass(frozen=True, slots=True)
class FailedItem:
    """An item that failed in the last run that the operator was in."""

    key: str
    code: str  # of its diagnostic
    detail: str


@dataclass(frozen=True, slots=True)
class OperatorPast:
    """`results` are what need not be done again before something changes, with when (UTC) it was: of the whole
    operator, and of each item. `run` is the last one that it was in, `task` how that ended for it; None: it never was.
    """

    results: tuple[tuple[OperatorResult, datetime], ...] = ()
    run: RunSummary | None = None
    task: TaskRecord | None = None
    attempts: tuple[AttemptRecord, ...] = ()  # of that run, those at its items not among them
    failed_items: tuple[FailedItem, ...] = ()  # of that run


def operator_past(connection: Connection, environment: str, address: Address, now: datetime) -> OperatorPast:
    """What is known of `address`, in the order of its items."""
    results = tuple(results_of(connection, environment, address))
    last = connection.execute(
        select(runs.c.id)
        .join(tasks, tasks.c.run_id == runs.c.id)
        .where(runs.c.environment == environment, tasks.c.address == str(address))
        .order_by(runs.c.started_at.desc(), runs.c.id.desc())
        .limit(1)
    ).scalar()
    if last is None:
        return OperatorPast(results)
    record = past_runs.run(connection, last, now)
    return OperatorPast(
        results,
        record.summary,
        next(task for task in record.tasks if task.address == address),
        tuple(attempt for attempt in record.attempts if attempt.address == address),
        _failed_items(record, address),
    )


def _failed_items(record: RunRecord, address: Address) -> tuple[FailedItem, ...]:
    return tuple(
        FailedItem(key_of(event.address), str(event.data.get("code", "")), str(event.data.get("detail", "")))
        for event in record.events
        if event.type == "item_finished" and event.data.get("outcome") == "failed"
        if event.address is not None and owner(event.address) == address
    )
