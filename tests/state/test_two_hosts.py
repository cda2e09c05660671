"""Two machines share a state in PostgreSQL and a folder: they take turns, and one that was away does no harm.

A machine is a process that says so: it has its own name, boot and clock, and its own checkout of the project.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

SPEC = """\
[pipeline]
name = "shop"

[sql.numbers]
query = "select range as number, repeat('x', 200) || hash(range) as padding from range({rows})"

[sql.total]
query = "select count(*) as numbers from numbers"
columns.numbers = {{ checks = ["not_null"] }}
"""
# What makes a process one of another machine. Its arguments: the machine's name, the hours its clock is ahead, and what
# is typed after `vp`.
PROGRAM = """
import sys, time
from datetime import datetime, timedelta
import vibepiper_interpreter.state.process as process
name, ahead = sys.argv[1], timedelta(hours=float(sys.argv[2]))
process._machine = lambda: f"boot-of-{name} pid:[1]"
process.socket.gethostname = lambda: name
class Clock(datetime):
    @classmethod
    def now(cls, tz=None):
        return datetime.now(tz) + ahead
if ahead:
    import vibepiper_interpreter.state.database, vibepiper_interpreter.plan.planner, vibepiper_interpreter.run.scheduler
    import vibepiper_interpreter.run.tasks.staging
    for module in list(sys.modules.values()):
        if module.__name__.startswith("vibepiper") and getattr(module, "datetime", None) is datetime:
            module.datetime = Clock
    real = time.time
    time.time = lambda: real() + ahead.total_seconds()
from vibepiper_cli.main import main
sys.exit(main(sys.argv[3:]))
"""


class Machine:
    """A checkout of the project on a machine of its own."""

    def __init__(self, root: Path, name: str, url: str, storage: Path, ahead: float = 0) -> None:
        self.root, self.name, self.ahead = root, name, ahead
        root.mkdir()
        (root / "vp.toml").write_text(
            f'[project]\nname = "shop"\n[state]\nurl = "{url}"\n[storage]\npath = "{storage}"\n'
        )

    def specs(self, rows: int) -> None:
        (self.root / "shop.vp.toml").write_text(SPEC.format(rows=rows))

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", PROGRAM, self.name, str(self.ahead), *arguments],
            cwd=self.root,
            env={**os.environ, "NO_COLOR": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def vp(self, *arguments: str) -> tuple[int, str]:
        process = self.start(*arguments)
        out, err = process.communicate()
        assert "Traceback" not in out + err, err
        return process.returncode, out or err

    def start_slow_apply(self, rows: int) -> subprocess.Popen[str]:
        """An apply that is in the middle of its work when this returns."""
        self.specs(rows)
        storage = self.root.parent / "storage" / "shop" / "numbers"
        before = len(list(storage.glob("*/part-0.parquet")))
        apply = self.start("apply", "--yes")
        while len(list(storage.glob("*/part-0.parquet"))) == before:
            assert apply.poll() is None, apply.communicate()
            time.sleep(0.02)
        return apply

    def total(self) -> str:
        return self.vp("query", "from shop.total", "--format", "csv")[1].split("\n")[1]


@pytest.fixture
def shared(tmp_path: Path, postgresql: str) -> Any:
    """Makes machines that share one state and one folder."""

    def make(name: str, ahead: float = 0) -> Machine:
        return Machine(tmp_path / name, name, postgresql, tmp_path / "storage", ahead)

    return make


@pytest.fixture
def let_time_pass(postgresql: str) -> Any:
    """Let the lease be as old as one that nobody has kept up for long."""

    def age() -> None:
        engine = create_engine(postgresql)
        with engine.begin() as connection:
            connection.execute(text("update leases set expires_at = acquired_at - interval '1 second'"))
        engine.dispose()

    return age


def test_two_hosts_at_once_the_second_stops_and_nothing_is_doubled(shared: Any) -> None:
    one, other = shared("one"), shared("other")
    for machine in (one, other):
        machine.specs(10)
    assert one.vp("apply", "--yes")[0] == 0
    assert "No changes" in other.vp("plan")[1]  # what one has done, the other one sees
    apply = one.start_slow_apply(5_000_000)
    other.specs(20)
    status, told = other.vp("apply", "--yes")
    assert (status, "error[VP703]" in told, "process" in told) == (1, True, True)
    _, err = apply.communicate()
    assert apply.returncode == 0, err
    assert (one.total(), other.total()) == ("5000000", "5000000")
    # Both wait for each other from here on; whose plan has become stale plans again, and nobody's work is lost.
    for _ in range(3):
        started = [one.start("apply", "--yes", "--wait", "60s"), other.start("apply", "--yes", "--wait", "60s")]
        for process in started:
            _, err = process.communicate()
            assert process.returncode == 0 or "VP701" in err, err
    assert one.total() == other.total()
    runs = json.loads(one.vp("runs", "--json")[1])["runs"]
    assert {run["status"] for run in runs} <= {"succeeded", "failed"}
    assert one.vp("state", "verify")[0] == 0


def test_a_run_is_cancelled_from_another_host(shared: Any) -> None:
    one, other = shared("one"), shared("other")
    for machine in (one, other):
        machine.specs(10)
    assert one.vp("apply", "--yes")[0] == 0
    apply = one.start_slow_apply(50_000_000)  # it has begun to write, and would go on for long
    status, told = other.vp("cancel", "--wait", "5m", "--json")
    assert (status, json.loads(told)["run"]["status"]) == (0, "cancelled")
    _, err = apply.communicate()
    assert apply.returncode == 130, err
    assert "as " in err and "error[VP709]" in err
    assert other.total() == "10"
    assert other.vp("state", "verify")[0] == 0


def test_a_host_that_slept_wakes_up_without_its_lease_and_publishes_nothing(shared: Any, let_time_pass: Any) -> None:
    one, other = shared("one"), shared("other")
    for machine in (one, other):
        machine.specs(10)
    assert one.vp("apply", "--yes")[0] == 0
    asleep = one.start_slow_apply(5_000_000)
    asleep.send_signal(signal.SIGSTOP)
    other.specs(20)
    assert other.vp("apply", "--yes")[0] == 1  # it may still wake up in time
    let_time_pass()
    assert other.vp("apply", "--yes")[0] == 0
    assert other.total() == "20"
    asleep.send_signal(signal.SIGCONT)
    _, err = asleep.communicate()
    assert asleep.returncode == 1
    assert "error[VP704]" in err
    assert (one.total(), other.total()) == ("20", "20")
    assert "No changes" in other.vp("plan")[1]
    assert other.vp("state", "verify")[0] == 0
    # What it had made by then is not lost: it wants its own specs, and finds what it made or makes it again.
    assert one.vp("apply", "--yes")[0] == 0
    assert other.total() == "5000000"


def test_a_host_that_died_is_replaced_once_its_lease_has_run_out(shared: Any, let_time_pass: Any) -> None:
    one, other = shared("one"), shared("other")
    for machine in (one, other):
        machine.specs(10)
    assert one.vp("apply", "--yes")[0] == 0
    apply = one.start_slow_apply(5_000_000)
    apply.kill()
    apply.communicate()
    other.specs(20)
    status, told = other.vp("apply", "--yes")
    assert (status, "VP703" in told) == (1, True)  # another machine cannot know that it is dead
    let_time_pass()
    assert other.vp("apply", "--yes")[0] == 0
    assert one.total() == "20"


@pytest.mark.parametrize("hours", [pytest.param(-7.0, marks=pytest.mark.slow), 7.0])
def test_a_host_whose_clock_is_hours_off_takes_no_lease_that_is_kept_up(shared: Any, hours: float) -> None:
    """The time of leases and publishes is the database's."""
    one, other = shared("one"), shared("other", hours)
    for machine in (one, other):
        machine.specs(10)
    assert one.vp("apply", "--yes")[0] == 0
    for rows, owner, second in ((5_000_000, one, other), (5_000_001, other, one)):
        apply = owner.start_slow_apply(rows)
        second.specs(rows - 4_999_980)
        status, told = second.vp("apply", "--yes")
        assert (status, "VP703" in told) == (1, True), told
        assert json.loads(second.vp("runs", "--json")[1])["runs"][0]["status"] in ("running", "succeeded")
        _, err = apply.communicate()
        assert apply.returncode == 0, err
        assert second.total() == str(rows)
        assert second.vp("apply", "--yes")[0] == 0
        assert owner.total() == str(rows - 4_999_980)
    # What both have published is told in the order in which it was.
    runs = json.loads(one.vp("runs", "--json")[1])["runs"]
    times = [run["started_at"] for run in runs]
    assert times == sorted(times, reverse=True)
    assert one.vp("undo", "--yes")[0] == 0
    assert one.total() == "5000001"
    # Cleaning by either clock leaves what is published.
    assert other.vp("clean", "--grace", "0s")[0] == 0
    assert one.total() == "5000001"
    assert one.vp("state", "verify")[0] == 0
