"""A project that may be read and not written: what only looks works, what writes says why it does not."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from vibepiper_cli.main import main

pytestmark = pytest.mark.skipif(
    os.geteuid() == 0 and shutil.which("setpriv") is None, reason="root is held by no permission, without `setpriv`"
)


@pytest.fixture(scope="module")
def project() -> Iterator[Path]:
    """An applied project in a folder that everybody may enter, and only the tests' user write to."""
    home = Path(tempfile.mkdtemp(prefix="vp-read-only-"))
    root = home / "shop"
    with contextlib.redirect_stderr(io.StringIO()):
        assert main(["new", str(root)]) == 0
        assert main(["apply", "--yes", "--quiet", "--project", str(root)]) == 0
    # There is something for the verbs that write to write.
    shutil.rmtree(root / ".vp" / "schemas")
    with (root / "data" / "orders.csv").open("a") as orders:
        orders.write("9,Ada,2024-03-09,5.00,paid\n")
    for path in (home, *home.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        yield root
    finally:
        for path in (home, *home.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        shutil.rmtree(home)


def run(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`vp` as somebody whom permissions hold, as they do not hold root with all its powers."""
    powerless = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
    command = [*powerless, sys.executable, "-m", "vibepiper_cli.main", *arguments]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "arguments",
    [
        ["validate"],
        ["plan"],
        ["show", "customers"],
        ["query", "from shop.customers"],
        ["runs"],
        ["state"],
        ["state", "verify"],
        ["lineage", "customers"],
        ["clean", "--dry-run"],
        ["schema", "--print", "project"],
    ],
    ids=" ".join,
)
def test_what_only_looks_works(project: Path, arguments: list[str]) -> None:
    seen = run(project, *arguments)
    assert (seen.returncode, "error" in seen.stderr) == (0, False), seen.stderr


def test_rows_are_shown_even_without_a_warehouse_file_of_today(project: Path) -> None:
    vp = project / ".vp"
    vp.chmod(0o755)
    (vp / "warehouse.json").rename(vp / "kept.json")
    vp.chmod(0o555)
    try:
        seen = run(project, "query", "select count(*) as n from shop.customers", "--json")
        assert seen.stdout == '[\n  {"n":4}\n]\n', seen.stderr
    finally:
        vp.chmod(0o755)
        (vp / "kept.json").rename(vp / "warehouse.json")
        vp.chmod(0o555)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["apply", "--yes"], "VP714"),
        (["schema"], "VP008"),
        (["plan", "--out", "today.vpplan"], "VP008"),
        (["clean"], "VP714"),
        (["state", "backup", "saved.vpstate"], "VP008"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_what_writes_says_why_it_does_not(project: Path, arguments: list[str], code: str) -> None:
    seen = run(project, *arguments)
    assert seen.returncode == 1, seen.stderr
    assert f"error[{code}]" in seen.stderr
    assert "delete" not in seen.stderr


def test_a_state_that_may_not_be_read_is_not_called_damaged(project: Path) -> None:
    state = project / ".vp" / "state.sqlite"
    state.chmod(0o000)
    try:
        seen = run(project, "plan")
    finally:
        state.chmod(0o444)
    assert "error[VP706]" in seen.stderr
    assert "you may not read it" in seen.stderr
    assert "delete" not in seen.stderr
