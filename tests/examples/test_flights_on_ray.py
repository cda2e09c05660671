"""One command runs examples/flights on Ray, and the tables equal those that threads make."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from tests.examples.conftest import Vp, copy_example
from tests.executors.cluster import agree_on_token, start_node, wait_for_answer


def equal(name: str, warehouses: duckdb.DuckDBPyConnection) -> bool:
    """As multisets of rows; floats are summed in another order on each run, so to nine digits."""
    columns = warehouses.execute(f"DESCRIBE threads.{name}").fetchall()
    assert [each[:2] for each in columns] == [
        each[:2] for each in warehouses.execute(f"DESCRIBE ray.{name}").fetchall()
    ]
    rounded = ", ".join(
        f"CAST(printf('%.9g', \"{column}\") AS DOUBLE)" if kind in ("DOUBLE", "FLOAT") else f'"{column}"'
        for column, kind, *_ in columns
    )
    sides = [f"SELECT {rounded} FROM {side}.{name}" for side in ("threads", "ray")]
    [(differing,)] = warehouses.execute(
        f"SELECT count(*) FROM (({sides[0]} EXCEPT ALL {sides[1]}) UNION ALL ({sides[1]} EXCEPT ALL {sides[0]}))"
    ).fetchall()
    return bool(differing == 0)


@pytest.fixture(scope="module")
def client_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a cluster is asked by those who are on none of its nodes."""
    before = dict(os.environ)
    agree_on_token(tmp_path_factory.mktemp("token"))
    node = start_node()
    try:
        wait_for_answer(node, node.client_address)
        yield node.client_address
    finally:
        node.stop()
        os.environ.clear()
        os.environ.update(before)


@pytest.mark.slow
@pytest.mark.parametrize("where", ["this machine", "a client"])
def test_the_tables_equal_those_of_threads(
    flights: Path, tmp_path: Path, vp: Vp, where: str, request: pytest.FixtureRequest
) -> None:
    root = copy_example("flights", tmp_path / "flights")
    if where == "a client":
        address = request.getfixturevalue("client_address")
        with (root / "vp.toml").open("a") as settings:
            settings.write(f'\n[executor]\nray = {{ address = "{address}" }}\n')
    applied = vp(root, "apply", "--yes", "--executor", "ray", "--workers", "2")
    assert applied.returncode == 0, applied.stdout + applied.stderr
    with duckdb.connect() as warehouses:
        for side, folder in (("threads", flights), ("ray", root)):
            file = folder / ".vp" / "warehouse.duckdb"
            warehouses.execute(f"ATTACH '{file}' AS {side} (READ_ONLY)")
        names = warehouses.execute(
            "SELECT schema_name || '.' || view_name FROM duckdb_views() "
            "WHERE database_name = 'threads' AND NOT internal"
        ).fetchall()
        assert len(names) > 5
        assert [name for (name,) in names if not equal(name, warehouses)] == []
    assert vp(root, "plan", "--detailed-exitcode").returncode == 0
