"""What a run writes: itself, batches of what was made, and the moved pointers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Table, bindparam, delete, insert, select, update

from vibepiper_interpreter.compile.serial import value_to_json
from vibepiper_interpreter.run.result import CheckResult, TaskResult
from vibepiper_interpreter.state.descent import join_over
from vibepiper_interpreter.state.records import Batch, Pointer
from vibepiper_interpreter.state.rows import (
    NOTHING,
    Values,
    definition_row,
    inputs_to_text,
    to_text,
    version_row,
    with_checksums,
)
from vibepiper_interpreter.state.tables import (
    attempts,
    audits,
    check_results,
    definitions,
    environments,
    events,
    pointers,
    publications,
    runs,
    tasks,
    versions,
)
from vibepiper_interpreter.storage.version import Version
from vibepiper_spec.address import Address

if TYPE_CHECKING:
    from vibepiper_interpreter.plan.plan import Plan


def add_environment(connection: Connection, environment: str, now: datetime) -> None:
    """Make an environment, if it is not there."""
    _insert_missing(connection, environments, [{"name": environment, "serial": 0, "created_at": now}])


def begin_run(connection: Connection, run_id: str, plan: Plan, owner: str, now: datetime) -> None:
    """Write down what is going to be done, and why."""
    connection.execute(
        insert(runs).values(
            id=run_id,
            environment=plan.environment,
            plan_id=plan.id,
            digest=plan.digest,
            engine_version=plan.engine_version,
            selection=to_text(list(plan.selection)),
            owner=owner,
            actions=len(plan.actions),
            status="running",
            started_at=now,
        )
    )
    _insert(
        connection,
        tasks,
        [
            {
                "run_id": run_id,
                "address": str(action.address),
                "position": position,
                "verb": action.verb,
                "component": action.component,
                "reasons": to_text([[reason.code, reason.words] for reason in action.reasons]),
                "estimate": None if action.estimate is None else to_text(action.estimate.to_json()),
                "published": False,
                "seconds": 0.0,
                "because": "",
                "diagnostics": "[]",
            }
            for position, action in enumerate(plan.actions)
        ],
    )


def finish_run(connection: Connection, run_id: str, status: str, seconds: float, now: datetime) -> None:
    connection.execute(update(runs).where(runs.c.id == run_id).values(status=status, seconds=seconds, finished_at=now))


def write_batch(connection: Connection, batch: Batch) -> None:
    """One statement a table, whatever the number of rows."""
    _insert_versions(connection, batch.versions)
    _insert_missing(
        connection,
        audits,
        [
            {
                "version_id": audit.version_id,
                "checks_fingerprint": audit.checks_fingerprint,
                "passed": audit.passed,
                "inputs": inputs_to_text(audit.inputs),
                "run_id": audit.run_id,
                "at": audit.at,
            }
            for audit in batch.audits
        ],
        replace=("passed", "inputs", "run_id", "at"),
    )
    _update_tasks(connection, batch.run_id, batch.tasks)
    _insert(
        connection,
        attempts,
        [
            {
                "run_id": batch.run_id,
                "address": str(attempt.address),
                "number": attempt.number,
                "worker": attempt.worker,
                "started_at": attempt.started_at,
                "finished_at": attempt.finished_at,
                "outcome": attempt.outcome,
                "detail": attempt.detail,
            }
            for attempt in batch.attempts
        ],
    )
    _insert(connection, check_results, [_check_row(batch.run_id, check) for check in batch.checks])
    _insert(
        connection,
        events,
        [
            {
                "run_id": event.run_id,
                "number": event.number,
                "at": event.at,
                "type": event.type,
                "address": None if event.address is None else str(event.address),
                "data": to_text(value_to_json(event.data)),
            }
            for event in batch.events
        ],
    )


def move_pointers(
    connection: Connection,
    environment: str,
    new_serial: int,
    changes: Mapping[Address, Pointer | None],
    run_id: str,
    components: Mapping[Address, int],
    now: datetime,
) -> None:
    """Point to what `changes` says, drop where it says None, and note every move. The caller holds the lease's row."""
    if changes:
        connection.execute(
            delete(pointers).where(pointers.c.environment == bindparam("of"), pointers.c.address == bindparam("moved")),
            [{"of": environment, "moved": str(address)} for address in changes],
        )
    moves = [
        {
            "environment": environment,
            "address": str(address),
            "version_id": None if pointer is None else pointer.version_id,
            "inputs": inputs_to_text(() if pointer is None else pointer.inputs),
        }
        for address, pointer in changes.items()
    ]
    _insert(connection, pointers, [move for move in moves if move["version_id"] is not None])
    _insert(
        connection,
        publications,
        [
            {**move, "serial": new_serial, "run_id": run_id, "component": components.get(address, 0), "at": now}
            for address, move in zip(changes, moves, strict=True)
        ],
    )
    connection.execute(update(environments).where(environments.c.name == environment).values(serial=new_serial))


def refresh_meanings(connection: Connection, refreshed: Iterable[Version]) -> None:
    """Write the definition, fingerprint and key of versions anew; what a version holds never changes."""
    rows = []
    used: dict[str, Values] = {}
    for version in refreshed:
        definition = definition_row(version.asset)
        used[definition["id"]] = definition
        rows.append(
            {
                "of": version.id,
                "definition_id": definition["id"],
                "fingerprint": version.asset.fingerprint,
                "key": version.key,
            }
        )
    _insert_missing(connection, definitions, list(used.values()))
    if rows:
        connection.execute(update(versions).where(versions.c.id == bindparam("of")), rows)
    _drop_unused_definitions(connection)


def write_checksums(connection: Connection, checksums: Mapping[str, str]) -> None:
    """Note by path what parts are known by, in every version that has them."""
    rows = connection.execute(select(versions.c.id, versions.c.parts)).all()
    changed = [{"of": row.id, "parts": with_checksums(row.parts, checksums)} for row in rows if row.parts != NOTHING]
    before = {row.id: row.parts for row in rows}
    changed = [row for row in changed if row["parts"] != before[row["of"]]]
    if changed:
        connection.execute(update(versions).where(versions.c.id == bindparam("of")), changed)


def delete_versions(connection: Connection, ids: Sequence[str]) -> None:
    """Forget versions, and definitions that no version is left of."""
    join_over(connection, frozenset(ids))
    connection.execute(
        delete(versions).where(versions.c.id == bindparam("forgotten")), [{"forgotten": each} for each in ids]
    )
    _drop_unused_definitions(connection)


def _drop_unused_definitions(connection: Connection) -> None:
    connection.execute(delete(definitions).where(definitions.c.id.not_in(select(versions.c.definition_id))))


def _insert_versions(connection: Connection, made: Iterable[Version]) -> None:
    rows: list[Values] = []
    used: dict[str, Values] = {}
    for version in made:
        definition = definition_row(version.asset)
        used[definition["id"]] = definition
        rows.append(version_row(version, definition["id"]))
    _insert_missing(connection, definitions, list(used.values()))
    _insert(connection, versions, rows)


def _update_tasks(connection: Connection, run_id: str, results: Sequence[TaskResult]) -> None:
    if not results:
        return
    connection.execute(
        update(tasks).where(tasks.c.run_id == run_id, tasks.c.address == bindparam("of")),
        [
            {
                "of": str(result.address),
                "outcome": result.outcome,
                "published": result.published,
                "version_id": result.version_id,
                "rows": result.rows,
                "bytes": result.bytes,
                "seconds": result.seconds,
                "because": result.because,
                "diagnostics": to_text([diagnostic.to_json() for diagnostic in result.diagnostics]),
            }
            for result in results
        ],
    )


def _check_row(run_id: str, check: CheckResult) -> Values:
    return {
        "run_id": run_id,
        "version_id": check.version_id,
        "check_id": check.check,
        "address": str(check.address),
        "rule": check.rule,
        "column_name": check.column,
        "severity": check.severity,
        "passed": check.passed,
        "failing": check.failing,
        "detail": check.detail,
        "sample": to_text([check.sample_columns, check.sample_rows]),
    }


def _insert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        connection.execute(insert(table), rows)


def _insert_missing(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], replace: Sequence[str] = ()
) -> None:
    """Insert rows whose key is new; where it is known, write the columns of `replace` (none: leave it alone)."""
    if not rows:
        return
    statement = _dialect_insert(connection)(table)
    if replace:
        keys = list(table.primary_key.columns)
        values = {name: statement.excluded[name] for name in replace}
        connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=values), rows)
    else:
        connection.execute(statement.on_conflict_do_nothing(), rows)


def _dialect_insert(connection: Connection) -> Any:
    """The INSERT that knows ON CONFLICT. Importing the other database's dialect takes as long as planning."""
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql.insert
    from sqlalchemy.dialects import sqlite

    return sqlite.insert
