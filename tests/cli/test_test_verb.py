"""`vp test`: which tests it runs, what it prints, and a test written from what is published."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.conftest import Vp, edit
from tests.run.conftest import Project
from tests.trials.conftest import ORDERS, SPECS, add, add_python

TESTS = """
[test.adds_up]
asset = "daily"
given.orders = [{ day = 2024-01-01, amount = 10, country = "DE" }]
expect = [{ day = 2024-01-01, revenue = 10 }]

[test.doubles]
asset = "doubled"
given.daily = [{ day = 2024-01-01, revenue = 2 }]
expect = [{ revenue = 4 }]
"""


@pytest.fixture
def here(tmp_path: Path) -> Project:
    """The test stands in its folder."""
    project = Project(tmp_path)
    project.write("vp.toml", '[project]\nname = "shop"\n[variables]\ncountry = "DE"\n')
    project.write("data/orders.csv", ORDERS)
    project.pipeline(SPECS)
    add_python(project)
    return project


def outcomes(vp: Vp, *arguments: str) -> dict[str, str]:
    return {each["test"]: each["outcome"] for each in json.loads(vp("test", "--json", *arguments).out)["tests"]}


def test_only_what_a_change_reaches_is_run(here: Project, vp: Vp) -> None:
    add(here, TESTS)
    seen = vp("test")
    assert seen.status == 0
    assert seen.err.endswith("2 tests: 2 passed.\n")
    assert "doubling in DE" in seen.err
    assert outcomes(vp) == {"shop.adds_up": "unchanged", "shop.doubles": "unchanged"}
    assert "2 tests: 2 passed before, and nothing has changed since" in vp("test").err
    edit(here.root / "shop_code.py", "* 2", "* 2.0")
    assert outcomes(vp) == {"shop.adds_up": "unchanged", "shop.doubles": "passed"}
    assert outcomes(vp, "--all", "adds_up") == {"shop.adds_up": "passed"}
    assert outcomes(vp, "--all", "+doubled") == {"shop.adds_up": "passed", "shop.doubles": "passed"}
    assert not (here.root / ".vp" / "state.db").exists()


def test_one_that_fails_is_told_and_run_again(here: Project, vp: Vp) -> None:
    add(here, TESTS)
    edit(here.root / "shop.vp.toml", "sum(amount)", "count(amount)")
    seen = vp("test", "adds_up")
    assert seen.status == 1
    assert "error[VP820]" in seen.err and "- 2024-01-01  10\n" in seen.err and "+ ·           1\n" in seen.err
    found = json.loads(vp("test", "--json", "daily").out)["tests"][0]
    assert (found["outcome"], found["diagnostics"][0]["code"]) == ("failed", "VP820")


def test_mistakes_in_specs_and_in_words(here: Project, vp: Vp) -> None:
    assert "There are no tests here." in vp("test").err
    assert vp("test", "nothing").status != 0
    add(here, TESTS.replace("amount = 10", "amout = 10"))
    seen = vp("test")
    assert seen.status == 3 and "VP821" in seen.err


def test_a_test_is_written_from_rows_that_are_published(here: Project, vp: Vp) -> None:
    add(
        here,
        """
[source.file.countries]
path = "data/countries.csv"

[sql.named]
query = '''select c.name, sum(o.amount) as revenue from orders o join countries c on c.country = o.country
group by c.name'''

[sql.hourly]
query = "select day, count(*) as n from orders where day >= $start and day < $end group by day"
build = { mode = "interval", column = "day", grain = "day", start = 2024-01-01, end = 2024-01-03 }
""",
    )
    here.write("data/countries.csv", "country,name\n" + "".join(f"X{n},Land {n}\n" for n in range(50)) + "DE,Germany\n")
    refused = vp("test", "new", "named")
    assert refused.status == 4 and "is not published in `dev`" in refused.err
    assert vp("apply", "--yes").status == 0
    printed = vp("test", "new", "named")
    assert printed.status == 0
    # Of the other input comes what fits the rows of the first.
    assert 'given.countries = [{ country = "DE", name = "Germany" }]' in printed.out
    assert 'expect = [{ name = "Germany"' in printed.out
    for asset in ("named", "hourly", "doubled"):
        assert vp("test", "new", asset, "--out", f"tests/{asset}.vp.toml").status == 0
    assert "start = 2024-01-02T00:00:00\n" in (here.root / "tests/hourly.vp.toml").read_text()
    assert outcomes(vp) == dict.fromkeys(["shop.doubled_holds", "shop.hourly_holds", "shop.named_holds"], "passed")
    again = vp("test", "new", "named", "--out", "tests/named.vp.toml")
    assert again.status == 4 and "is there already" in again.err
    assert "[test.named_holds_2]" in vp("test", "new", "named").out
    assert vp("fmt", "--check", "tests/named.vp.toml").status == 0


@pytest.mark.parametrize("words", [(), ("daily", "doubled"), ("orders",)])
def test_a_test_is_of_one_asset_that_is_made(here: Project, vp: Vp, words: tuple[str, ...]) -> None:
    assert vp("test", "new", *words).status == 4
    seen = vp("test", "new", "daily", "--out", "tests/daily.toml")
    assert seen.status == 4 and "nobody would read it" in seen.err


def test_a_plan_tells_tests_apart_from_tasks(here: Project, vp: Vp) -> None:
    add(here, TESTS)
    seen = vp("plan")
    assert "* test     adds_up  of shop.daily, before it is made\n" in seen.out
    assert "Plan: 3 to create, 2 to test." in seen.out
    assert "tries shop.daily, expects 1 row" in vp("show", "adds_up").out
