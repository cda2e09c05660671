"""A real DuckDB, opened the way the project opens it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from vibepiper_interpreter.compile.compiled import Column
from vibepiper_interpreter.engines.duckdb.binder import Binder
from vibepiper_interpreter.engines.duckdb.session import SessionSettings, connect
from vibepiper_spec.address import Address

SHOP: dict[str, dict[str, str]] = {
    "orders": {
        "id": "BIGINT",
        "customer": "VARCHAR",
        "amount": "DECIMAL(10,2)",
        "day": "DATE",
        "price": "DOUBLE",
        "tags": "VARCHAR[]",
        "address": "STRUCT(city VARCHAR, zip VARCHAR)",
    },
    "customers": {"id": "BIGINT", "name": "VARCHAR", "joined": "TIMESTAMP"},
    "größen": {"id": "BIGINT", "größe": "VARCHAR"},
}


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    settings = SessionSettings(threads=1, allowed_directories=[tmp_path])
    opened = connect(settings, datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC))
    yield opened
    opened.close()


@pytest.fixture
def schemas() -> dict[Address, tuple[Column, ...]]:
    """The assets of pipeline `shop`."""
    return {
        Address("shop", table): tuple(Column(name, kind) for name, kind in columns.items())
        for table, columns in SHOP.items()
    }


@pytest.fixture
def binder(connection: duckdb.DuckDBPyConnection, schemas: dict[Address, tuple[Column, ...]]) -> Binder:
    ready = Binder(connection)
    ready.declare(schemas)
    return ready
