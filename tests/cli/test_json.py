"""Whoever asks for JSON gets exactly one document on stdout, however the verb ends."""

from __future__ import annotations

import contextlib
import io
import json
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Vp

from vibepiper_cli.main import main

WELL = (
    "validate",
    "plan",
    "plan --refresh-only",
    "apply --yes",
    "diff dev prod",
    "promote dev prod customers --yes",
    "show orders",
    "query 'from shop.orders'",
    "query 'from shop.orders' --limit 1",
    "query 'select 1 where false'",
    "runs",
    "state",
    "state backup saved.vpstate",
    "state verify",
    "state verify --quick --no-record",
    "lineage orders",
    "explain VP101",
    "explain",
    "clean --dry-run",
    "doctor",
)
BADLY = (
    "plan --env nope",
    "plan nope",
    "plan --as-of yesterday",
    "plan --as-of 2000-01-01",
    "plan --nope",
    "apply",
    "apply nope.vpplan",
    "apply --wait soon",
    "diff dev dev",
    "diff dev nope",
    "promote dev dev",
    "promote dev nope --yes",
    "undo nope",
    "show nope",
    "show",
    "query ''",
    "query 'select nope from shop.orders'",
    "query 'from shop.nope'",
    # Fails only at its last row.
    "query 'select error(i::VARCHAR) from range(3) as t(i) where i = 2'",
    "runs show nope",
    "state restore nope",
    "state restore vp.toml --yes",
    "state backup vp.toml",
    "state backup nope/saved.vpstate",
    "lineage nope",
    "lineage orders --mermaid",
    "explain VP999",
    "clean --older-than soon",
    "validate --nope",
)


@pytest.fixture(scope="module")
def applied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An applied project with a change that was not applied."""
    root = tmp_path_factory.mktemp("changed") / "shop"
    with contextlib.redirect_stderr(io.StringIO()):
        assert main(["new", str(root)]) == 0
        with (root / "vp.toml").open("a") as settings:
            settings.write("\n[environment.prod]\n")
        assert main(["apply", "--yes", "--quiet", "--project", str(root)]) == 0
    spec = root / "pipelines" / "shop.vp.toml"
    spec.write_text(spec.read_text().replace("where status = 'paid'", "where status <> 'open'", 1))
    return root


@pytest.mark.parametrize("command", WELL)
def test_verbs_that_go_well(command: str, vp: Vp, shop: Path) -> None:
    _document(vp, command, {0})


@pytest.mark.parametrize("command", BADLY)
def test_verbs_that_fail(command: str, vp: Vp, shop: Path) -> None:
    _document(vp, command, {1, 3, 4})


def test_verbs_in_a_broken_project(vp: Vp, shop: Path) -> None:
    spec = shop / "pipelines" / "shop.vp.toml"
    spec.write_text(spec.read_text().replace("sum(amount)", "sum(amuont)"))
    for command in ("validate", "plan", "apply --yes", "promote dev prod", "lineage orders"):
        found = _document(vp, command, {3})
        assert {told["code"] for told in found["diagnostics"]} == {"VP302"}, command


def test_verbs_outside_a_project(vp: Vp, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.rmtree(shop)
    monkeypatch.chdir(tmp_path)
    commands = [command for command in WELL if command.partition(" ")[0] not in ("explain", "doctor")]
    for command in commands:
        assert _document(vp, command, {4})["diagnostics"][0]["code"] == "VP111", command


def _document(vp: Vp, command: str, statuses: set[int]) -> Any:
    words = shlex.split(command)
    seen = vp(*words, "--json")
    assert seen.status in statuses, (command, seen)
    try:
        found = json.loads(seen.out)
    except ValueError:
        pytest.fail(f"`vp {command} --json` printed {seen.out!r}")
    return found
