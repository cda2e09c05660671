"""The lease: only one process at a time moves an environment's pointers, and one that lost it moves none.

A heartbeat keeps the lease alive; it may be taken over once it has run out, or at once when its owner is known to be
dead. Every owner gets a higher fencing token, and each publish checks the token in its own transaction: a process that
slept through the loss of its lease finds out before it can do harm.
"""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from vibepiper_interpreter.state.database import Database, database_time
from vibepiper_interpreter.state.process import Process, ended_with_an_earlier_boot, is_known_dead, this_process
from vibepiper_interpreter.state.tables import leases
from vibepiper_interpreter.state.writing import add_environment
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError, Fix

LIFETIME = 30.0  # seconds that a lease lives without a heartbeat
_HEARTBEAT = 5.0  # seconds between two heartbeats
_LOOK = 1.0  # seconds between two looks whether the owner was asked to stop
_POLL = 0.5  # seconds between two looks at a lease that is waited for


class Lease:
    """The right to publish an environment, until `release`. Use it in a `with`, or release it yourself."""

    def __init__(self, database: Database, environment: str, token: int, heartbeat: float = _HEARTBEAT) -> None:
        self.environment = environment
        self.token = token
        # Set when another process has taken over: stop working, nothing can be published any more.
        self.lost = threading.Event()
        # Set when somebody, perhaps on another host, has asked to stop; then `cancel_asked_by` says who.
        self.cancelled = threading.Event()
        self.cancel_asked_by = ""
        self._database = database
        self._heartbeat = heartbeat
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"lease of {environment}", daemon=True)
        self._thread.start()

    def release(self) -> None:
        """Let go, so that the next apply need not wait. Does nothing where the lease is lost or released already."""
        if self._stop.is_set():
            return
        self._stop.set()
        self._thread.join()
        with self._database.writing() as connection:
            connection.execute(update(leases).where(*self._mine()).values(held=False))

    def guard(self, connection: Connection) -> None:
        """Raise VP704 unless the lease is still ours, and keep it so until the transaction of `connection` ends."""
        owner = connection.execute(
            select(leases).where(leases.c.environment == self.environment).with_for_update()
        ).one_or_none()
        if owner is None or owner.token != self.token or not owner.held:
            self.lost.set()
            raise DiagnosticError(lost(self.environment, owner))

    def _beat(self) -> None:
        beaten = time.monotonic()
        while not self._stop.wait(min(_LOOK, self._heartbeat)):
            try:
                self._look_whether_to_stop()
                if time.monotonic() - beaten < self._heartbeat:
                    continue
                with self._database.writing() as connection:
                    now = database_time(connection)
                    kept = connection.execute(
                        update(leases).where(*self._mine()).values(heartbeat_at=now, expires_at=_expiry(now))
                    )
            except DiagnosticError:
                continue  # the database may answer the next one; if it does not, the publish will say so
            beaten = time.monotonic()
            if kept.rowcount == 0:
                self.lost.set()
                return

    def _look_whether_to_stop(self) -> None:
        if self.cancelled.is_set():
            return
        with self._database.reading() as connection:
            asked_by = connection.execute(select(leases.c.cancel_asked_by).where(*self._mine())).scalar()
        if asked_by is not None:
            self.cancel_asked_by = asked_by
            self.cancelled.set()

    def _mine(self) -> tuple[Any, ...]:
        return (leases.c.environment == self.environment, leases.c.token == self.token, leases.c.held.is_(True))

    def __enter__(self) -> Lease:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def take_lease(database: Database, environment: str, owner: str, wait: float) -> Lease:
    """Become the one that may publish `environment`, within `wait` seconds; VP703 names who else is.

    `owner` is how others will read about us: person, host and process.
    """
    process = this_process()
    give_up = time.monotonic() + wait
    while True:
        try:
            with database.writing() as connection:
                token, held_by = _try(connection, environment, owner, process)
        except IntegrityError:
            continue  # two first owners at once: the other one was faster, so now there is a row to look at
        if held_by is None:
            return Lease(database, environment, token)
        left = give_up - time.monotonic()
        if left <= 0:
            raise DiagnosticError(held(environment, held_by))
        time.sleep(min(_POLL, left))


def held(environment: str, owner: Row[Any]) -> Diagnostic:
    return Diagnostic(
        "VP703",
        f"Environment `{environment}` is being applied by {owner.owner}. It began at {_clock(owner.acquired_at)} and "
        f"last gave a sign of life at {_clock(owner.heartbeat_at)}. Two applies at once could undo each other's work, "
        "so this one stopped before it wrote anything.",
        fix=Fix("Apply again when the other one is done, or let this one wait for it: `vp apply --wait 10m`."),
    )


def lost(environment: str, owner: Row[Any] | None) -> Diagnostic:
    now_held = "" if owner is None or not owner.held else f" {owner.owner} has taken over."
    return Diagnostic(
        "VP704",
        f"This apply gave no sign of life for more than {LIFETIME:.0f} seconds (a machine that slept, or a database "
        f"out of reach), so its right to publish environment `{environment}` ran out.{now_held} What it had "
        "not published stays unpublished.",
        fix=Fix("Apply again: what was finished is kept, and only the rest is done."),
    )


def overtaken(environment: str, expected: int, serial: int) -> Diagnostic:
    return Diagnostic(
        "VP704",
        f"Environment `{environment}` stands at serial {serial}, and this apply began at {expected}: another one has "
        "published in between. Publishing now would undo it.",
        fix=Fix("Plan and apply again: what was finished is kept."),
    )


def _try(connection: Connection, environment: str, owner: str, process: Process) -> tuple[int, Row[Any] | None]:
    """The new token, or who holds the lease."""
    now = database_time(connection)
    values = {
        "held": True,
        "owner": owner,
        "host": process.host,
        "machine": process.machine,
        "process": process.number,
        "process_started": process.started,
        "acquired_at": now,
        "heartbeat_at": now,
        "expires_at": _expiry(now),
        "cancel_asked_by": None,
    }
    add_environment(connection, environment, now)
    row = connection.execute(select(leases).where(leases.c.environment == environment).with_for_update()).one_or_none()
    if row is None:
        connection.execute(insert(leases).values(environment=environment, token=1, **values))
        return 1, None
    if row.held and row.expires_at > now and not _is_gone(connection, row):
        return 0, row
    token: int = row.token + 1
    connection.execute(update(leases).where(leases.c.environment == environment).values(token=token, **values))
    return token, None


def ask_to_stop(connection: Connection, environment: str, by: str) -> bool:
    """Ask whoever holds the lease of `environment` to stop; False where that is known to be dead, or nobody."""
    row = connection.execute(select(leases).where(leases.c.environment == environment).with_for_update()).one_or_none()
    if row is None or not row.held or row.expires_at <= database_time(connection) or _is_gone(connection, row):
        return False
    mine = (leases.c.environment == environment, leases.c.token == row.token)
    connection.execute(update(leases).where(*mine).values(cancel_asked_by=by))
    return True


def _is_gone(connection: Connection, owner: Row[Any]) -> bool:
    """Whether the owner is dead for certain, so that nobody need wait until its lease runs out."""
    process = _process(owner)
    if is_known_dead(process):
        return True
    # A file on a local disk belongs to one machine; the clients of a server may be anywhere.
    return connection.dialect.name == "sqlite" and ended_with_an_earlier_boot(process, owner.heartbeat_at)


def _process(row: Row[Any]) -> Process:
    return Process(row.host, row.machine, row.process, row.process_started)


def _expiry(now: datetime) -> datetime:
    return now + timedelta(seconds=LIFETIME)


def _clock(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
