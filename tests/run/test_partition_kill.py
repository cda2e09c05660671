"""An apply that is killed between its partitions: those that it finished are not made again."""

from __future__ import annotations

import pytest
from tests.run.conftest import VP_TOML, Project
from tests.run.killing import apply_until, calls

from vibepiper_interpreter.plan.plan import Action

KINDS = "abcdefghijkl"
SPECS = """
[source.file.kinds]
path = "kinds.csv"

[source.file.amounts]
path = "amounts.csv"

[python.slow]
function = "slow_code:build"
build = {{ mode = "partition", column = "kind", {values} }}
inputs.amounts = {{ partition_column = "kind" }}
columns.kind = "varchar"
columns.total = "bigint"
"""
LISTED = SPECS.format(values=f"values = {[*KINDS]}".replace("'", '"'))
OF_ASSET = SPECS.format(values='values_of = "kinds.kind"')
# Several workers would have begun more, and written down less, by the time of the kill.
ONE_BY_ONE = f"{VP_TOML}[executor]\nworkers = 1\n"
CODE = """
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc


def build(amounts: pa.Table, context) -> pa.Table:
    with Path(__file__).with_name("calls.txt").open("a") as file:
        file.write(f"{context.partition}\\n")
    time.sleep(0.4)
    own = amounts.filter(pc.equal(amounts["kind"], context.partition))
    return pa.table({"kind": [context.partition], "total": [sum(own["amount"].to_pylist())]})
"""


def amounts(project: Project, plus: int = 0) -> list[tuple[str, int]]:
    """Writes an amount of each kind; what the table then holds."""
    rows = [(kind, number + plus) for number, kind in enumerate(KINDS)]
    project.write("amounts.csv", "\n".join(["kind,amount", *(f"{kind},{amount}" for kind, amount in rows)]) + "\n")
    return rows


def slow(project: Project) -> Action:
    return next(action for action in project.plan().actions if action.address.name == "slow")


@pytest.mark.parametrize("specs", [LISTED, OF_ASSET], ids=["listed", "of an asset"])
def test_finished_partitions_are_not_made_again(project: Project, specs: str) -> None:
    project.write("kinds.csv", "\n".join(["kind", *KINDS]) + "\n")
    project.write("slow_code.py", CODE)
    project.write("vp.toml", ONE_BY_ONE)
    project.pipeline(specs)
    right = amounts(project)
    assert apply_until(project, 8) < len(KINDS)
    apply_until(project, 2)
    planned = slow(project)
    assert planned.base is not None
    assert "there already" in planned.reasons[-1].words
    assert project.apply().status == "succeeded"
    assert project.rows("shop.slow") == right
    assert project.plan().empty
    assert calls(project)["a"] == 1
    assert calls(project).total() < 2 * len(KINDS)


def test_a_killed_change_is_gone_on_with(project: Project) -> None:
    """All is published; every partition is stale, and the apply that makes them anew is killed."""
    project.write("kinds.csv", "\n".join(["kind", *KINDS]) + "\n")
    project.write("slow_code.py", CODE)
    project.write("vp.toml", ONE_BY_ONE)
    project.pipeline(LISTED)
    before = amounts(project)
    project.apply()
    right = amounts(project, 100)
    assert apply_until(project, 8) < len(KINDS)
    assert project.rows("shop.slow") == before  # nothing of it is seen
    begun = calls(project).total()
    assert project.apply().status == "succeeded"
    assert project.rows("shop.slow") == right
    assert project.plan().empty
    assert calls(project).total() - begun < len(KINDS)


def test_what_was_listed_in_between_is_taken_up(project: Project) -> None:
    project.write("kinds.csv", "\n".join(["kind", *KINDS]) + "\n")
    project.write("slow_code.py", CODE)
    project.write("vp.toml", ONE_BY_ONE)
    project.pipeline(LISTED)
    right = amounts(project)
    apply_until(project, 10)
    project.pipeline(LISTED.replace('"a", ', "").replace('"l"]', '"l", "z"]'))
    assert project.apply().status == "succeeded"
    assert project.rows("shop.slow") == [*right[1:], ("z", 0)]
    assert project.plan().empty
    assert calls(project)["b"] == 1
