"""Writes what task operators have done."""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert

from vibepiper_interpreter.state.database import database_time
from vibepiper_interpreter.state.operator_result import OperatorResult
from vibepiper_interpreter.state.tables import operator_results
from vibepiper_spec.address import Address


def write(connection: Connection, environment: str, result: OperatorResult) -> None:
    """Put `result` in the place of what was known of the operator, or of the item. The caller holds the lease's row."""
    forget(connection, environment, result.address, result.item)
    values = {"environment": environment, **result.to_row(), "at": database_time(connection)}
    connection.execute(insert(operator_results).values(values))


def forget(connection: Connection, environment: str, address: Address, item: str = "") -> None:
    """Drop what is known of an operator, or of one item. The caller holds the lease's row."""
    connection.execute(
        delete(operator_results).where(
            operator_results.c.environment == environment,
            operator_results.c.address == str(address),
            operator_results.c.item == item,
        )
    )
