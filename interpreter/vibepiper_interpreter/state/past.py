"""Where environments pointed at earlier times, told from the record of every move."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, func, select, type_coerce

from vibepiper_interpreter.state.records import Pointer, PublishingRun
from vibepiper_interpreter.state.rows import inputs_from_text, parse_address
from vibepiper_interpreter.state.tables import Instant, publications
from vibepiper_spec.address import Address


def pointers_at(connection: Connection, environment: str, serial: int) -> dict[Address, Pointer]:
    """Of each asset the last move up to `serial`; one that dropped it leaves it out."""
    last = (
        select(publications.c.address, func.max(publications.c.serial).label("serial"))
        .where(publications.c.environment == environment, publications.c.serial <= serial)
        .group_by(publications.c.address)
        .subquery()
    )
    rows = connection.execute(
        select(publications.c.address, publications.c.version_id, publications.c.inputs)
        .join(last, (last.c.address == publications.c.address) & (last.c.serial == publications.c.serial))
        .where(publications.c.environment == environment, publications.c.version_id.is_not(None))
        .order_by(publications.c.address)
    )
    return {
        parse_address(address): Pointer(version_id, inputs_from_text(inputs)) for address, version_id, inputs in rows
    }


def serial_at(connection: Connection, environment: str, time: datetime) -> int:
    """The serial at which the environment stood at `time`; 0 before its first publish."""
    found = connection.execute(
        select(func.max(publications.c.serial)).where(
            publications.c.environment == environment, publications.c.at <= time
        )
    ).scalar()
    return found or 0


def published_at(connection: Connection, environment: str, address: Address) -> datetime | None:
    """When the environment was last pointed to another version of an asset; None where it does not show it."""
    last = connection.execute(
        select(publications.c.at, publications.c.version_id)
        .where(publications.c.environment == environment, publications.c.address == str(address))
        .order_by(publications.c.serial.desc())
        .limit(1)
    ).one_or_none()
    return None if last is None or last.version_id is None else last.at


def publishing_runs(connection: Connection, environment: str, serial: int) -> tuple[PublishingRun, ...]:
    """The runs that published to the environment after `serial`, newest first, each with its first publish."""
    first = func.min(publications.c.serial)
    rows = connection.execute(
        select(publications.c.run_id, first.label("first"), func.min(publications.c.at).label("at"))
        .where(publications.c.environment == environment, publications.c.serial > serial)
        .group_by(publications.c.run_id)
        .order_by(first.desc())
    )
    return tuple(PublishingRun(row.run_id, row.first, row.at) for row in rows)


def shown_since(connection: Connection, since: datetime) -> set[str]:
    """The versions that any environment has pointed to at `since` or later."""
    following = func.lead(publications.c.at).over(
        partition_by=(publications.c.environment, publications.c.address), order_by=publications.c.serial
    )
    moves = select(publications.c.version_id, type_coerce(following, Instant).label("until")).subquery()
    rows = connection.execute(
        select(moves.c.version_id).where(
            moves.c.version_id.is_not(None), moves.c.until.is_(None) | (moves.c.until >= since)
        )
    )
    return set(rows.scalars())
