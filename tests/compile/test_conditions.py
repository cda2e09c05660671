"""The `when` of a task that is wrong: told at the very characters, in words about conditions, with what was meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Project

    from vibepiper_spec.diagnostics import Place

SPECS = """
    [sql.orders]
    query = "select 1 as id"
    [task.shell.quiet]
    command = "true"
    [task.shell.count]
    command = "echo rows=1 >> $VP_OUTPUT"
    outputs.rows = "bigint"
    [task.shell.tell]
    command = "true"
    inputs.rows = "count.rows"
    inputs.name = "count.rows"
"""


def told(project: Project, when: str) -> tuple[str, str, str, str, str]:
    """The code, the characters that are shown, what is said and what to do, and what would be put in their place."""
    project.write("vp.toml", '[project]\nname = "t"\n[variables.region]\ntype = "varchar"\ndefault = "eu"\n')
    project.pipeline(f"{SPECS}    when = {when}\n")
    found = project.only()
    assert found.place is not None and found.fix is not None
    edits = "".join(each.new_text for each in found.fix.edits)
    return found.code, shown(project, found.place), found.detail, found.fix.title, edits


def shown(project: Project, place: Place) -> str:
    lines = (project.root / place.path).read_text().splitlines()[place.range.start_line - 1 : place.range.end_line]
    lines[-1] = lines[-1][: place.range.end_column - 1]
    lines[0] = lines[0][place.range.start_column - 1 :]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("when", "code", "place", "detail"),
    [
        ('"$rows >"', "VP301", ">", "The condition breaks off after `>`."),
        ('"$rows > 0 and "', "VP301", "and", "The condition breaks off after `and`."),
        ('"$rows > (1"', "VP301", "1", "The condition breaks off after `1`."),
        ('"$rows > 0)"', "VP301", ")", "`)` does not fit here."),
        ('"$rows > 0 union select true"', "VP301", "union", "`union` does not fit here."),
        ('"true; drop table x"', "VP301", ";", "`;` does not fit here."),
        ('"$region = \'eu"', "VP301", "'", "A string is opened here and never closed."),
        # Where the text of the file is not the text of the condition.
        ("\"$region = '\\u00e9' and foo(1)\"", "VP305", "foo", "There is no function `foo`."),
        ("'''\n  $rows > 0\n  and lenght($region) > 1\n'''", "VP305", "lenght", "There is no function `lenght`."),
        ("'''\n  $rows > 0\n  and\n'''", "VP301", "and", "The condition breaks off after `and`."),
        ('""', "VP301", "", "The condition is empty."),
        ('"-- nothing"', "VP301", "-- nothing", "The condition is empty."),
        ('"$rows"', "VP304", "$rows", "gives BIGINT, and a task needs true or false"),
    ],
)
def test_a_broken_condition_is_told_at_the_very_characters(
    project: Project, when: str, code: str, place: str, detail: str
) -> None:
    found = told(project, when)
    assert found[:2] == (code, place)
    assert detail in found[2]
    assert "bracket that stands open" not in found[3]  # nobody but us has opened one


INSTEAD = 'Add `inputs.rows = "count.rows"`, and write `$rows`.'
LOOK = "Let a task before it look into the table"


@pytest.mark.parametrize(
    ("when", "code", "place", "fix", "edit"),
    [
        ("$rowz > 0", "VP308", "$rowz", "Replace it by `$rows`.", "$rows"),
        ("$regoin = 'eu'", "VP308", "$regoin", "Replace it by `$region`.", "$region"),
        ("$xyzzy > 0", "VP308", "$xyzzy", "Known are `$env`", ""),
        # A value is named with a dollar sign.
        ("rows > 0", "VP302", "rows", "Write `$rows`.", "$rows"),
        ("env = 'prod'", "VP302", "env", "Write `$env`.", "$env"),
        ("xyzzy > 0", "VP302", "xyzzy", "Known are `$env`", ""),
        # A task, or its output, is named in `inputs`.
        ("$count.rows > 0", "VP308", "$count.rows", INSTEAD, ""),
        ("$cuont > 0", "VP308", "$cuont", INSTEAD, ""),
        ("count.rows > 0", "VP302", "count.rows", INSTEAD, ""),
        ("shop.count.row > 0", "VP302", "shop.count.row", INSTEAD, ""),
        ("cuont.rows > 0", "VP302", "cuont.rows", INSTEAD, ""),
        ("quiet = 'done'", "VP302", "quiet", "The task `quiet` gives no output", ""),
        # An asset is looked into by a task.
        ("orders.id > 1", "VP302", "orders.id", LOOK, ""),
        ("(select max(id) from orders) > 1", "VP803", "orders", LOOK, ""),
    ],
)
def test_a_name_that_means_nothing_is_told_with_what_was_meant(
    project: Project, when: str, code: str, place: str, fix: str, edit: str
) -> None:
    found = told(project, f'"{when}"')
    assert found[:2] == (code, place)
    assert found[3].startswith(fix)
    assert found[4] == edit
