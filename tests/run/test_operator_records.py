"""What operators have done is written down in groups, and always before anything that comes after it begins."""

from __future__ import annotations

import pytest
from tests.run.conftest import Project

from vibepiper_interpreter.plan.asked import Asked
from vibepiper_interpreter.run import operator_records, scheduler
from vibepiper_interpreter.run.events import Event

# Writes down what the state holds of tasks at the moment when a task is under way.
LOOK = """
import sqlite3
from pathlib import Path


def look(name):
    with sqlite3.connect(Path(__file__).parent / ".vp" / "state.sqlite") as state:
        found = [address.removeprefix("shop.") for (address,) in state.execute("select address from operator_results")]
    with open(Path(__file__).parent / "log.txt", "a") as log:
        log.write(f"{name}: {' '.join(sorted(found))}\\n")
"""


def write(project: Project, *tasks: tuple[str, str]) -> None:
    code = LOOK + "".join(f'\n\ndef {name}():\n    look("{name}")\n' for name, _ in tasks)
    project.write("looking.py", code)
    blocks = [f'[task.python.{name}]\nfunction = "looking:{name}"\n{more}\n' for name, more in tasks]
    project.pipeline("\n".join(blocks))


def seen(project: Project) -> dict[str, list[str]]:
    """By task, what was recorded while it was under way, in its latest run."""
    lines = (project.root / "log.txt").read_text().splitlines()
    return {name: found.split() for name, _, found in (line.partition(":") for line in lines)}


def recorded(project: Project) -> set[str]:
    return {address.name for address, _ in project.state.sight("dev").operator_results()}


@pytest.fixture(autouse=True)
def _nothing_is_written_because_it_is_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operator_records, "_WRITE_EVERY", float("inf"))
    monkeypatch.setattr(scheduler, "_FLUSH_EVERY", float("inf"))


def test_what_comes_after_begins_once_it_is_written(project: Project) -> None:
    write(project, ("a", ""), ("b", 'after = ["a"]'), ("c", 'after = ["b"]'))
    assert project.apply().status == "succeeded"
    assert seen(project) == {"a": [], "b": ["a"], "c": ["a", "b"]}


def test_so_it_is_where_what_stands_between_them_is_not_done(project: Project) -> None:
    write(project, ("a", ""), ("b", 'after = ["a"]\nwhen = "false"'), ("c", 'after = ["b"]\nrun_if = "none_failed"'))
    assert project.apply().status == "succeeded"
    assert seen(project) == {"a": [], "c": ["a", "b"]}


def test_an_asset_too_begins_once_what_it_waits_for_is_written(project: Project) -> None:
    write(project, ("a", 'before = ["t"]'))
    with (project.root / "shop.vp.toml").open("a") as specs:
        specs.write('[python.t]\nfunction = "looking:t"\ncolumns.n = "bigint"\n')
    with (project.root / "looking.py").open("a") as code:
        code.write('\n\ndef t():\n    import pyarrow\n\n    look("t")\n    return pyarrow.table({"n": [1]})\n')
    assert project.apply().status == "succeeded"
    assert seen(project) == {"a": [], "t": ["a"]}


def test_what_nothing_waits_for_is_written_together(project: Project) -> None:
    names = [f"t{number}" for number in range(20)]
    write(project, *((name, "") for name in names))
    assert project.apply(executor="inline").status == "succeeded"
    # None of them has seen another one: all were written at the end.
    assert seen(project) == {name: [] for name in names}
    assert recorded(project) == set(names)


def test_what_has_begun_another_time_is_known_as_done_no_more(project: Project) -> None:
    write(project, ("a", ""), ("b", ""))
    project.apply()
    project.apply(project.plan(asked=Asked(rebuild=("a",))))
    assert seen(project)["a"] == ["b"]
    assert recorded(project) == {"a", "b"}


@pytest.mark.parametrize("wrong", [KeyboardInterrupt, RuntimeError])
def test_whatever_goes_wrong_what_was_done_is_written(project: Project, wrong: type[BaseException]) -> None:
    def listener(event: Event) -> None:
        if event.type == "task_finished":
            raise wrong

    write(project, ("a", ""), ("b", 'after = ["a"]'))
    if wrong is RuntimeError:
        with pytest.raises(RuntimeError):
            project.apply(listener=listener)
    else:
        assert project.apply(listener=listener).status == "cancelled"
    assert recorded(project) == {"a"}
    assert project.apply().status == "succeeded"
    assert (project.root / "log.txt").read_text().splitlines() == ["a: ", "b: a"]
