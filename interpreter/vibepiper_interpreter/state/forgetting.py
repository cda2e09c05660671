"""What a state need not know any more: moves of pointers that nobody can go back behind, and old runs."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import Connection, delete, func, select, tuple_, update

from vibepiper_interpreter.state.tables import audits, check_results, environments, publications, runs, versions

# Values in one `IN (…)`: below every limit on bound parameters that we have met.
_AT_ONCE = 5_000


def forgotten_serial(connection: Connection, environment: str) -> int:
    """Of what was published up to this serial, only what still stood at it is known; 0: all is known."""
    found = connection.execute(select(environments.c.forgotten_serial).where(environments.c.name == environment))
    return found.scalar() or 0


def forget_moves(connection: Connection, before: datetime) -> None:
    """Of the moves up to `before`, keep the last of each asset: nobody goes back further than to there."""
    for environment, serial in serials_before(connection, before).items():
        key = list(publications.primary_key.columns)
        newest_first = publications.c.serial.desc()
        rank = func.row_number().over(partition_by=publications.c.address, order_by=newest_first).label("rank")
        moves = (publications.c.environment == environment) & (publications.c.serial <= serial)
        ranked = select(*key, rank).where(moves).subquery()
        overtaken = select(*(ranked.c[column.name] for column in key)).where(ranked.c.rank > 1)
        connection.execute(delete(publications).where(tuple_(*key).in_(overtaken)))
        connection.execute(
            update(environments)
            .where(environments.c.name == environment, environments.c.forgotten_serial < serial)
            .values(forgotten_serial=serial)
        )


def serials_before(connection: Connection, before: datetime) -> dict[str, int]:
    """For each environment the serial at which it stood at `before`, or earlier: no run lies on both sides of it."""
    moved = connection.execute(
        select(
            publications.c.environment,
            func.max(publications.c.serial).label("last"),
            func.max(publications.c.at).label("at"),
        )
        .group_by(publications.c.environment, publications.c.run_id)
        .order_by(func.min(publications.c.serial))
    ).all()
    found: dict[str, int] = {}
    closed: set[str] = set()
    for environment, last, at in moved:
        found.setdefault(environment, 0)
        if at > before:
            closed.add(environment)
        elif environment not in closed:
            found[environment] = last
    return found


def old_runs(connection: Connection, before: datetime, gone: Collection[str] = ()) -> set[str]:
    """The runs that ended before `before`, and of which nothing is left: see `_needed`.

    `gone` are versions that are there, and will not be.
    """
    ended = func.coalesce(runs.c.finished_at, runs.c.started_at)
    found = set(connection.execute(select(runs.c.id).where(ended < before)).scalars())
    return found - _needed(connection, before, frozenset(gone))


def forget_runs(connection: Connection, run_ids: Iterable[str]) -> None:
    """Tasks, attempts, results of checks and events go with their run."""
    ids = sorted(run_ids)
    for start in range(0, len(ids), _AT_ONCE):
        connection.execute(delete(runs).where(runs.c.id.in_(ids[start : start + _AT_ONCE])))


def _needed(connection: Connection, before: datetime, gone: frozenset[str]) -> set[str]:
    """Runs that made or checked a version which is there (so much is learned of them, and shown), those that can be
    undone, and the latest of each environment, which may be running."""
    of_versions = (
        select(versions.c.id, versions.c.run_id),
        select(audits.c.version_id, audits.c.run_id),
        select(check_results.c.version_id, check_results.c.run_id).join(
            versions, versions.c.id == check_results.c.version_id
        ),
    )
    needed = {
        run_id
        for question in of_versions
        for version_id, run_id in connection.execute(question)
        if version_id not in gone
    }
    for environment, serial in serials_before(connection, before).items():
        undoable = (publications.c.environment == environment) & (publications.c.serial > serial)
        needed |= set(connection.execute(select(publications.c.run_id).where(undoable).distinct()).scalars())
    latest = select(runs.c.environment, func.max(runs.c.started_at).label("at")).group_by(runs.c.environment).subquery()
    newest = select(runs.c.id).join(
        latest, (latest.c.environment == runs.c.environment) & (latest.c.at == runs.c.started_at)
    )
    return needed | set(connection.execute(newest).scalars())
