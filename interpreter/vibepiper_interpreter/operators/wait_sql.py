"""`[task.wait.sql.NAME]`: waits until a query of a database is true."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from vibepiper_interpreter.operators.call import Call, Done, NotYet, OperatorFailed
from vibepiper_interpreter.operators.databases import database_of
from vibepiper_interpreter.operators.databases.database import Refusal
from vibepiper_interpreter.operators.ending import stopped_by
from vibepiper_interpreter.operators.failing import sentence, whole_notes
from vibepiper_interpreter.operators.sql import FirstRow, connected, refused, run_statement
from vibepiper_spec.diagnostics import Diagnostic, Fix


@dataclass(frozen=True, slots=True)
class WaitSqlSettings:
    connection: str
    query: str


def wait_sql(call: Call, settings: WaitSqlSettings) -> Done | NotYet:
    """Whether the query gives a row; one single value must be true as well (not false, 0 or NULL). Outputs: that row.

    A server that does not answer is not yet there. Raises OperatorFailed (VP815, VP816, VP606).
    """
    database = database_of(call.connection(settings.connection), call.root)
    try:
        with (
            connected(call, settings.connection, database, read_only=True) as session,
            refused(database, lambda refusal: _failed(refusal, settings.connection)),
            stopped_by(call, session.interrupt),
        ):
            found, _ = run_statement(call, database, session, settings.query)
    except OperatorFailed as failed:
        if failed.failure != "transient":
            raise
        return NotYet(failed.diagnostic.detail.removesuffix("."))
    return Done(found.outputs()) if is_true(found) else NotYet(_why_not(found))


def _failed(refusal: Refusal, connection: str) -> OperatorFailed:
    return OperatorFailed(
        Diagnostic(
            "VP816",
            f"The query failed on connection `{connection}`: {sentence(refusal.message)}",
            fix=Fix("Correct the query; it may only read."),
            notes=whole_notes(refusal.notes),
        ),
        refusal.failure,
    )


def is_true(found: FirstRow) -> bool:
    if found.row is None:
        return False
    if len(found.row) == 1 and (found.row[0] is None or isinstance(found.row[0], bool | int | float | Decimal)):
        return bool(found.row[0])
    return True


def _why_not(found: FirstRow) -> str:
    return "the query gives no row" if found.row is None else "the query is not true"
