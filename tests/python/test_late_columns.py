"""SQL that reads what only a run can tell the columns of: it is bound when its inputs are there."""

from __future__ import annotations

import pytest
from tests.cli.conftest import Vp
from tests.python.conftest import PythonProject

import vibepiper as vp

PEOPLE = """\
import pandas as pd


def people(orders):
    return pd.DataFrame({"id": [1, 2, 3], "country": ["DE", "FR", None], "paid": [2.5, 3.5, 4.5]})
"""
ASSETS = """\
[python.people]
function = "made:people"

[sql.by_country]
query = "select country, sum(paid) as paid from people group by country"

[sql.above]
query = "select count(*) as n from by_country"
"""


@pytest.fixture
def late(project: PythonProject) -> PythonProject:
    project.write("vp.toml", '[project]\nname = "test"\n')
    project.write("made.py", PEOPLE.encode())
    project.pipeline(ASSETS, "late.vp.toml")
    return project


def test_the_run_tells_its_columns(late: PythonProject, command: Vp) -> None:
    project = vp.open(late.root)
    assert project["above"].columns == ()
    project.run()
    assert [(each.name, each.type) for each in project["by_country"].columns] == [
        ("country", "VARCHAR"),
        ("paid", "DOUBLE"),
    ]
    assert project["above"].arrow().to_pylist() == [{"n": 3}]
    assert project.plan().empty
    for words in (["plan"], ["show", "by_country"], ["lineage", "above"], ["codegen"]):
        assert command(*words).status in (0, 2), words
    seen = command("validate")
    assert seen.status == 0 and "warning[VP315]" in seen.err and "`shop.by_country` reads it" in seen.err


def test_a_change_of_what_the_function_returns_reaches_all(late: PythonProject) -> None:
    vp.open(late.root).run()
    late.write("made.py", PEOPLE.replace('"paid": [2.5, 3.5, 4.5]', '"paid": [2, 3, 4]').encode())
    project = vp.open(late.root)
    report = project.run()
    assert {str(each.address): each.outcome for each in report.tasks} == {
        "shop.people": "built",
        "shop.by_country": "built",
        "shop.above": "built",
    }
    assert project["by_country"].columns[1].type == "DECIMAL(38,0)"
    assert sum(project["by_country"].arrow().column("paid").to_pylist()) == 9


def test_the_layout_of_its_text_makes_no_difference(late: PythonProject) -> None:
    vp.open(late.root).run()
    late.pipeline(ASSETS.replace("count(*) as n from", "COUNT( * )  AS n  -- all\\nFROM"), "late.vp.toml")
    assert vp.open(late.root).plan().empty
    late.pipeline(ASSETS.replace("count(*) as n", "count(*) + 1 as n"), "late.vp.toml")
    assert not vp.open(late.root).plan().empty


def test_what_does_not_fit_is_told_at_its_place_when_it_shows(late: PythonProject, command: Vp) -> None:
    late.pipeline(ASSETS.replace("sum(paid)", "sum(payed)"), "late.vp.toml")
    seen = command("apply", "--yes")
    assert seen.status == 1
    assert "late.vp.toml:7:" in seen.err and "payed" in seen.err, seen.err


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("select country, 1 as Country from people", "VP311"),
        ("select to_days(1) as d, id from people", "VP112"),
    ],
)
def test_what_cannot_be_kept_is_told_in_the_run(late: PythonProject, command: Vp, query: str, code: str) -> None:
    late.pipeline(ASSETS.split("[sql.by")[0] + f'[sql.b]\nquery = "{query}"\n', "late.vp.toml")
    assert command("validate").status == 0
    seen = command("apply", "--yes")
    assert (seen.status, code in seen.err) == (1, True), seen.err


@pytest.mark.parametrize(
    ("lines", "place", "needs"),
    [
        ('build = "view"', "6:9", 'is built in mode "view"'),
        ('contract = "freeze"', "6:12", "has a contract"),
        ('columns.country = "varchar"', "6:1", "declares a type for `country`"),
    ],
)
def test_what_needs_columns_asks_for_them(late: PythonProject, command: Vp, lines: str, place: str, needs: str) -> None:
    late.pipeline(ASSETS.replace('group by country"\n', f'group by country"\n{lines}\n'), "late.vp.toml")
    seen = command("validate")
    assert seen.status == 3
    assert "error[VP315]" in seen.err and needs in seen.err
    assert f"late.vp.toml:{int(place.split(':')[0])}" in seen.err


def test_some_types_are_no_types(late: PythonProject, command: Vp) -> None:
    columns = 'columns.id = "bigint"\ncolumns.country = { checks = ["not_null"] }\n'
    late.pipeline(ASSETS.replace('people"\n', f'people"\n{columns}', 1), "late.vp.toml")
    seen = command("validate")
    assert seen.status == 3 and "no type for `country`" in seen.err


def test_what_is_wrong_whatever_comes_is_told_at_once(late: PythonProject, command: Vp) -> None:
    late.pipeline(ASSETS.replace("sum(paid)", "summe(paid)"), "late.vp.toml")
    seen = command("validate")
    assert seen.status == 3 and "VP305" in seen.err


def test_checks_run_on_it(late: PythonProject, command: Vp) -> None:
    more = 'columns.country = { checks = ["not_null"] }\n'
    late.pipeline(ASSETS.replace('group by country"\n', f'group by country"\n{more}'), "late.vp.toml")
    seen = command("apply", "--yes")
    assert seen.status == 1 and "not_null" in seen.err


def test_a_check_that_reads_it_is_no_mistake(late: PythonProject, command: Vp) -> None:
    known = '[sql.known]\nquery = "select 1 as one"\nchecks = [{ query = "select * from people where id > 5" }]\n'
    late.pipeline(ASSETS + known, "late.vp.toml")
    seen = command("apply", "--yes")
    assert seen.status == 0, seen.err
