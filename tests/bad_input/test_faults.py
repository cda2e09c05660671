"""Faults of the machine and of timing, against `vp` in processes of its own: nothing published is ever lost."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

VP = [sys.executable, "-m", "vibepiper_cli.main"]
QUIET = {**os.environ, "NO_COLOR": "1"}
SPEC = """\
[pipeline]
name = "shop"

[sql.numbers]
query = "select range as number, repeat('x', 200) || hash(range) as padding from range({rows})"

[sql.total]
query = "select count(*) as numbers from numbers"
"""


def vp(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [*VP, *arguments], cwd=root, env=QUIET, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    assert "Traceback" not in done.stdout + done.stderr
    return done


def total(root: Path) -> str:
    return vp(root, "query", "from shop.total", "--format", "csv").stdout


def plan_for(root: Path, rows: int) -> None:
    (root / "shop.vp.toml").write_text(SPEC.format(rows=rows))


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """`shop.total` is published and says 10."""
    (tmp_path / "vp.toml").write_text('[project]\nname = "faults"\n')
    plan_for(tmp_path, 10)
    assert vp(tmp_path, "apply", "--yes").returncode == 0
    assert total(tmp_path) == "numbers\n10\n"
    return tmp_path


@pytest.fixture
def small_disk(shop: Path) -> Iterator[list[str]]:
    """A command line that runs what follows with the project's storage on a disk of 1 MB."""
    storage = shop / ".vp" / "storage"
    saved = shop / "saved"
    shutil.copytree(storage, saved)
    mount = f'mount -t tmpfs -o size=1m tmpfs {storage} && cp -a {saved}/. {storage} && exec "$@"'
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, "sh"]
    if not shutil.which("unshare") or subprocess.run([*command, "true"], capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount a small disk")
    yield command


def test_disk_full_in_the_middle_of_a_snapshot(shop: Path, small_disk: list[str]) -> None:
    plan_for(shop, 100_000)
    done = subprocess.run(
        [*small_disk, *VP, "apply", "--yes"],
        cwd=shop,
        env=QUIET,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "error[VP508]: Disk full\n --> shop.vp.toml:4:1\n" in done.stderr
    assert "Make room" in done.stderr
    assert "Traceback" not in done.stderr
    assert total(shop) == "numbers\n10\n"
    # With room enough, the next apply does what is left.
    assert vp(shop, "apply", "--yes").returncode == 0
    assert total(shop) == "numbers\n100000\n"


def start_slow_apply(root: Path) -> subprocess.Popen[str]:
    """An apply that is in the middle of its work when this returns."""
    plan_for(root, 5_000_000)
    apply = subprocess.Popen([*VP, "apply", "--yes"], cwd=root, env=QUIET, stderr=subprocess.PIPE, text=True)
    folder = root / ".vp" / "storage" / "shop" / "numbers"
    while len(list(folder.glob("*/part-0.parquet"))) < 2:
        assert apply.poll() is None, "it was done before it could be disturbed"
        time.sleep(0.02)
    return apply


def test_ctrl_c_ends_in_order_and_loses_nothing(shop: Path) -> None:
    apply = start_slow_apply(shop)
    apply.send_signal(signal.SIGINT)
    _, told = apply.communicate()
    assert apply.returncode == 130, told
    assert "Stopping" in told
    assert "Traceback" not in told
    assert total(shop) == "numbers\n10\n"
    assert vp(shop, "runs").stdout.count("cancelled") == 1
    plan_for(shop, 20)
    assert vp(shop, "apply", "--yes").returncode == 0
    assert total(shop) == "numbers\n20\n"


def test_a_second_apply_stops_before_its_first_write_and_a_killed_one_holds_nobody_up(shop: Path) -> None:
    apply = start_slow_apply(shop)
    second = vp(shop, "apply", "--yes")
    assert second.returncode == 1
    assert "error[VP703]: Another apply is running" in second.stderr
    assert f"process {apply.pid}" in second.stderr
    apply.kill()
    apply.communicate()
    assert total(shop) == "numbers\n10\n"
    plan_for(shop, 20)
    after = vp(shop, "apply", "--yes", "--wait", "60s")
    assert after.returncode == 0, after.stderr
    assert total(shop) == "numbers\n20\n"
    freed = vp(shop, "clean", "--grace", "0s")
    assert freed.returncode == 0
    assert "Deleted" in freed.stderr
    assert total(shop) == "numbers\n20\n"
