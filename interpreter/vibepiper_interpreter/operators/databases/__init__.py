"""The databases that statements are sent to: one file each, behind one narrow protocol."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vibepiper_interpreter.operators.databases.database import Database
from vibepiper_interpreter.operators.databases.mysql import MysqlDatabase
from vibepiper_interpreter.operators.databases.postgres import PostgresDatabase
from vibepiper_interpreter.operators.databases.sqlite import SqliteDatabase

__all__ = ["DATABASES", "Database", "database_of"]

# By connector, as in `[connection.postgres.NAME]`.
DATABASES: Mapping[str, type[PostgresDatabase] | type[MysqlDatabase] | type[SqliteDatabase]] = {
    "postgres": PostgresDatabase,
    "mysql": MysqlDatabase,
    "sqlite": SqliteDatabase,
}


def database_of(fields: Mapping[str, Any], root: Path) -> Database:
    """The database of a connection's `fields`. Nothing is connected yet. `root` is the project's folder."""
    return DATABASES[fields["connector"]](fields, root)
