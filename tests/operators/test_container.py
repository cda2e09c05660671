"""The command line of a container task, and what is done with an engine.

No engine runs where these tests do. A script in its place records how it was called, and does what the image's name
tells it to: so these tests say what an engine is asked, and not what it makes of it.
"""

from __future__ import annotations

import pickle
import stat
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.operators.conftest import gone
from tests.operators.test_shell import wait_for

from vibepiper_interpreter.operators.call import OperatorCancelled, OperatorFailed
from vibepiper_interpreter.operators.container import ContainerSettings, command_line, container

ENGINE = r"""#!/bin/sh
{ printf '%s\n' "$@"; echo "-- $(pwd -P)"; } > "$RECORDS/$1"
case "$1" in
version) [ -z "$ENGINE_IS_DOWN" ] || { echo 'Cannot connect to the daemon.' >&2; exit 1; } ;;
run)
  while [ "$1" != -- ]; do [ "$1" != --volume ] || folder="${folder:-${2%%:*}}"; shift; done
  case "$2" in
  outputs) echo "rows=$ROWS" >> "$folder/output" ;;
  says) echo one; echo "$SECRET_OF_TASK" ;;
  ends-*) echo why >&2; exit "${2#ends-}" ;;
  hangs) echo "$$" > "$RECORDS/pid"; trap '' TERM; while :; do sleep 0.1; done ;;
  esac ;;
esac
"""


@pytest.fixture
def records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which the engine records its calls; the engine is `docker`, and there is no other."""
    found = tmp_path / "records"
    found.mkdir()
    install(tmp_path / "bin", "docker")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setenv("RECORDS", str(found))
    return found


def install(folder: Path, name: str) -> None:
    folder.mkdir(exist_ok=True)
    program = folder / name
    program.write_text(ENGINE)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)


def failure(call: Any, settings: ContainerSettings) -> OperatorFailed:
    with pytest.raises(OperatorFailed) as failed:
        container(call, settings)
    return failed.value


def test_the_command_line_is_exact() -> None:
    settings = ContainerSettings(
        "alpine:3.20",
        ("sh", "-c", "echo $rows"),
        {"TOKEN": "secret:TOKEN_OF_TEST"},
        ("data/raw:/data:ro", "cache:/cache", "./out:/out", "/mnt/x:/x"),
        "none",
        512_000_000,
        1.5,
        "podman",
    )
    assert " ".join(command_line(settings, ("rows", "env"))) == (
        "podman run --rm --name vp-$run_id --env TOKEN --env env --env rows "
        "--volume $VP_OUTPUT_FOLDER:/vp --env VP_OUTPUT=/vp/output "
        "--volume ./data/raw:/data:ro --volume cache:/cache --volume ./out:/out --volume /mnt/x:/x "
        "--network none --memory 512000000 --cpus 1.5 -- alpine:3.20 sh -c echo $rows"
    )
    assert command_line(ContainerSettings("alpine"), ())[-2:] == ("--", "alpine")


@given(
    image=st.text(min_size=1),
    command=st.lists(st.text()),
    names=st.lists(st.from_regex(r"[a-z_]{1,5}", fullmatch=True)),
    values=st.lists(st.text(min_size=30, alphabet="0123456789")),
)
def test_no_word_of_a_command_becomes_an_option_and_no_value_stands_in_the_line(
    image: str, command: list[str], names: list[str], values: list[str]
) -> None:
    env = dict(zip(names, values, strict=False))
    line = command_line(ContainerSettings(image, tuple(command), env), names)
    end = line.index("--")
    assert line[end + 1 :] == (image, *command)
    given = [line[place + 1] for place in range(end) if line[place] == "--env"]
    assert sorted(given) == sorted([*set(names), "VP_OUTPUT=/vp/output"])
    assert not any(value in word for word in line[:end] for value in values)


def test_the_engine_is_asked_for_just_that(
    make_call: Any, records: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN_OF_TEST", "planted-5f1c")
    settings = ContainerSettings("outputs", ("load", "$rows"), {"TOKEN": "secret:TOKEN_OF_TEST", "ROWS": "$rows"})
    done = container(make_call({"rows": 42}), settings)
    assert done.outputs == {"rows": "42"}
    *asked, folder = (records / "run").read_text().splitlines()
    assert folder == f"-- {tmp_path.resolve()}"
    name, volume = asked[3], asked[asked.index("--volume") + 1]
    assert name.startswith("vp-r1-shop.task-")
    expected = command_line(settings, ("rows",), name=name, outputs=volume.split(":")[0])
    assert asked == [*expected[1:-1], "42"]
    assert not Path(volume.split(":")[0]).exists()
    assert "planted-5f1c" not in (records / "run").read_text()


def test_what_it_writes_is_told(
    make_call: Any, records: Path, said: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN_OF_TEST", "hush")
    container(make_call(), ContainerSettings("says", env={"SECRET_OF_TASK": "secret:TOKEN_OF_TEST"}))
    assert said == [("stdout", "one"), ("stdout", "hush")]


@pytest.mark.parametrize(
    ("status", "failed_as"),
    [(1, "code"), (75, "transient"), (125, "infrastructure"), (127, "code"), (137, "infrastructure")],
)
def test_how_it_failed_is_told(make_call: Any, records: Path, status: int, failed_as: str) -> None:
    failed = failure(make_call(), ContainerSettings(f"ends-{status}"))
    assert failed.diagnostic.code == "VP818"
    assert f"The container of `ends-{status}` ended with exit status {status}." in failed.diagnostic.detail
    assert failed.diagnostic.notes == ("why",)
    assert failed.failure == failed_as


def test_a_cancelled_container_is_taken_away(make_call: Any, records: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vibepiper_interpreter.operators.processes.GRACE", 0.5)
    cancelled = threading.Event()
    outcome: list[BaseException] = []

    def work() -> None:
        try:
            container(make_call(cancelled=cancelled), ContainerSettings("hangs"))
        except BaseException as error:
            outcome.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    pid = int(wait_for(records / "pid"))
    cancelled.set()
    thread.join(60)
    assert [type(error) for error in outcome] == [OperatorCancelled]
    assert gone(pid)
    name = (records / "run").read_text().splitlines()[3]
    assert (records / "rm").read_text().splitlines()[:3] == ["rm", "--force", name]


def test_where_no_engine_is(make_call: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    failed = failure(make_call(), ContainerSettings("alpine"))
    assert (failed.diagnostic.code, failed.failure) == ("VP817", "infrastructure")
    assert "there is neither `docker` nor `podman` on the `PATH`" in failed.diagnostic.detail
    assert "there is no `podman`" in failure(make_call(), ContainerSettings("x", engine="podman")).diagnostic.detail


def test_an_engine_that_does_not_answer_is_told_in_its_words(
    make_call: Any, records: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENGINE_IS_DOWN", "1")
    failed = failure(make_call(), ContainerSettings("alpine"))
    assert failed.diagnostic.code == "VP817"
    assert failed.diagnostic.notes == ("docker: Cannot connect to the daemon.",)
    assert not (records / "run").exists()


def test_the_other_engine_is_taken_where_one_does_not_answer(make_call: Any, records: Path, tmp_path: Path) -> None:
    docker = tmp_path / "bin" / "docker"
    docker.write_text("#!/bin/sh\nexit 1\n")
    install(tmp_path / "bin", "podman")
    container(make_call(), ContainerSettings("outputs", env={"ROWS": "1"}))
    assert (records / "run").exists()


def test_settings_travel_to_other_processes() -> None:
    settings = ContainerSettings("alpine", ("true",), {"A": "b"}, ("a:/a",))
    assert pickle.loads(pickle.dumps(settings)) == settings
