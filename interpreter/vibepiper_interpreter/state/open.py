"""Finds, opens and prepares a project's state."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from sqlalchemy import URL, create_engine, make_url
from sqlalchemy.exc import ArgumentError

from vibepiper_interpreter.local_cache import own_folder
from vibepiper_interpreter.state.before_migration import copies_of
from vibepiper_interpreter.state.database import BUSY_TIMEOUT, Database
from vibepiper_interpreter.state.network_disk import network_file_system
from vibepiper_interpreter.state.schema import ready
from vibepiper_interpreter.state.sight import DEFAULT_FILE
from vibepiper_interpreter.state.store import State
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError, Fix
from vibepiper_spec.secrets import resolve_secret

if TYPE_CHECKING:
    from vibepiper_spec.model.settings import ProjectSettings


def open_state(root: Path, settings: ProjectSettings) -> State:
    """The project's state, as its settings say where it is."""
    return open_state_at(root, settings.state.url)


def open_state_at(root: Path, url: str | None) -> State:
    """The state at `url` of `[state]`, or in a SQLite file below `.vp`; created where there is none."""
    if url is None:
        return _open(_sqlite(_folder(root) / "state.sqlite", DEFAULT_FILE), root)
    return _open(_by_url(root, resolve_secret(root, url) if url.startswith("secret:") else url), root)


def set_aside(root: Path, settings: ProjectSettings, place: Path | None) -> bool:
    """Move the file of a state that cannot be used to `place` (None: only tell). False where it is not kept in one."""
    url = settings.state.url
    if url is None:
        file = root / DEFAULT_FILE
    else:
        try:
            found = make_url(resolve_secret(root, url) if url.startswith("secret:") else url)
        except (ArgumentError, ValueError):
            return False
        if found.get_backend_name() != "sqlite" or not found.database:
            return False
        file = root / found.database
    if not file.is_file():
        return False
    if place is not None:
        # With its log, without which the last writes are missing.
        for suffix in ("-wal", "-shm", ""):
            part = file.with_name(file.name + suffix)
            if part.exists():
                shutil.move(part, place.with_name(place.name + suffix))
    return True


def _open(database: Database, root: Path) -> State:
    try:
        return State(database, ready(database, copies_of(database, root / ".vp")))
    except BaseException:
        database.close()
        raise


def _by_url(root: Path, text: str) -> Database:
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        # The text may hold a password, and so may the error's.
        raise DiagnosticError(_not_a_url()) from None
    match url.get_backend_name():
        case "sqlite" if url.database:
            return _sqlite(root / url.database, url.database if not Path(url.database).is_absolute() else "state")
        case "postgresql" | "postgres":
            return _postgresql(url)
    raise DiagnosticError(_not_a_url())


def _folder(root: Path) -> Path:
    try:
        return own_folder(root)
    except OSError:  # a read-only project: what is there can still be read
        return root / ".vp"


def _sqlite(path: Path, name: str) -> Database:
    if kind := network_file_system(path.parent):
        raise DiagnosticError(_on_network(name, kind))
    # SQLite keeps its log beside the file, so both must be writable.
    if not (os.access(path.parent, os.W_OK) and (os.access(path, os.W_OK) or not path.exists())):
        return _sqlite_to_read(path, name)
    _prepare_file(path, name)
    return Database(create_engine(URL.create("sqlite", database=str(path))), name)


def _sqlite_to_read(path: Path, name: str) -> Database:
    """The file as it is, where it or its folder may not be written."""
    if not os.access(path, os.R_OK):
        raise DiagnosticError(_not_permitted(path, name))
    log = path.with_name(f"{path.name}-wal")
    query = {"mode": "ro", "uri": "true"}
    if not log.exists() or log.stat().st_size == 0:
        # Without a log nobody is writing. SQLite would still want to make one, were it not told that none can come.
        query["immutable"] = "1"
    url = URL.create("sqlite", database=f"file:{quote(str(path.resolve()))}", query=query)
    return Database(create_engine(url), name, read_only=True)


def _prepare_file(path: Path, name: str) -> None:
    """Put the file into write-ahead mode, which it stays in: readers and the one writer do not wait for each other."""
    deadline = time.monotonic() + BUSY_TIMEOUT / 1000
    while True:
        try:
            connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT / 1000)
            try:
                connection.execute("pragma journal_mode = wal")
                return
            finally:
                connection.close()
        except sqlite3.OperationalError as error:
            # Two processes that switch the mode at the same moment do not wait for each other: SQLite refuses one.
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise DiagnosticError(_unopenable(name, str(error))) from error
            time.sleep(0.05)
        except sqlite3.DatabaseError as error:
            raise DiagnosticError(_damaged(name, str(error))) from error


def _postgresql(url: URL) -> Database:
    try:
        engine = create_engine(url.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
    except ModuleNotFoundError as error:
        raise DiagnosticError(
            Diagnostic(
                "VP606",
                "The state is kept in PostgreSQL, and the driver for it is not installed.",
                fix=Fix("`pip install 'vibepiper[postgres]'`"),
            )
        ) from error
    return Database(engine, f"{url.host or 'localhost'}:{url.port or 5432}/{url.database or ''}")


def _not_permitted(path: Path, name: str) -> Diagnostic:
    if path.exists():
        detail = f"The state `{name}` is there, but you may not read it."
        return Diagnostic("VP706", detail, fix=Fix("Get the permission to read the file and to enter its folder."))
    return Diagnostic(
        "VP706",
        f"There is no state `{name}` yet, and you may not make one there. Nothing was applied from this folder so far.",
        fix=Fix("Get the permission to write to the project's folder, or work in a copy of the project."),
    )


def _unopenable(name: str, reason: str) -> Diagnostic:
    return Diagnostic(
        "VP706",
        f"The state `{name}` cannot be opened: {reason}. Without it nobody knows what has been applied.",
        fix=Fix(f"See that `{name}` is a file you may read and write."),
    )


def _damaged(name: str, reason: str) -> Diagnostic:
    return Diagnostic(
        "VP706",
        f"The state `{name}` cannot be opened: {reason}. Without it nobody knows what has been applied.",
        fix=Fix(
            "Put back a copy of it. If there is none, delete it together with the storage folder: what was published "
            "is lost then, and the next apply builds everything anew."
        ),
    )


def _on_network(name: str, kind: str) -> Diagnostic:
    return Diagnostic(
        "VP605",
        f"The state `{name}` is a SQLite file on a network disk ({kind}). Locks do not work reliably there: two "
        "applies at once could damage it.",
        fix=Fix(
            "Keep the project on a local disk, or the state in PostgreSQL: "
            '`[state] url = "secret:VIBEPIPER_STATE"` in `vp.toml`.'
        ),
    )


def _not_a_url() -> Diagnostic:
    return Diagnostic(
        "VP706",
        "`url` under `[state]` in `vp.toml`, or the secret it names, is no URL of a database that can hold the state.",
        fix=Fix("Write `postgresql://user@host:5432/database`, or leave `url` out to keep the state in a file."),
    )
