"""Copies of the examples, applied once by the real command."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"

Vp = Callable[..., "subprocess.CompletedProcess[str]"]


def run_vp(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`vp` in a process of its own, as a user starts it."""
    return subprocess.run(
        [sys.executable, "-m", "vibepiper_cli.main", *arguments],
        cwd=folder,
        env={**os.environ, "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
    )


def copy_example(name: str, target: Path) -> Path:
    shutil.copytree(EXAMPLES / name, target, ignore=shutil.ignore_patterns(".vp", "__pycache__"))
    return target


@pytest.fixture(scope="session")
def vp() -> Vp:
    return run_vp


@pytest.fixture(scope="session")
def flights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The flights example, applied. Tests only read it."""
    root = copy_example("flights", tmp_path_factory.mktemp("example") / "flights")
    applied = run_vp(root, "apply", "--yes")
    assert applied.returncode == 0, applied.stdout + applied.stderr
    return root


@pytest.fixture
def editable_flights(flights: Path, tmp_path: Path) -> Path:
    """A copy of the applied example, for tests that edit it and plan."""
    root = tmp_path / "flights"
    shutil.copytree(flights, root)
    return root
