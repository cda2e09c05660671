"""What was set up is taken down in the end, also where the apply that has set it up was killed or has failed."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from tests.run.apply_and_die import Job
from tests.run.conftest import Project
from tests.run.killing import mortals  # noqa: F401

if TYPE_CHECKING:
    from pathlib import Path

    from tests.run.killing import Mortals

SPECS = """
[task.shell.up]
command = "test ! -f no_room && echo up >> log.txt && touch standing"

[task.shell.work]
command = "test -f standing && test ! -f bad && echo work >> log.txt"
after = ["up"]

[task.shell.more]
command = "test -f standing && echo more >> log.txt"
after = ["work"]

[task.shell.down]
command = "test ! -f stuck && echo down >> log.txt && rm -f standing"
teardown_of = "up"
"""


def log(project: Project) -> Counter[str]:
    file = project.root / "log.txt"
    return Counter(file.read_text().split() if file.exists() else [])


def stands(project: Project) -> bool:
    return (project.root / "standing").exists()


def test_the_next_apply_takes_down_what_a_killed_one_has_set_up(tmp_path: Path, mortals: Mortals) -> None:  # noqa: F811
    moment, ended, left_standing = 1, False, 0
    while not ended:
        project = Project(tmp_path / f"at-{moment}")
        project.pipeline(SPECS)
        ended = mortals.apply(Job(str(project.root), "commit", moment, at_once=True))
        recorded = {address.name for address, _ in project.state.sight("dev").operator_results()}
        left_standing += {"up", "work", "more"} <= recorded and "down" not in recorded
        assert project.apply().status == "succeeded"
        assert not stands(project)
        done = log(project)
        assert set(done) == {"up", "work", "more", "down"}
        assert all(done[name] == 1 for name in recorded - {"up"})
        assert project.plan().empty
        project.close()
        moment += 1
    assert moment > 5
    # Some of them have died when nothing but the teardown was left to do.
    assert left_standing


def test_a_teardown_that_failed_is_done_by_the_next_apply_and_nothing_else(project: Project) -> None:
    project.pipeline(SPECS)
    project.write("stuck", "")
    assert project.outcomes(project.apply()) == {"up": "done", "work": "done", "more": "done", "down": "failed"}
    (project.root / "stuck").unlink()
    (action,) = project.plan().actions
    assert (action.address.name, action.reasons[0].words) == ("down", "what `shop.up` has set up was not taken down")
    assert project.outcomes(project.apply()) == {"down": "done"}
    assert not stands(project)
    assert project.plan().empty


def test_what_was_set_up_another_time_is_taken_down_another_time(tmp_path: Path, mortals: Mortals) -> None:  # noqa: F811
    """That it was taken down once says nothing of the second time."""
    moment, ended, left_standing = 1, False, 0
    while not ended:
        project = Project(tmp_path / f"at-{moment}")
        project.pipeline(SPECS)
        assert project.apply().status == "succeeded"
        project.pipeline(SPECS.replace("echo more", "echo other"))
        ended = mortals.apply(Job(str(project.root), "commit", moment, at_once=True))
        left_standing += not ended and log(project)["other"] == 1
        assert project.apply().status == "succeeded"
        assert not stands(project)
        assert project.plan().empty
        project.close()
        moment += 1
    assert left_standing


def test_who_may_have_been_half_taken_down_is_set_up_for_what_is_left(project: Project) -> None:
    project.pipeline(SPECS)
    project.write("bad", "")
    project.write("stuck", "")
    outcomes = project.outcomes(project.apply())
    assert outcomes == {"up": "done", "work": "failed", "more": "skipped", "down": "failed"}
    (project.root / "bad").unlink()
    (project.root / "stuck").unlink()
    reasons = {action.address.name: action.reasons[0].words for action in project.plan().actions}
    assert "`shop.down` may have taken down what it had set up" in reasons["up"]
    assert project.apply().status == "succeeded"
    assert log(project) == {"up": 2, "work": 1, "more": 1, "down": 1}


def test_nothing_is_taken_down_that_was_never_set_up(project: Project) -> None:
    project.pipeline(
        SPECS.replace('"test ! -f no_room && echo up >> log.txt && touch standing"', '"true"\nwhen = "false"')
    )
    assert project.outcomes(project.apply())["down"] == "skipped"
    assert project.plan().empty


def test_what_is_set_up_again_comes_before_all_that_needs_it(project: Project) -> None:
    """Tasks and assets, also where what stands between is done; and where it fails, nothing of that is done."""
    specs = SPECS + (
        '[task.shell.fill]\ncommand = "true"\nafter = ["up"]\nbefore = ["rows"]\n'
        '[python.rows]\nfunction = "assets:rows"\n'
    )
    code = "import os\nimport pyarrow\ndef rows():\n    return pyarrow.table({'up': [os.path.exists('standing')]})\n"
    project.write("assets.py", code.replace("'standing'", repr(str(project.root / "standing"))))
    project.pipeline(specs)
    assert project.apply().status == "succeeded"
    project.pipeline(specs.replace("echo more", "echo other"))
    project.write("assets.py", (project.root / "assets.py").read_text().replace("'up'", "'is_up'"))
    project.write("no_room", "")
    outcomes = project.outcomes(project.apply())
    assert outcomes == {"up": "failed", "more": "skipped", "rows": "skipped", "down": "skipped"}
    (project.root / "no_room").unlink()
    assert project.apply().status == "succeeded"
    assert project.rows("shop.rows") == [(True,)]
    assert log(project)["other"] == 1
    assert not stands(project)
