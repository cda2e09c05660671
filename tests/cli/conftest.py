"""Runs `vp` in this process, as a person would in a folder, and gives what they would see."""

from __future__ import annotations

import contextlib
import io
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from vibepiper_cli.main import main


@dataclass(frozen=True)
class Seen:
    status: int
    out: str
    err: str


Vp = Callable[..., Seen]


@pytest.fixture
def vp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Vp:
    """`vp("plan", "--json")` in the test's own folder, without a terminal."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")

    def run(*arguments: str, stdin: str = "") -> Seen:
        out, err = io.StringIO(), io.StringIO()
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = main(list(arguments))
        assert "Traceback" not in out.getvalue() + err.getvalue(), err.getvalue()
        return Seen(status, out.getvalue(), err.getvalue())

    return run


@pytest.fixture
def shop(applied: Path, vp: Vp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the project that the module's `applied` gives; the test stands in it."""
    shutil.copytree(applied, tmp_path / "shop")
    monkeypatch.chdir(tmp_path / "shop")
    return tmp_path / "shop"


def edit(path: Path, old: str, new: str) -> None:
    """Write `new` in the place of the first `old`, which must be there."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
