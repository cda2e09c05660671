"""Writes what task operators have done."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import Connection, bindparam, delete, insert, select

from vibepiper_interpreter.state.database import database_time
from vibepiper_interpreter.state.operator_result import OperatorResult
from vibepiper_interpreter.state.tables import operator_results
from vibepiper_spec.address import Address

_DELETE = delete(operator_results).where(
    operator_results.c.environment == bindparam("of_environment"),
    operator_results.c.address == bindparam("of_address"),
    operator_results.c.item == bindparam("of_item"),
)


def write(connection: Connection, environment: str, results: Sequence[OperatorResult]) -> None:
    """Put `results` in the place of what was known of these. The caller holds the lease's row."""
    now = database_time(connection)
    rows = [{"environment": environment, **result.to_row(), "at": now} for result in results]
    _delete(connection, environment, [(str(result.address), result.item) for result in results])
    connection.execute(insert(operator_results), rows)


def forget(connection: Connection, environment: str, addresses: Iterable[Address]) -> None:
    """Drop what is known of operators, but not of their items. The caller holds the lease's row."""
    _delete(connection, environment, [(str(address), "") for address in addresses])


def forget_items(connection: Connection, environment: str, address: Address, but: Collection[str]) -> None:
    """Drop all items of an operator but these. The caller holds the lease's row."""
    of = (operator_results.c.environment == environment, operator_results.c.address == str(address))
    there = connection.execute(select(operator_results.c.item).where(*of)).scalars().all()
    if gone := [(str(address), item) for item in there if item and item not in but]:
        _delete(connection, environment, gone)


def _delete(connection: Connection, environment: str, rows: Sequence[tuple[str, str]]) -> None:
    connection.execute(
        _DELETE, [{"of_environment": environment, "of_address": address, "of_item": item} for address, item in rows]
    )
