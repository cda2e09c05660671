"""What every verb has in common: help, exit codes, global options, errors, completion."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.conftest import Vp

from vibepiper_cli.app import VERBS, load_verb


def test_version(vp: Vp) -> None:
    assert vp("--version").out.startswith("vp 0.")
    assert vp("--project", ".", "--version").out == vp("--version").out


def test_without_a_verb_there_is_help(vp: Vp) -> None:
    seen = vp()
    assert seen.status == 0
    assert all(f"  {verb} " in seen.out for verb in VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_a_verb_begins_with_its_line_and_holds_an_example(vp: Vp, verb: str) -> None:
    seen = vp(verb, "--help")
    assert seen.status == 0
    assert load_verb(verb).help.split("\n")[0] == VERBS[verb]
    assert f"Example:\n    vp {verb}" in seen.out or f"Example:\n    source <(vp {verb}" in seen.out
    assert "--project DIR" in seen.out
    assert "--no-color" in seen.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["pln"], "error: `vp` has no verb `pln`. Did you mean `plan`?"),
        (["plan", "--jsn"], "error: no such option: --jsn"),
        (["show"], "error: missing argument 'ASSET'."),
        (["apply", "--workers", "x"], "error: invalid value for '--workers'"),
        (["apply", "--wait", "soon"], "error: `soon` is no duration. Write `30s`, `10m` or `1h 30m`."),
        (["explain", "VP300"], "error: `VP300` is no diagnostic code. Near: `VP301`, `VP302` and `VP303`."),
        (["runs", "shw"], "error: no such command 'shw'."),
        (["lineage", "a", "--json", "--mermaid"], "error: `--json` and `--mermaid` exclude each other."),
    ],
)
def test_wrong_usage_exits_with_4(vp: Vp, arguments: list[str], message: str) -> None:
    seen = vp(*arguments)
    assert seen.status == 4
    assert (seen.out == "") is ("--json" not in arguments)
    assert seen.err.startswith(message)


def test_outside_a_project_it_says_so(vp: Vp) -> None:
    seen = vp("plan")
    assert seen.status == 4
    assert seen.err.startswith("error[VP111]: Not a project\n")
    assert "vp new" in seen.err


def test_the_project_option_stands_before_or_after_the_verb(vp: Vp) -> None:
    vp("new", "shop")
    assert vp("--project", "shop", "runs").err == vp("runs", "--project", "shop/data").err
    assert vp("runs", "--project", "shop").status == 0


def test_a_defect_is_one_line_and_a_log(vp: Vp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vp("new", "shop")
    monkeypatch.chdir("shop")
    # A broken installation is the one defect that can be made without breaking code: a page that is not there.
    monkeypatch.setattr("vibepiper_cli.verbs.explain.explanation", lambda code: {}[code])
    seen = vp("explain", "VP302")
    assert seen.status == 1
    assert seen.err.startswith("error: this is a defect in vp, not in your project: KeyError: 'VP302'\n")
    (log,) = (tmp_path / "shop" / ".vp" / "logs").iterdir()
    assert str(log) in seen.err
    assert "Traceback" in log.read_text()


def test_stdout_closed_early_is_quiet(tmp_path: Path) -> None:
    """`vp explain | head -1`"""
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "vibepiper_cli.main", "explain"], stdout=write, stderr=subprocess.PIPE, text=True
    )
    os.close(write)
    assert done.stderr == ""
    assert done.returncode == 1


def complete(folder: Path, line: str) -> list[str]:
    words = line.split(" ")
    environment = {"_VP_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    done = subprocess.run(
        [sys.executable, "-m", "vibepiper_cli.main"],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    return done.stdout.split()


def test_completion(vp: Vp, tmp_path: Path) -> None:
    vp("new", "shop")
    project = tmp_path / "shop"
    assert complete(project, "vp pl") == ["plan"]
    assert sorted(complete(project, "vp show sh")) == ["shop.customers", "shop.daily_revenue", "shop.orders"]
    assert complete(project, "vp plan +da") == ["+daily_revenue"]
    assert complete(project, "vp plan --env ") == ["dev"]
    assert complete(tmp_path, "vp show sh") == []
    assert "_VP_COMPLETE=complete_bash" in vp("completion", "bash").out
