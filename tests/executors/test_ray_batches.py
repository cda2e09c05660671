"""Short attempts are sent to Ray together, and nobody can tell but by the time it takes."""

from __future__ import annotations

import pickle
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from vibepiper_interpreter.executors import ray_batches
from vibepiper_interpreter.executors.outbox import Ended, Key
from vibepiper_interpreter.executors.ray_batches import Batch, Submitted, Waiting
from vibepiper_interpreter.executors.ray_progress import Progress, ProgressWriter, read_progress
from vibepiper_interpreter.run.tasks import Report
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import DiagnosticError

if TYPE_CHECKING:
    from tests.run.conftest import Project

DONE = Report("done")


def submitted(number: int, limit: float | None = None, **claims: float) -> Submitted:
    task: Any = SimpleNamespace(address=Address("shop", f"t{number}"), time_limit=limit)
    attempt: Any = SimpleNamespace(address=task.address, number=1, task=task)
    return Submitted(attempt, {"num_cpus": 1, **claims})


def waiting(*attempts: Submitted, seconds: float | None) -> Waiting:
    found = Waiting(workers=2)
    for each in attempts:
        found.add(each)
    if seconds is not None:
        found.learn(seconds)
    return found


def sizes(found: Waiting) -> list[int]:
    """Of the batches that are sent until none may be."""
    sent: list[int] = []
    while together := found.next(len(sent)):
        sent.append(len(together))
    return sent


@pytest.mark.parametrize(
    ("seconds", "many", "expected"),
    [
        (None, 6, [1, 1, 1, 1, 1, 1]),  # nobody knows how long they take
        (1.0, 6, [1, 1, 1, 1, 1, 1]),
        (0.001, 6, [2, 2, 1, 1]),  # shared among the two workers, twice each
        (0.001, 100, [16, 16, 16, 16]),  # the rest waits until one of these ends
        (0.01, 40, [4, 4, 4, 4]),  # no longer together than what is told waits for more
    ],
)
def test_short_attempts_are_sent_together(seconds: float | None, many: int, expected: list[int]) -> None:
    assert sizes(waiting(*map(submitted, range(many)), seconds=seconds)) == expected


def test_what_may_be_given_up_or_claims_more_is_sent_alone() -> None:
    attempts = submitted(1, limit=60.0), submitted(2, memory=1.0), *map(submitted, range(3, 9))
    assert sizes(waiting(*attempts, seconds=0.001)) == [1, 1, 3, 3]


def key(number: int) -> Key:
    return Address("shop", f"t{number}"), 1


def test_progress_outlives_its_writer(tmp_path: Path) -> None:
    file = tmp_path / "scratch" / "batch-1"
    assert read_progress(file) is None
    writer = ProgressWriter(file)
    ended = Ended(key(1), DONE, 0.5)
    writer.begins(key(1))
    writer.ended(ended)
    writer.begins(key(2))
    whole = file.read_bytes()  # not closed: the process may have died here
    assert read_progress(file) == Progress(frozenset({key(1), key(2)}), {key(1): ended})
    file.write_bytes(whole + pickle.dumps(ended)[:-3])
    assert read_progress(file) == Progress(frozenset({key(1), key(2)}), {key(1): ended})
    writer.close()


MANY = 40
CODE = """
import os
import time
from pathlib import Path

HERE = Path(__file__).parent / "done"

def work(number):
    if number == 25:
        {deed}
    with (HERE / f"t{number}").open("a") as done:
        done.write("x")

""" + "".join(f"def work_{number}():\n    work({number})\n" for number in range(MANY))


@pytest.fixture
def in_batches(project: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """A project of tasks that are short, whatever else this machine does; gives the sizes of what is sent."""
    from vibepiper_interpreter.executors.ray import RayExecutor

    sent: list[int] = []
    send = RayExecutor._send

    def count(executor: RayExecutor, batch: Batch) -> None:
        sent.append(len(batch.open))
        send(executor, batch)

    monkeypatch.setattr(RayExecutor, "_send", count)
    monkeypatch.setattr(ray_batches, "_SECONDS", 60.0)
    (project.root / "done").mkdir()
    task = '[task.python.t{0}]\nfunction = "task_code:work_{0}"\n'
    project.pipeline("".join(map(task.format, range(MANY))))
    yield sent
    assert max(sent) > 1


def done(project: Project) -> dict[str, str]:
    return {file.name: file.read_text() for file in (project.root / "done").iterdir()}


@pytest.mark.slow
@pytest.mark.parametrize("deed", ["os._exit(3)", "os.kill(os.getpid(), 11)"])
def test_a_worker_that_dies_fails_what_it_was_at_and_nothing_else(
    ray_cluster: str, project: Project, in_batches: list[int], deed: str
) -> None:
    project.write("task_code.py", CODE.replace("{deed}", deed))
    result = project.apply(executor="ray")
    outcomes = project.outcomes(result)
    assert [name for name, outcome in outcomes.items() if outcome != "done"] == ["t25"]
    (found,) = project.task(result, "t25").diagnostics
    assert found.code == "VP801"
    # Nothing twice, and nothing left out.
    assert done(project) == {f"t{number}": "x" for number in range(MANY) if number != 25}


@pytest.mark.slow
def test_nobody_waits_behind_one_that_takes_long(ray_cluster: str, project: Project, in_batches: list[int]) -> None:
    waits = (
        f"end = time.monotonic() + 120\n        while len([*HERE.iterdir()]) < {MANY - 1}:\n"
        "            assert time.monotonic() < end\n            time.sleep(0.01)"
    )
    project.write("task_code.py", CODE.replace("{deed}", waits))
    result = project.apply(executor="ray")
    assert set(project.outcomes(result).values()) == {"done"}, result.tasks
    assert done(project) == {f"t{number}": "x" for number in range(MANY)}


@pytest.mark.slow
def test_a_cluster_that_tells_nothing_any_more_ends_the_run(
    ray_cluster: str, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    import ray

    from vibepiper_interpreter.executors.ray import RayExecutor

    flush = RayExecutor.flush

    def lose(executor: RayExecutor) -> None:
        flush(executor)
        ray.kill(executor._post)

    monkeypatch.setattr(RayExecutor, "flush", lose)
    project.write("task_code.py", "import time\ndef work():\n    time.sleep(300)\n")
    project.pipeline('[task.python.work]\nfunction = "task_code:work"\n')
    began = time.monotonic()
    try:
        found = project.apply(executor="ray").diagnostics
    except DiagnosticError as error:
        found = error.diagnostics
    assert [each.code for each in found] == ["VP835"]
    assert time.monotonic() - began < 290
