"""Opens DuckDB the one way this project uses it: every setting that can change a result is pinned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb

# Settings that change what a query returns. They are part of every fingerprint (see `ENGINE_FINGERPRINT`).
RESULT_SETTINGS: Mapping[str, str | bool] = {
    "TimeZone": "UTC",
    "default_order": "ASCENDING",
    "default_null_order": "NULLS_LAST",
    "integer_division": False,
    "preserve_insertion_order": True,
}
ENGINE_FINGERPRINT = f"duckdb-{duckdb.__version__.partition('.')[0]}:" + ",".join(
    f"{name}={value}" for name, value in sorted(RESULT_SETTINGS.items())
)
ENGINE_VERSION = f"duckdb {duckdb.__version__}"

# What SQL calls that mean "now". User macros shadow the built-in functions, so `now()` is the plan's frozen time.
_NOW_FUNCTIONS = {
    "now": "TIMESTAMPTZ",
    "get_current_timestamp": "TIMESTAMPTZ",
    "current_timestamp": "TIMESTAMPTZ",
    "transaction_timestamp": "TIMESTAMPTZ",
    "current_localtimestamp": "TIMESTAMP",
    "localtimestamp": "TIMESTAMP",
    "current_date": "DATE",
    "today": "DATE",
}


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """How an engine session may use the machine. `memory_limit` in bytes; None leaves DuckDB's own default."""

    threads: int | None = None
    # Threads that write files behind a statement's back; None leaves DuckDB's own number.
    writing_threads: int | None = None
    memory_limit: int | None = None
    temp_directory: Path | None = None
    # Folders that SQL run by us may read and write; nothing else outside the session can be reached.
    allowed_directories: Sequence[Path] = ()
    # Single files outside those folders (sources that are read in place).
    allowed_paths: Sequence[Path] = ()


def connect(settings: SessionSettings, now: datetime | None = None) -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB that runs only our SQL: no replacement scans, no files but the allowed ones.

    `now` freezes `now()`, `current_date` and their kin to one UTC time.
    """
    config: dict[str, str | bool | int | float | list[str]] = {"python_enable_replacements": False}
    if settings.threads is not None:
        config["threads"] = settings.threads
    if settings.writing_threads is not None:
        config["async_threads"] = settings.writing_threads
    if settings.memory_limit is not None:
        config["memory_limit"] = f"{settings.memory_limit}B"
    connection = duckdb.connect(":memory:", config=config)
    for name, value in RESULT_SETTINGS.items():
        connection.execute(f"SET GLOBAL {name} = {literal(value)}")
    connection.execute("SET GLOBAL autoinstall_known_extensions = false")
    connection.execute("SET GLOBAL autoload_known_extensions = false")
    if settings.temp_directory is not None:
        connection.execute(f"SET GLOBAL temp_directory = {literal(str(settings.temp_directory))}")
    # The allowed folders can only be set while external access is still on; after that the door cannot be reopened.
    if settings.allowed_directories:
        folders = ", ".join(literal(str(folder)) for folder in settings.allowed_directories)
        connection.execute(f"SET GLOBAL allowed_directories = [{folders}]")
    if settings.allowed_paths:
        paths = ", ".join(literal(str(path)) for path in settings.allowed_paths)
        connection.execute(f"SET GLOBAL allowed_paths = [{paths}]")
    connection.execute("SET GLOBAL enable_external_access = false")
    connection.execute("SET GLOBAL errors_as_json = true")
    if now is not None:
        freeze_now(connection, now)
    return connection


def freeze_now(connection: duckdb.DuckDBPyConnection, now: datetime) -> None:
    """Shadow DuckDB's clock functions in this session by macros that return `now` (UTC)."""
    stamp = now.strftime("%Y-%m-%d %H:%M:%S.%f")
    for name, kind in _NOW_FUNCTIONS.items():
        value = f"TIMESTAMPTZ '{stamp}+00'" if kind == "TIMESTAMPTZ" else f"TIMESTAMP '{stamp}'::{kind}"
        connection.execute(f"CREATE OR REPLACE MACRO memory.main.{quote(name)}() AS {value}")


def quote(identifier: str) -> str:
    """An identifier as SQL: always quoted, so that reserved words and odd names are safe."""
    return '"' + identifier.replace('"', '""') + '"'


def literal(value: str | bool | int | float | Decimal | date | datetime | None) -> str:
    """A Python value as a SQL literal of the fitting type."""
    match value:
        case None:
            return "NULL"
        case bool():
            return "true" if value else "false"
        case int() | Decimal():
            return str(value)
        case float():
            return repr(value) if value == value and abs(value) != float("inf") else f"'{value}'::DOUBLE"
        case datetime():
            kind = "TIMESTAMP" if value.tzinfo is None else "TIMESTAMPTZ"
            return f"{kind} '{value.isoformat(sep=' ')}'"
        case date():
            return f"DATE '{value.isoformat()}'"
        case str():
            return "'" + value.replace("'", "''") + "'"


def use_pipeline(cursor: duckdb.DuckDBPyConnection, pipeline: str, catalog: str = "memory") -> None:
    """Let bare names in this cursor's next statements mean assets of `pipeline` (its schema must exist).

    The path names the catalog: without it DuckDB looks for the schema in whichever catalog the cursor last used.
    `main` stays on the path behind it: the frozen clock's macros live there.
    """
    path = f"{quote(catalog)}.{quote(pipeline)},memory.main"
    cursor.execute(f"SET search_path = {literal(path)}")
