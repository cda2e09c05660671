"""Stubs stay fresh: `vp apply` brings them up to date before it plans, and `vp codegen --watch` at every change."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import Vp, edit

from vibepiper_codegen.stubs.watch import changes, counts


def test_apply_brings_stubs_up_to_date(shop: Path, vp: Vp) -> None:
    vp("codegen")
    edit(shop / "shop.vp.toml", "as amount", "as total")
    assert vp("plan").status == 0
    assert vp("codegen", "--check").status == 1  # planning touches nothing
    seen = vp("apply", "--yes")
    assert seen.status == 0
    assert seen.err.startswith("Brought 1 stub in `vp_stubs` up to date.\n")
    assert vp("codegen", "--check").status == 0


def test_apply_makes_none_where_nobody_wants_them(shop: Path, vp: Vp) -> None:
    assert vp("apply", "--yes").status == 0
    assert not (shop / "vp_stubs").exists()
    (shop / "vp.toml").write_text('[project]\nname = "shop"\n\n[codegen]\nflavours = ["polars"]\n')
    assert vp("apply", "--yes").status == 0
    assert (shop / "vp_stubs/shop/orders.py").exists()


def test_stubs_never_keep_apply_from_going_on(shop: Path, vp: Vp) -> None:
    vp("codegen")
    edit(shop / "vp_stubs/shop/orders.py", "order_id: int", "order_id: str")
    edit(shop / "shop.vp.toml", "as amount", "as total")
    seen = vp("apply", "--yes")
    assert seen.status == 0
    assert "warning[VP410]" in seen.err
    (shop / "shop.vp.toml").write_text("[pipeline\n")
    assert vp("apply", "--yes").status == 3


def test_a_second_apply_is_empty_where_rows_are_used_at_run_time(shop: Path, vp: Vp) -> None:
    (shop / "more.vp.toml").write_text('[pipeline]\nname = "shop"\n[python.totals]\nfunction = "lib:totals"\n')
    (shop / "lib.py").write_text(
        "from vibepiper import rows_of, table_of\n"
        "from vp_stubs.shop.orders import OrdersModel, OrdersPolars\n"
        "def totals(orders: OrdersPolars) -> object:\n"
        "    return table_of(rows_of(orders, OrdersModel), OrdersModel)\n"
    )
    vp("codegen")
    assert vp("apply", "--yes").status == 0
    edit(shop / "shop.vp.toml", "as amount", "as total")
    assert vp("apply", "--yes").status == 0
    assert '"total"' in vp("query", "from shop.totals", "--json").out
    assert vp("apply", "--yes").err.startswith("No changes.")


def test_changes_are_seen(shop: Path) -> None:
    seen = changes(shop.resolve(), "vp_stubs")
    assert next(seen) is True  # from here on nothing is missed
    edit(shop / "shop.vp.toml", "as amount", "as total")
    assert any(changed for changed in seen)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("shop.vp.toml", True),
        ("sql/orders.sql", True),
        ("lib/totals.py", True),
        ("vp_stubs/shop/orders.py", False),
        ("lib/.totals.py.123", False),
        (".venv/lib/x.py", False),
        ("lib/__pycache__/totals.py", False),
        ("data/orders.csv", False),
        ("../other/vp.toml", False),
    ],
)
def test_changes_that_count(tmp_path: Path, path: str, expected: bool) -> None:
    assert counts((tmp_path / path).resolve(), tmp_path, tmp_path / "vp_stubs") is expected


# What a shell starts in the background, as CI may, ignores Ctrl-C from birth.
WATCHING = [
    sys.executable,
    "-c",
    "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "from vibepiper_cli.main import main; sys.exit(main(['codegen', '--watch']))",
]


def test_watching_writes_at_every_change_until_it_is_stopped(shop: Path) -> None:
    with subprocess.Popen(WATCHING, cwd=shop, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as watching:
        try:
            stub = shop / "vp_stubs" / "shop" / "orders.py"
            wait_for(lambda: stub.is_file() and "amount" in stub.read_text())
            spec = (shop / "shop.vp.toml").read_text()
            (shop / "shop.vp.toml").write_text(spec.replace("as amount", "as gross"))
            wait_for(lambda: "gross" in stub.read_text())
            (shop / "shop.vp.toml").write_text(spec.replace("as amount", "as "))  # half typed
            time.sleep(1)
            (shop / "shop.vp.toml").write_text(spec.replace("as amount", "as net"))
            wait_for(lambda: "net" in stub.read_text())
        finally:
            watching.send_signal(signal.SIGINT)
            try:
                said, _ = watching.communicate(timeout=60)
            except subprocess.TimeoutExpired:
                watching.kill()
                raise
    assert watching.returncode in (0, 130), said
    assert "Traceback" not in said


def wait_for(there: Callable[[], bool], seconds: float = 60) -> None:
    """Fails where it does not come."""
    end = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.05)
