"""Tells whether a Parquet file can be read, by reading all of it."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

import duckdb

from vibepiper_interpreter.engines.duckdb.failure import engine_failure
from vibepiper_interpreter.engines.duckdb.session import SessionSettings, connect, literal


class FileReader:
    """An engine that reads below one folder. Safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        self._connection = connect(SessionSettings(allowed_directories=(folder,)))

    def why_unreadable(self, file: Path) -> str | None:
        """What the engine says about a file that cannot be read; None where every value of it can."""
        with self._connection.cursor() as cursor:
            return why_unreadable(cursor, file)

    def __enter__(self) -> FileReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()


def why_unreadable(cursor: duckdb.DuckDBPyConnection, file: Path) -> str | None:
    """The same, over a session that may read the file. An interrupt is raised."""
    relation = f"read_parquet({literal(str(file))}, hive_partitioning = false)"
    try:
        cursor.execute(f"SELECT count(hash(t)) FROM {relation} AS t").fetchall()
    except (duckdb.InterruptException, duckdb.OutOfMemoryException):
        raise
    except duckdb.Error as error:
        return engine_failure(error).message.strip().partition("\n")[0].replace(str(file), file.name)
    return None
