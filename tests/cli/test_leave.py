"""The process ends at once, and nothing that had to happen before is left out."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

LEAVE = "\nfrom vibepiper_cli.leave import leave\nleave(3)\nsys.exit(4)"


def run(code: str) -> subprocess.CompletedProcess[str]:
    """What becomes of a process that does `code` and leaves with status 3, or ends with 4 where it is not let."""
    command = [sys.executable, "-c", f"import atexit, sys, threading, time\n{code}{LEAVE}"]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment)


def test_what_is_written_arrives_and_the_status_too() -> None:
    done = run("sys.stdout.write('out'); sys.stderr.write('err')")
    assert (done.returncode, done.stdout, done.stderr) == (3, "out", "err")


def test_nothing_is_taken_apart() -> None:
    done = run("class Held:\n    def __del__(self): print('taken apart')\nheld = Held()")
    assert (done.returncode, done.stdout) == (3, "")


def test_what_is_to_be_done_at_the_end_is_done() -> None:
    done = run("atexit.register(print, 'cleared away')")
    assert (done.returncode, done.stdout) == (3, "cleared away\n")


@pytest.mark.parametrize(("daemon", "end"), [(False, (4, "late\n")), (True, (3, ""))])
def test_a_thread_that_somebody_waits_for_is_waited_for(daemon: bool, end: tuple[int, str]) -> None:
    done = run(
        "def late():\n    time.sleep(0.5)\n    print('late', flush=True)\n"
        f"threading.Thread(target=late, daemon={daemon}).start()"
    )
    assert (done.returncode, done.stdout) == end


def test_last_words_that_nobody_reads_are_told_as_ever(tmp_path: Path) -> None:
    code = f"sys.stdout = open({str(tmp_path / 'full')!r}, 'w'); sys.stdout.write('lost'); sys.stdout.close()"
    assert run(code).returncode == 4
