"""Keeps a copy of a state as it is before it is migrated: an older program cannot read it afterwards."""

from __future__ import annotations

import secrets
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection

from vibepiper_interpreter.state.database import Database, told
from vibepiper_interpreter.state.revisions import REVISIONS
from vibepiper_interpreter.state.schema import KeepCopy
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError, Fix


def copies_of(database: Database, folder: Path) -> KeepCopy:
    """A SQLite file gets a copy beside it, which can be put in its place; of a server, a backup is written to
    `backups` in `folder`."""

    def keep(connection: Connection, revision: str) -> None:
        if database.engine.dialect.name == "sqlite":
            _copy_file(database, revision)
        else:
            _back_up(database, connection, revision, folder / "backups")

    return keep


def _copy_file(database: Database, revision: str) -> None:
    """`state.sqlite` gets `state-0001.sqlite` beside it."""
    file = Path(database.engine.url.database or "")
    copy = file.with_name(f"{file.stem}-{revision}{file.suffix}")
    draft = copy.with_name(f".{copy.name}.{secrets.token_hex(4)}")
    try:
        with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(draft)) as target:
            source.backup(target)
        draft.replace(copy)
    except sqlite3.Error as error:
        raise DiagnosticError(told(str(error), database.name)) from error
    finally:
        draft.unlink(missing_ok=True)


def _back_up(database: Database, connection: Connection, revision: str, folder: Path) -> None:
    from vibepiper_interpreter.state.backup import write_older_backup  # seldom needed

    name = f"schema-{revision}-{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}.vpstate"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_older_backup(connection, revision, folder / name)
    except OSError as error:
        raise DiagnosticError(_no_copy(database.name, revision, error)) from error


def _no_copy(name: str, revision: str, error: OSError) -> Diagnostic:
    return Diagnostic(
        "VP008",
        f"The state `{name}` has schema `{revision}` and would be migrated to `{REVISIONS[-1]}`, but a backup of it "
        f"cannot be written to `.vp/backups`: {error.strerror or error}. Nothing was changed.",
        fix=Fix(
            "Make room, or get the permission to write there. An older VibePiper cannot read the state afterwards."
        ),
    )
