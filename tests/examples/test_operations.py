"""examples/operations, done by the real command: a delivery lands while it waits, and everybody is told."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from tests.examples.conftest import Vp, copy_example


class Service:
    """The example's own service, on a port of its own, and what it was told."""

    def __init__(self, root: Path) -> None:
        command = [sys.executable, "service.py", "0"]
        self._process = subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def stop(self) -> list[tuple[str, dict[str, object]]]:
        """Each POST as its path and its JSON, in order."""
        self._process.terminate()
        said, _ = self._process.communicate()
        found = [line.split(" ", 2) for line in said.splitlines()]
        return [(path, json.loads(body)) for _, path, body in found]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return copy_example("operations", tmp_path / "operations")


@pytest.fixture
def service(root: Path) -> Iterator[Service]:
    running = Service(root)
    settings = root / "vp.toml"
    settings.write_text(re.sub(r"http://127\.0\.0\.1:\d+", running.url, settings.read_text()))
    yield running
    if running.is_running:
        running.stop()


def deliver(root: Path) -> None:
    (root / "inbox").mkdir(exist_ok=True)
    shutil.copy(root / "delivery" / "2026-03-01.csv", root / "inbox")


def apply_while_delivering(root: Path) -> str:
    """`vp apply`, and the delivery as soon as it says that it waits for one. All that it says."""
    with subprocess.Popen(
        [sys.executable, "-m", "vibepiper_cli.main", "apply", "--yes"],
        cwd=root,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as applying:
        assert applying.stdout is not None
        said = ""
        for line in applying.stdout:
            if "operations.landed waits" in line:
                deliver(root)
            said += line
    assert applying.returncode == 0, said
    return said


def regions(root: Path) -> list[tuple[str, int, Decimal]]:
    with duckdb.connect(str(root / ".vp" / "warehouse.duckdb"), read_only=True) as warehouse:
        return warehouse.execute("from operations.by_region order by region").fetchall()


def test_a_delivery_is_taken_in_booked_and_told(root: Path, service: Service, vp: Vp) -> None:
    planned = vp(root, "plan")
    assert planned.returncode == 0, planned.stderr
    assert "only when $rows >= $large" in planned.stdout
    assert not (root / "ledger.db").exists(), "planning touches nothing"

    said = apply_while_delivering(root)
    assert "inbox/2026-03-01.csv holds 4 orders" in said
    assert re.search(r"done +operations\.large\b", said) and re.search(r"skipped +operations\.small\b", said), said
    assert not (root / "work").exists(), "the teardown took it away"
    ledger = sqlite3.connect(root / "ledger.db")
    assert ledger.execute("select orders, rate from deliveries").fetchall() == [(4, 1.25)]
    ledger.close()
    # What a task has brought is found by the next plan.
    assert regions(root) == [("north", 1, Decimal("10.00")), ("south", 1, Decimal("20.50"))]

    again = vp(root, "apply", "--yes")
    assert again.returncode == 0, again.stderr
    assert regions(root) == [("north", 4, Decimal("18.25")), ("south", 2, Decimal("28.25"))]
    assert vp(root, "plan", "--detailed-exitcode").returncode == 0, "nothing is left to do"

    told = service.stop()
    counted = sorted((path, body["orders"]) for path, body in told if path != "/chat")
    assert counted == [("/regions/north", 1), ("/regions/north", 4), ("/regions/south", 1), ("/regions/south", 2)]
    assert [body["text"] for path, body in told if path == "/chat"] == [
        "*Delivery booked*\n4 orders at a rate of 1.25; 1 deliveries so far."
    ]


def test_whoever_waits_is_told_of_a_failure(root: Path, service: Service, vp: Vp) -> None:
    deliver(root)
    pipeline = root / "operations.vp.toml"
    pipeline.write_text(pipeline.read_text().replace("mkdir -p work", "mkdir -p work; exit 3"))
    failed = vp(root, "apply", "--yes")
    assert failed.returncode == 1
    assert "VP811" in failed.stdout + failed.stderr
    assert not (root / "ledger.db").exists()
    (text,) = (str(body["text"]) for path, body in service.stop() if path == "/chat")
    assert text.startswith("*Delivery failed*\noperations.workspace failed: ")
    assert "exit status 3" in text
