"""examples/typed runs: SQL above, Python below, typed by stubs that are not there before. (Checkers: tests/codegen.)"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from tests.cli.conftest import Vp, edit, vp

__all__ = ["vp"]

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "typed"


def test_the_readme(vp: Vp, tmp_path: Path) -> None:
    shutil.copytree(EXAMPLE, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".vp", "vp_stubs"))
    assert "9 files of 9 changed." in vp("codegen").err
    assert vp("apply", "--yes").status == 0
    rows = vp("query", "from shop.letters order by order_id").out
    assert "Dear Ada, thank you for 120.50 euros." in rows
    edit(tmp_path / "shop.vp.toml", "channel, amount, ordered_at", "channel, amount as gross, ordered_at")
    edit(tmp_path / "shop.vp.toml", "columns.amount", "columns.gross")
    assert "Wrote `vp_stubs/shop/paid_orders.py`\n1 file of 9 changed." in vp("codegen").err
    # What the checkers would have said; nothing wrong is published.
    seen = vp("apply", "--yes")
    assert seen.status == 1
    assert seen.err.count("error[VP406]") == 3


def test_its_own_suite(vp: Vp, tmp_path: Path) -> None:
    shutil.copytree(EXAMPLE, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".vp", "vp_stubs"))
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    assert vp("codegen").status == 0
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert "4 passed" in done.stdout, done.stdout + done.stderr
