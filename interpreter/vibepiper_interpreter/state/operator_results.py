"""Writes what task operators have done."""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert

from vibepiper_interpreter.state.database import database_time
from vibepiper_interpreter.state.operator_result import OperatorResult
from vibepiper_interpreter.state.tables import operator_results


def write(connection: Connection, environment: str, result: OperatorResult) -> None:
    """Put `result` in the place of what was known of the operator, or of the item. The caller holds the lease's row."""
    same = (
        operator_results.c.environment == environment,
        operator_results.c.address == str(result.address),
        operator_results.c.item == result.item,
    )
    connection.execute(delete(operator_results).where(*same))
    values = {"environment": environment, **result.to_row(), "at": database_time(connection)}
    connection.execute(insert(operator_results).values(values))
