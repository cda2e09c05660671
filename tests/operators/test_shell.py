"""Real commands: what they write, how they end, and that nothing of them is left."""

from __future__ import annotations

import pickle
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from tests.operators.conftest import gone, is_alive

from vibepiper_interpreter.operators.call import OperatorCancelled, OperatorFailed
from vibepiper_interpreter.operators.processes import run_program
from vibepiper_interpreter.operators.shell import ShellSettings, shell


def wait_for(path: Path) -> str:
    """What another process writes to `path`, once it is there."""
    there = threading.Event()
    for _ in range(6000):
        if path.exists() and (text := path.read_text()).endswith("\n"):
            return text.strip()
        there.wait(0.01)
    raise AssertionError(f"{path} was not written")


def failure(make_call: Any, settings: ShellSettings, **given: Any) -> OperatorFailed:
    with pytest.raises(OperatorFailed) as failed:
        shell(make_call(**given), settings)
    return failed.value


def test_a_command_gets_values_as_environment_variables(make_call: Any, said: list[Any]) -> None:
    call = make_call({"name": "a'; echo hacked; '", "count": 3, "ok": True})
    shell(call, ShellSettings('echo "$name|$count|$ok|$env|$run_id"; echo to-stderr >&2'))
    assert sorted(said) == [("stderr", "to-stderr"), ("stdout", "a'; echo hacked; '|3|true|dev|r1")]


def test_a_list_is_run_without_a_shell(make_call: Any, said: list[Any]) -> None:
    shell(make_call({"name": "$(id); x"}), ShellSettings(("echo", "$name", "a  b", "*")))
    assert said == [("stdout", "$(id); x a  b *")]


def test_it_runs_beside_vp_toml_or_below(make_call: Any, said: list[Any], tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    shell(make_call(), ShellSettings("pwd -P"))
    shell(make_call(), ShellSettings("pwd -P", directory="sub"))
    assert [message for _, message in said] == [str(tmp_path.resolve()), str(tmp_path.resolve() / "sub")]


def test_env_holds_secrets_and_values(make_call: Any, said: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN_OF_TEST", "hush")
    env = {"TOKEN": "secret:TOKEN_OF_TEST", "GREETING": "to $env"}
    shell(make_call(), ShellSettings('[ "$TOKEN" = hush ] && echo "$GREETING"', env=env))
    assert said == [("stdout", "to dev")]


def test_standard_input_is_closed(make_call: Any, said: list[Any]) -> None:
    shell(make_call(), ShellSettings("cat; echo done"))
    assert said == [("stdout", "done")]


def test_outputs_are_what_it_writes(make_call: Any) -> None:
    command = """
    echo "rows=42" >> "$VP_OUTPUT"
    echo "rows=43" >> "$VP_OUTPUT"
    echo "Text=a = b " >> "$VP_OUTPUT"
    echo "empty=" >> "$VP_OUTPUT"
    printf 'long<<END\\nfirst = 1\\n\\nlast\\nEND\\n' >> "$VP_OUTPUT"
    """
    done = shell(make_call(), ShellSettings(command))
    assert done.outputs == {"rows": "43", "text": "a = b ", "empty": "", "long": "first = 1\n\nlast"}


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ('echo "rows: 42" > "$VP_OUTPUT"', "Its line 1 is not `name=value`."),
        ('printf "a=1\\nb<<END\\nx\\n" > "$VP_OUTPUT"', "begins in line 2 does not end: there is no line `END`"),
        ("printf '\\377=1\\n' > \"$VP_OUTPUT\"", "not UTF-8"),
        ('head -c 1000001 /dev/zero > "$VP_OUTPUT"', "larger than 1,000,000 bytes"),
        ('rm "$VP_OUTPUT"; mkdir "$VP_OUTPUT"', "cannot be read"),
    ],
)
def test_outputs_that_cannot_be_read_are_told(make_call: Any, command: str, why: str) -> None:
    failed = failure(make_call, ShellSettings(command))
    assert failed.diagnostic.code == "VP812"
    assert why in failed.diagnostic.detail
    assert failed.failure == "data"


@pytest.mark.parametrize(
    ("command", "failed_as", "words"),
    [
        ("echo one; echo two >&2; exit 3", "code", "exit status 3"),
        ("exit 75", "transient", "exit status 75"),
        ("no-such-program-anywhere", "code", "exit status 127"),
        ("kill -TERM $$", "code", "SIGTERM"),
        ("kill -KILL $$", "infrastructure", "SIGKILL"),
    ],
)
def test_how_it_failed_is_told(make_call: Any, command: str, failed_as: str, words: str) -> None:
    failed = failure(make_call, ShellSettings(command))
    assert failed.diagnostic.code == "VP811"
    assert words in failed.diagnostic.detail
    assert failed.failure == failed_as


def test_the_last_lines_come_with_the_failure(make_call: Any) -> None:
    failed = failure(make_call, ShellSettings("seq 100; exit 1"))
    assert failed.diagnostic.notes == tuple(str(number) for number in range(81, 101))
    assert failed.diagnostic.detail.endswith("Its last lines:")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (ShellSettings(("no-such-program-anywhere", "x")), "`no-such-program-anywhere` was not started: No such file"),
        (ShellSettings("true", directory="missing"), "`missing` is no folder"),
        (ShellSettings("true", directory="../.."), "lies outside the project"),
    ],
)
def test_what_cannot_start_is_told(make_call: Any, settings: ShellSettings, words: str) -> None:
    failed = failure(make_call, settings)
    assert failed.diagnostic.code == "VP811"
    assert words in failed.diagnostic.detail
    assert failed.failure == "code"


def test_values_that_no_environment_takes_are_told(make_call: Any) -> None:
    assert "NUL" in failure(make_call, ShellSettings("true"), values={"x": "a\0b"}).diagnostic.detail
    assert "longer than" in failure(make_call, ShellSettings("true"), values={"x": "a" * 9_000_000}).diagnostic.detail


def test_much_output_is_bounded_and_its_end_is_kept(make_call: Any, said: list[Any]) -> None:
    """100 MB, and a line of 5 MB without an end."""
    shell(make_call(), ShellSettings("seq 13000000; head -c 5000000 /dev/zero | tr '\\0' x"))
    assert len(said) <= 1_000
    assert said[:2] == [("stdout", "1"), ("stdout", "2")]
    assert said[-2] == ("stdout", "13000000")
    assert len(said[-1][1]) == 1_000_000
    told = sum(1 for level, _ in said if level == "stdout")
    (left_out,) = [message for level, message in said if level == "warning"]
    assert left_out.startswith(f"… {13_000_001 - told:,} more lines")


def test_a_line_written_in_two_pieces_is_said_as_one(make_call: Any, said: list[Any]) -> None:
    """A secret that is cut in two would not be found by who takes secrets out."""
    shell(make_call(), ShellSettings("printf plan; sleep 0.3; printf 'ted-5f1c\\nnext'"))
    assert said == [("stdout", "planted-5f1c"), ("stdout", "next")]


def test_a_long_line_is_never_cut_for_a_message(make_call: Any) -> None:
    failed = failure(make_call, ShellSettings("head -c 5000 /dev/zero | tr '\\0' x; echo; echo short; exit 1"))
    assert failed.diagnostic.notes == ("… (a line of 5,000 characters)", "short")


# A child in the background, and a shell that waits for it: all of one process group.
FAMILY = 'sleep 1000 & echo "$! $$" > pids; wait'


@pytest.mark.parametrize("how", ["cancel", "deadline"])
def test_a_cancelled_command_ends_with_its_children(make_call: Any, tmp_path: Path, how: str) -> None:
    cancelled = threading.Event()
    outcome: list[BaseException] = []

    def run() -> None:
        try:
            shell(
                make_call(cancelled=cancelled, seconds=None if how == "cancel" else 1),
                ShellSettings(FAMILY),
            )
        except BaseException as error:
            outcome.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    pids = [int(pid) for pid in wait_for(tmp_path / "pids").split()]
    if how == "cancel":
        assert all(map(is_alive, pids))
        cancelled.set()
    thread.join(60)
    assert not thread.is_alive()
    assert [type(error) for error in outcome] == [OperatorCancelled]
    assert all(map(gone, pids))


def test_one_who_will_not_end_is_made_to(make_call: Any, tmp_path: Path, said: list[Any]) -> None:
    """It ignores SIGTERM, but has a moment to say so."""
    program = (
        "import os, signal, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: print('not yet', flush=True))\n"
        "open('pid', 'w').write(f'{os.getpid()}\\n')\n"
        "while True: time.sleep(1)\n"
    )
    cancelled = threading.Event()
    call = make_call(cancelled=cancelled)
    outcome: list[BaseException] = []

    def run() -> None:
        try:
            run_program(call, (sys.executable, "-c", program), environment={}, folder=tmp_path, grace=1)
        except BaseException as error:
            outcome.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    pid = int(wait_for(tmp_path / "pid"))
    cancelled.set()
    thread.join(60)
    assert [type(error) for error in outcome] == [OperatorCancelled]
    assert gone(pid)
    assert said == [("stdout", "not yet")]


def test_what_it_leaves_in_the_background_ends_with_it(make_call: Any, tmp_path: Path, said: list[Any]) -> None:
    """The child holds the output open, and would for long."""
    shell(make_call(), ShellSettings("sleep 1000 & echo $! > pid; echo over"))
    assert said == [("stdout", "over")]
    assert gone(int((tmp_path / "pid").read_text()))


def test_a_command_does_not_outlive_a_vp_that_is_killed(tmp_path: Path) -> None:
    """Nobody is left to end it then; the next apply would start it beside the first."""
    program = f"""
import threading
from datetime import datetime
from pathlib import Path
from vibepiper_interpreter.operators.call import Call
from vibepiper_interpreter.operators.shell import ShellSettings, shell
from vibepiper_spec.address import Address
call = Call(Address("a", "b"), Path("."), "dev", "r", datetime.now(), {{}}, (), {{}}, print, str, dict,
            threading.Event(), lambda *_: None, datetime.now(), None)
shell(call, ShellSettings({FAMILY!r}))
"""
    with subprocess.Popen([sys.executable, "-c", program], cwd=tmp_path) as killed:
        pids = [int(pid) for pid in wait_for(tmp_path / "pids").split()]
        assert all(map(is_alive, pids))
        killed.kill()
    assert all(map(gone, pids))


def test_settings_travel_to_other_processes() -> None:
    settings = ShellSettings("true", {"A": "b"}, "sub")
    assert pickle.loads(pickle.dumps(settings)) == settings
