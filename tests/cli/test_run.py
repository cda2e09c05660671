"""`vp run` does what is due and shows it; cron can call it."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from vibepiper_interpreter.state import open_state_at

if TYPE_CHECKING:
    from tests.cli.conftest import Vp

SPECS = """
[pipeline]
name = "shop"
schedule = { cron = "0 6 * * *", timezone = "Europe/Berlin" }
[sql.days]
query = '''
select day from range(timestamp '2024-01-01', timestamp '2024-03-01', interval 1 day) as t(day)
where day >= $start and day < $end
'''
build = { mode = "interval", column = "day", grain = "day", start = 2024-01-01 }
"""


@pytest.fixture
def shop(vp: Vp, tmp_path: Path) -> Path:
    (tmp_path / "vp.toml").write_text('[project]\nname = "trial"\n[environment.prod]\nprotected = true\n')
    (tmp_path / "shop.vp.toml").write_text(SPECS)
    return tmp_path


def days(vp: Vp) -> int:
    return int(vp("query", "select count(*) from shop.days", "--format", "csv").out.splitlines()[1])


def test_it_does_what_is_due_and_asks_nothing(vp: Vp, shop: Path) -> None:
    seen = vp("run", "--at", "2024-01-03 05:00", "--json")
    assert seen.status == 0
    told = json.loads(seen.out)
    assert (told["status"], told["at"], told["schedules"]) == (
        "succeeded",
        "2024-01-03T05:00:00+00:00",
        [
            {
                "name": "shop",
                "due": True,
                "tick": "2024-01-03T05:00:00+00:00",
                "next": "2024-01-04T05:00:00+00:00",
                "served": True,
            }
        ],
    )
    assert [task["address"] for task in told["runs"][0]["tasks"]] == ["shop.days"]
    assert "Applied to `dev`" in seen.err
    assert days(vp) == 2
    again = vp("run", "--at", "2024-01-04 04:59")
    assert again.status == 0
    assert "not due  shop  until 2024-01-04 06:00 CET, by `0 6 * * *` Europe/Berlin" in again.err
    assert again.err.endswith("Nothing is to be done.\n")
    vp("run", "--at", "2024-01-04T06:00+01:00", "--quiet")
    assert days(vp) == 3


def test_a_dry_run_shows_the_plan(vp: Vp, shop: Path) -> None:
    later = f"{datetime.now(UTC) + timedelta(days=400):%Y-%m-%d %H:%M}"
    seen = vp("run", "--at", later, "--dry-run")
    assert seen.status == 0
    assert "due  shop  since" in seen.err
    assert "days to build: 2024-01-01 to " in seen.out
    assert vp("run", "--at", later).status == 4  # intervals that are not over must not be built
    assert vp("run", "--at", "noon").status == 4
    assert json.loads(vp("run", "--dry-run", "--json").out)["runs"][0]["plan"]["actions"][0]["address"] == "shop.days"
    assert vp("runs").err == "No run yet. `vp apply` makes the first.\n"


def test_while_another_apply_goes_on_it_says_so_and_is_content(vp: Vp, shop: Path) -> None:
    with open_state_at(shop, None) as state, state.take_lease("dev", "ann@host"):
        seen = vp("run", "--at", "2024-01-03 07:00")
    assert seen.status == 0
    assert "being applied by ann@host" in seen.err
    assert "Nothing was done: another apply is at it." in seen.err
    assert vp("runs").err == "No run yet. `vp apply` makes the first.\n"


def test_of_two_at_once_one_does_it(vp: Vp, shop: Path) -> None:
    command = [sys.executable, "-m", "vibepiper_cli.main", "run", "--at", "2024-02-20 07:00", "--json"]
    pipes: Any = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    started = [subprocess.Popen(command, cwd=shop, **pipes) for _ in range(2)]
    ended = [(process.communicate(), process.returncode) for process in started]
    assert [status for _, status in ended] == [0, 0], ended
    statuses = sorted(json.loads(out)["status"] for (out, _), _ in ended)
    assert statuses in (["busy", "succeeded"], ["nothing", "succeeded"])
    assert days(vp) == 50
    assert len(json.loads(vp("runs", "--json").out)["runs"]) == 1


def test_failures_and_mistakes_have_the_status_of_every_verb(vp: Vp, shop: Path) -> None:
    (shop / "shop.vp.toml").write_text('[pipeline]\nname = "shop"\n[sql.one]\nquery = "select nosuch"\n')
    assert vp("run").status == 3
    check = "checks = [{ row_count = { min = 9 } }]"
    (shop / "shop.vp.toml").write_text(f'[pipeline]\nname = "shop"\n[sql.one]\nquery = "select 1 as a"\n{check}\n')
    seen = vp("run")
    assert seen.status == 1
    assert seen.err.endswith("this goes on with what is left:\n\n  vp run\n")
    assert vp("run", "--env", "nosuch").status == 4


def test_a_protected_environment_is_brought_no_definition(vp: Vp, shop: Path) -> None:
    seen = vp("run", "--env", "prod", "--at", "2024-01-03 07:00")
    assert seen.status == 0
    assert seen.err.count("warning[VP608]") == 1
    assert vp("plan", "--env", "prod", "--out", "prod.vpplan").status == 0
    assert vp("apply", "prod.vpplan", "--yes").status == 0
    (shop / "shop.vp.toml").write_text(SPECS.replace("select day from", "select day + interval 1 hour as day from"))
    seen = vp("run", "--env", "prod")
    assert seen.status == 1
    assert "error[VP608]" in seen.err


def test_tasks_are_done_until_nothing_is_left_and_what_is_always_done_once(vp: Vp, shop: Path) -> None:
    (shop / "shop.vp.toml").write_text(
        '[pipeline]\nname = "shop"\n'
        '[task.shell.fetch]\ncommand = "mkdir -p data && printf \'x\\\\n1\\\\n\' > data/a.csv"\nbefore = ["all"]\n'
        '[source.file.all]\npath = "data/*.csv"\ncolumns.x = "bigint"\nwrite = "append"\n'
        '[task.shell.tick]\ncommand = "echo tick >> log.txt"\nrun = "always"\n'
        '[task.shell.after_tick]\ncommand = "echo after >> log.txt"\nafter = ["tick"]\n'
    )
    (shop / "data").mkdir()
    (shop / "data" / "first.csv").write_text("x\n0\n")
    seen = vp("run", "--json")
    assert seen.status == 0, seen.err
    assert vp("query", "select count(*) from shop.all", "--format", "csv").out.splitlines()[1] == "2"
    ticks = (shop / "log.txt").read_text().split()
    assert ticks in (["tick", "after"], ["tick", "after"] * 2)
    assert [task["address"] for run in json.loads(seen.out)["runs"] for task in run["tasks"]].count("shop.fetch") == 1
