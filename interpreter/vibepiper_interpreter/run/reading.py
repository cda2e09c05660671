"""Reads published tables: read-only, through the warehouse file, with the settings that runs use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from vibepiper_interpreter.engines.duckdb.session import RESULT_SETTINGS, literal
from vibepiper_interpreter.run.warehouse import WarehouseReach


@contextmanager
def open_warehouse(path: Path, reach: WarehouseReach) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse file, from which nothing else can be reached but what its views read.

    Reach is not only to read: DuckDB does not tell the two apart, so a caller lets only statements pass that read.
    """
    connection = duckdb.connect(str(path), read_only=True, config={"python_enable_replacements": False})
    try:
        for name, value in RESULT_SETTINGS.items():
            connection.execute(f"SET GLOBAL {name} = {literal(value)}")
        connection.execute(f"SET GLOBAL allowed_directories = [{literal(str(reach.storage))}]")
        if reach.files:
            listed = ", ".join(literal(str(file)) for file in reach.files)
            connection.execute(f"SET GLOBAL allowed_paths = [{listed}]")
        connection.execute("SET GLOBAL autoinstall_known_extensions = false")
        connection.execute("SET GLOBAL autoload_known_extensions = false")
        connection.execute("SET GLOBAL enable_external_access = false")
        connection.execute("SET GLOBAL errors_as_json = true")
        connection.execute("SET GLOBAL lock_configuration = true")
        yield connection
    finally:
        connection.close()
