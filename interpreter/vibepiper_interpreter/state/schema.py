"""Makes sure that a database has today's tables: new ones are created whole, older ones are migrated."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from sqlalchemy import Connection, insert, inspect, select, text

from vibepiper_interpreter.state.database import Database, database_time
from vibepiper_interpreter.state.revisions import REVISIONS
from vibepiper_interpreter.state.tables import identity, metadata
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError, Fix

# Where alembic notes a database's revision. Reading and writing it here saves the import of alembic.
NOTE_OF_SCHEMA = "alembic_version"
# Any number that is always the same: two processes that find no tables must not both create them.
_CREATING = 7_620_241_958


# Keeps a copy of a state as it is, of that schema, for nobody else can write to it in this transaction.
KeepCopy = Callable[[Connection, str], object]


def ready(database: Database, keep_copy: KeepCopy | None = None) -> str:
    """Bring the tables up to date and give the state's id. VP705 where a newer version has written them.

    `keep_copy` is called before older tables are migrated: if it fails, nothing is.
    """
    with database.reading() as connection:
        if _revision(connection) == REVISIONS[-1]:
            return _id(connection)
    with database.writing() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"select pg_advisory_xact_lock({_CREATING})"))
        # Another process may have done it since we looked.
        revision = _revision(connection)
        if revision is None:
            create_tables(connection)
            return write_identity(connection, new_state_id())
        if revision not in REVISIONS:
            raise DiagnosticError(_newer(database.name, revision))
        if revision != REVISIONS[-1]:
            from vibepiper_interpreter.state.migrations.upgrade import upgrade  # alembic: slow to import, seldom needed

            if keep_copy is not None:
                _lock_tables(connection)
                keep_copy(connection, revision)
            upgrade(connection)
        return _id(connection)


def _lock_tables(connection: Connection) -> None:
    """Let nobody write until this transaction ends; SQLite does so by itself."""
    if connection.dialect.name == "postgresql":
        names = ", ".join(
            connection.dialect.identifier_preparer.quote(name) for name in inspect(connection).get_table_names()
        )
        connection.execute(text(f"lock table {names} in exclusive mode"))


def _id(connection: Connection) -> str:
    found: str = connection.execute(select(identity.c.id)).scalar_one()
    return found


def _revision(connection: Connection) -> str | None:
    """The schema that the database has; None where it has none."""
    if not inspect(connection).has_table(NOTE_OF_SCHEMA):
        return None
    return connection.execute(text(f"select version_num from {NOTE_OF_SCHEMA}")).scalar()


def create_tables(connection: Connection) -> None:
    """Today's tables, all of them empty."""
    metadata.create_all(connection)
    connection.execute(text(f"create table {NOTE_OF_SCHEMA} (version_num varchar(32) not null primary key)"))
    connection.execute(text(f"insert into {NOTE_OF_SCHEMA} values (:revision)"), {"revision": REVISIONS[-1]})


def new_state_id() -> str:
    """An id that no state has had before."""
    return secrets.token_hex(16)


def write_identity(connection: Connection, state_id: str) -> str:
    connection.execute(insert(identity).values(id=state_id, created_at=database_time(connection)))
    return state_id


def _newer(name: str, revision: str) -> Diagnostic:
    return Diagnostic(
        "VP705",
        f"The state `{name}` has schema `{revision}`, and this version of VibePiper knows schemas up to "
        f"`{REVISIONS[-1]}`. Writing to it could destroy what the newer version keeps there, so nothing was touched.",
        fix=Fix("Upgrade VibePiper: `pip install --upgrade vibepiper`."),
    )
