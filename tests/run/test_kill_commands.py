"""kill -9 at any moment of a promotion, an undo, a cleaning, a restore or a migration: all of it is done, or none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO

import pytest
from tests.run.apply_and_die import Job
from tests.run.conftest import Project
from tests.run.killing import STRIDE, Copies, CopiesOnPostgresql, Mortals, Tables, mortals, tables
from tests.state.conftest import Place, postgresql
from tests.state.test_migration import as_written_by

from vibepiper_cli.main import main
from vibepiper_interpreter.run import ensure_warehouse
from vibepiper_interpreter.state.revisions import REVISIONS

__all__ = ["mortals", "postgresql"]  # fixtures

SPECS = """
[source.file.orders]
path = "orders.csv"
[sql.paid]
query = "select id, amount from orders where amount > LEAST"
[sql.logged]
query = "select id, amount from paid"
build = "append"
[sql.shown]
query = "select count(*) as n, sum(amount) as amount from paid"
build = "view"
[sql.alone]
query = "select $env as environment, count(*) as n from orders"
"""
BACKUP = "saved.vpstate"


def vp(project: Project, *arguments: str) -> None:
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()) as told:
        status = main([*arguments, "--project", str(project.root)])
    assert status == 0, told.getvalue()


def applied(project: Project, least: int, count: int) -> None:
    project.pipeline(SPECS.replace("LEAST", str(least)))
    project.write("orders.csv", "id,amount\n" + "".join(f"{number},{number * 3}\n" for number in range(count)))
    vp(project, "apply", "--yes")


def nothing(project: Project) -> None:
    pass


@dataclass(frozen=True)
class Command:
    """What is killed, in a project that is prepared for it. `at_last` is what nobody may look at before the kill."""

    words: Sequence[str]
    prepare: Callable[[Project], None]
    at_last: Callable[[Project], None] = nothing


def promotable(project: Project) -> None:
    applied(project, 5, 20)
    vp(project, "promote", "dev", "prod", "--yes")
    applied(project, 8, 30)


def undoable(project: Project) -> None:
    applied(project, 5, 20)
    applied(project, 8, 30)


def littered(project: Project) -> None:
    """Versions that nobody shows any more, and a folder that a killed apply has left."""
    for least in (5, 6, 7):
        applied(project, least, 20 + least)
    project.write(".vp/storage/shop/paid/0123456789ab/part-0.parquet", "half a file")


def restorable(project: Project) -> None:
    applied(project, 5, 20)
    vp(project, "state", "backup", str(project.root / BACKUP))
    applied(project, 8, 30)


def restorable_twice(project: Project) -> None:
    restorable(project)
    vp(project, "state", "restore", str(project.root / BACKUP), "--yes")
    applied(project, 9, 40)


def of_an_older_schema(project: Project) -> None:
    as_written_by(REVISIONS[0], Place(project.root, project.settings.state.url))


COMMANDS = {
    "promotion": Command(("promote", "dev", "prod", "--yes"), promotable),
    "undo": Command(("undo", "--yes"), undoable),
    "cleaning": Command(("clean", "--grace", "0s", "--undo-horizon", "0s"), littered),
    "restore": Command(("state", "restore", BACKUP, "--yes"), restorable),
    # A state that was restored has another id than its backup says.
    "second restore": Command(("state", "restore", BACKUP, "--yes"), restorable_twice),
    "migration": Command(("state", "verify", "--quick", "--no-record"), undoable, of_an_older_schema),
}
MOMENTS = [
    *((name, kind) for name in COMMANDS for kind in ("commit", "change")),
    # What changes tables is not one transaction with every driver.
    ("migration", "statement"),
]


Shown = dict[str, Tables]


def shown(project: Project) -> Shown:
    """What each environment shows; nobody is refused who looks for it."""
    found = {}
    assert project.storage
    for environment in project.state.environments():
        ensure_warehouse(project.root, project.settings, project.state, environment.name)
        found[environment.name] = tables(project, environment.name)
    # Whoever takes its lease makes an environment, which shows nothing yet.
    return {name: each for name, each in found.items() if each}


def folders(project: Project) -> set[str]:
    return {each.version_id for each in project.storage.stored()}


def told(project: Project, command: Command) -> list[str]:
    return [str(project.root / word) if word == BACKUP else word for word in command.words]


@pytest.fixture(params=["sqlite", "postgresql"])
def copies(request: pytest.FixtureRequest, project: Project) -> Copies:
    project.write("vp.toml", '[project]\nname = "trial"\n[environment.prod]\n')
    if request.param == "sqlite":
        return Copies(project)
    return CopiesOnPostgresql(project, request.getfixturevalue("postgresql"))


def kill_at_every_moment(
    project: Project, copies: Copies, mortals: Mortals, command: Command, kind: str, stride: int
) -> int:
    """The number of kills after each of which all was as before, or done; and could be done, if it was not."""
    command.prepare(project)
    before = shown(project)
    project.close()
    command.at_last(project)
    with copies.copy("undisturbed") as copy:
        vp(copy, *told(copy, command))
        after, kept = shown(copy), folders(copy)
    for kills, last in enumerate(range(1, 1000, stride)):
        with copies.copy(f"{kind}-{last}") as copy:
            finished = mortals.apply(Job(str(copy.root), kind, last, command=told(copy, command)))
            found = shown(copy)
            assert found in (before, after)
            copy.close()
            if found == before:
                vp(copy, *told(copy, command))
            assert shown(copy) == after
            assert copy.state.contradictions() == []
            assert command.prepare is not littered or folders(copy) == kept
        if finished:
            return kills
    pytest.fail("it has more moments than this test looks at")


@pytest.mark.parametrize("name", ["promotion", "second restore"])
def test_killed_at_a_change(project: Project, mortals: Mortals, name: str) -> None:
    project.write("vp.toml", '[project]\nname = "trial"\n[environment.prod]\n')
    kill_at_every_moment(project, Copies(project), mortals, COMMANDS[name], "change", 10)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "kind"), MOMENTS)
def test_killed_at_every_moment(
    project: Project, copies: Copies, mortals: Mortals, name: str, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    kills = kill_at_every_moment(project, copies, mortals, COMMANDS[name], kind, STRIDE)
    assert kills
    with capsys.disabled():
        print(f"\n{name}: killed at {kills} moments of the kind {kind}, one in {STRIDE}")
