"""`vp cancel` stops an apply of another process through the state."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.conftest import Vp

# `endless` would take years, and what comes after it waits.
SPECS = """
[pipeline]
name = "shop"
[sql.quick]
query = "select 1 as a"
[sql.endless]
query = "select count(*) as n from range(10000000) as a, range(10000000) as b where hash(a.range, b.range) = 7"
[sql.after]
query = "select n from endless"
"""


@pytest.fixture
def running(vp: Vp, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """An apply in another process, in which one asset is made for ever."""
    (tmp_path / "vp.toml").write_text('[project]\nname = "trial"\n[environment.staging]\n')
    (tmp_path / "shop.vp.toml").write_text(SPECS)
    command = [sys.executable, "-m", "vibepiper_cli.main", "apply", "--yes", "--json"]
    pipes: Any = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=tmp_path, **pipes) as process:
        while "task_started" not in (shown := events(vp)) or '"shop.quick", "task_finished"' not in shown:
            assert process.poll() is None, process.communicate()
            time.sleep(0.05)
        yield process
        process.kill()


def events(vp: Vp) -> str:
    """What has been told of the last run so far."""
    runs = json.loads(vp("runs", "--json").out)["runs"]
    if not runs:
        return ""
    record = json.loads(vp("runs", "show", runs[0]["id"], "--json").out)
    return json.dumps([[event["address"], event["type"]] for event in record["events"]])


def test_a_run_of_another_process_is_cancelled(vp: Vp, running: subprocess.Popen[str]) -> None:
    seen = vp("cancel", "--json")
    assert seen.status == 0
    assert "was asked to stop.\nIt has ended after " in seen.err
    assert json.loads(seen.out)["run"]["status"] == "cancelled"
    out, err = running.communicate()
    assert running.returncode == 130
    told = json.loads(out)
    assert told["status"] == "cancelled"
    assert {task["address"]: task["outcome"] for task in told["tasks"]} == {
        "shop.quick": "built",
        "shop.endless": "skipped",
        "shop.after": "skipped",
    }
    assert "error[VP709]" in err
    assert ", as " in err
    # What is finished is kept, and nobody is asked a second time.
    left = json.loads(vp("plan", "--json").out)["actions"]
    assert "shop.quick" not in [action["address"] for action in left if action["verb"] == "create"]
    assert "has ended: cancelled." in vp("cancel").err


def test_who_asks_again_stops_only_that_run(vp: Vp, running: subprocess.Popen[str], tmp_path: Path) -> None:
    vp("cancel")
    running.communicate()
    (tmp_path / "shop.vp.toml").write_text('[pipeline]\nname = "shop"\n[sql.one]\nquery = "select 1 as a"\n')
    assert vp("apply", "--yes").status == 0


def test_a_run_whose_process_is_gone_is_told_so(vp: Vp, running: subprocess.Popen[str]) -> None:
    running.kill()
    running.communicate()
    seen = vp("cancel", "--json")
    assert seen.status == 0
    assert "does not go on any more: its process is gone." in seen.err
    assert json.loads(seen.out)["run"]["status"] == "interrupted"


def test_what_has_ended_and_what_never_was(vp: Vp, tmp_path: Path) -> None:
    (tmp_path / "vp.toml").write_text('[project]\nname = "trial"\n[environment.staging]\n')
    (tmp_path / "shop.vp.toml").write_text('[pipeline]\nname = "shop"\n[sql.one]\nquery = "select 1 as a"\n')
    assert vp("cancel").err == "No run yet in `dev`.\n"
    run = json.loads(vp("apply", "--yes", "--json").out)["run"]
    assert vp("cancel", run).err == f"Run {run} in `dev` has ended by itself: succeeded.\n"
    assert vp("cancel", run, "--env", "staging").status == 4
    assert vp("cancel", "1999").err.startswith("error[VP707]")


def test_items_that_are_done_stay_done(vp: Vp, tmp_path: Path) -> None:
    """The third waits for ever, until somebody lets it go on."""
    (tmp_path / "vp.toml").write_text('[project]\nname = "trial"\n')
    (tmp_path / "shop.vp.toml").write_text(
        '[pipeline]\nname = "shop"\n[task.shell.say]\n'
        "command = 'echo $item >> begun; test $item != 3 || test -f go || sleep 1000; echo $item >> ended'\n"
        "for_each = { items = [1, 2, 3, 4], concurrency = 1 }\n"
    )
    command = [sys.executable, "-m", "vibepiper_cli.main", "apply", "--yes"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        begun = tmp_path / "begun"
        while not begun.exists() or begun.read_text().split() != ["1", "2", "3"]:
            assert process.poll() is None, process.communicate()
            time.sleep(0.05)
        assert vp("cancel").status == 0
        process.communicate()
    assert process.returncode == 130
    assert (tmp_path / "ended").read_text().split() == ["1", "2"]
    (tmp_path / "go").write_text("")
    assert vp("apply", "--yes").status == 0
    assert (tmp_path / "ended").read_text().split() == ["1", "2", "3", "4"]
    assert json.loads(vp("plan", "--json").out)["actions"] == []
