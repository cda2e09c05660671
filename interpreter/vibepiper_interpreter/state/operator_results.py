"""Writes and reads what task operators have done."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, func, insert, select

from vibepiper_interpreter.state.database import database_time
from vibepiper_interpreter.state.operator_result import OperatorResult
from vibepiper_interpreter.state.rows import parse_address
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


def results_of(connection: Connection, environment: str, address: Address) -> list[tuple[OperatorResult, datetime]]:
    """What is known of one operator and its items, in their order, with when (UTC) it was."""
    of = (operator_results.c.environment == environment, operator_results.c.address == str(address))
    return [
        (
            OperatorResult.from_row(
                row.address, row.item, row.fingerprint, row.outcome, row.inputs, row.outputs, row.run_id
            ),
            row.at,
        )
        for row in connection.execute(select(operator_results).where(*of).order_by(operator_results.c.item))
    ]


def untouched_since(connection: Connection, before: datetime) -> set[Address]:
    """The operators that nothing is known of, in any environment, but from `before`."""
    address = operator_results.c.address
    old = select(address).group_by(address).having(func.max(operator_results.c.at) < before)
    return {parse_address(each) for each in connection.execute(old).scalars()}


def forget_everywhere(connection: Connection, addresses: Collection[Address]) -> None:
    """Drop all that is known of these and their items. The caller holds the lease of each environment."""
    for address in addresses:
        connection.execute(delete(operator_results).where(operator_results.c.address == str(address)))


def _delete(connection: Connection, environment: str, rows: Sequence[tuple[str, str]]) -> None:
    connection.execute(
        _DELETE, [{"of_environment": environment, "of_address": address, "of_item": item} for address, item in rows]
    )
