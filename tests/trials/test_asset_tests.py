"""Tests as they are compiled: what is wrong in them is told at its exact place."""

from __future__ import annotations

import pytest
from tests.run.conftest import Project
from tests.trials.conftest import add

from vibepiper_interpreter.compile.compiled_operator import TEST, CompiledOperator
from vibepiper_interpreter.compile.operator_serial import operator_from_json, operator_to_json

RIGHT = """
[test.adds_up]
asset = "daily"
given.orders = [{ day = 2024-01-01, amount = 10 }]
expect = [{ day = 2024-01-01, revenue = 10 }]
"""
INTERVALS = """
[sql.hourly]
query = "select day, count(*) as n from orders where day >= $start and day < $end group by day"
build = { mode = "interval", column = "day", grain = "day", start = 2024-01-01 }

[sql.each]
query = "select country, count(*) as n from orders where country = $partition group by country"
build = { mode = "partition", column = "country", values = ["DE"] }
"""


def told(project: Project) -> list[tuple[str, int, int, str]]:
    """Code, line within the test's block (its header is 1), column, and the detail."""
    lines = (project.root / "shop.vp.toml").read_text().split("\n")
    header = next(number for number, line in enumerate(lines, 1) if line.startswith("[test."))
    found = []
    for each in project.compiled("dev").diagnostics:
        assert each.place is not None and each.fix is not None
        start = each.place.range
        first = header - 1 if each.place.path == "shop.vp.toml" else 0
        found.append((each.code, start.start_line - first, start.start_column, each.detail))
    return found


def compiled(project: Project) -> CompiledOperator:
    known = project.compiled("dev")
    assert known.diagnostics == ()
    (test,) = (each for each in known.project.operators.values() if each.kind == TEST)
    return test


def test_a_test_knows_its_asset_and_travels_as_json(shop: Project) -> None:
    add(shop, RIGHT)
    test = compiled(shop)
    assert [str(address) for address in test.before] == ["shop.daily"]
    assert test.tests == shop.compiled("dev").project.assets[test.before[0]]
    assert operator_from_json(operator_to_json(test)) == test


@pytest.mark.parametrize(
    ("old", "new", "code", "line", "column", "detail"),
    [
        ('"daily"', '"dayly"', "VP202", 2, 9, "no asset `dayly`. Did you mean `daily`"),
        ('"daily"', '"orders"', "VP821", 2, 9, "`shop.orders` is a source"),
        ("given.orders", "given.order", "VP821", 3, 7, "`order` is no input of `shop.daily`. Did you mean `orders`?"),
        ("amount = 10", "amout = 10", "VP821", 3, 37, "`shop.orders` has no column `amout`. Did you mean `amount`?"),
        ("amount = 10", "amount = 10.555", "VP822", 3, 46, "`10.555` is no DECIMAL(10,2), as the column `amount` is."),
        ("revenue = 10", "revenu = 10", "VP821", 4, 31, "`shop.daily` has no column `revenu`."),
        ("revenue = 10", 'revenue = "ten"', "VP822", 4, 41, "`ten` is no DECIMAL(38,2)"),
        ("expect = ", 'columns = ["n", "m"]\nexpect = ', "VP821", 4, 17, "`shop.daily` has no column `m`."),
        ("expect = [", "expect_cte.our = [", "VP821", 4, 12, "no common table expression `our` at its head."),
        (
            "given.orders = [{ day = 2024-01-01, amount = 10 }]\n",
            "",
            "VP823",
            1,
            1,
            "what `shop.daily` reads of `shop.orders`",
        ),
        ("expect = ", "variables.contry = 1\nexpect = ", "VP821", 4, 11, "The project has no variable `contry`."),
        ("expect = ", "start = 2024-01-01\nend = 2024-01-02\nexpect = ", "VP821", 4, 1, "is not built by interval"),
        ("expect = [{ day = 2024-01-01, revenue = 10 }]", "", "VP104", 1, 1, "expects nothing"),
        ("expect = ", "start = 2024-01-01\nexpect = ", "VP104", 1, 1, "An interval has a start and an end."),
        ("[{ day = 2024-01-01, amount = 10 }]", "3", "VP103", 3, 16, "Expected a list of rows"),
        ("[{ day = 2024-01-01, amount = 10 }]", '"rows.txt"', "VP109", 3, 16, "`rows.txt` is no CSV file."),
        ("[{ day = 2024-01-01, amount = 10 }]", '"rows.csv"', "VP501", 3, 16, "`rows.csv` does not exist."),
        ("{ day = 2024-01-01, amount = 10 }", "{ day = 2024-01-01, Day = 2024-01-01 }", "VP311", 3, 16, "`Day` twice"),
        ("expect = ", "expects = ", "VP101", 4, 1, "Did you mean `expect`"),
    ],
)
def test_what_is_wrong_is_told_where_it_stands(
    shop: Project, old: str, new: str, code: str, line: int, column: int, detail: str
) -> None:
    assert old in RIGHT
    add(shop, RIGHT.replace(old, new, 1))
    found = told(shop)
    assert [each[:3] for each in found][:1] == [(code, line, column)], found
    assert detail in found[0][3]


@pytest.mark.parametrize(
    ("asset", "given", "missing"),
    [("hourly", "", "start"), ("each", "", "partition")],
)
def test_a_test_says_which_slice_is_made(shop: Project, asset: str, given: str, missing: str) -> None:
    block = f'[test.t]\nasset = "{asset}"\ngiven.orders = []\n{given}expect = []\n'
    add(shop, INTERVALS + block)
    ((code, line, _, detail),) = told(shop)
    assert (code, line) == ("VP823", 1) and f"`shop.{asset}` is made" in detail
    words = "start = 2024-01-01\nend = 2024-01-02\n" if missing == "start" else 'partition = "DE"\n'
    shop.pipeline((shop.root / "shop.vp.toml").read_text().split("\n", 2)[2] + words)
    assert compiled(shop).settings["slice"]


def test_mistakes_in_a_csv_file_stand_in_it(shop: Project) -> None:
    add(shop, RIGHT.replace("[{ day = 2024-01-01, amount = 10 }]", '"rows.csv"'))
    shop.write("rows.csv", 'day,amount,country\n2024-01-01,10,\n2024-01-02,ten,""\n')
    assert told(shop) == [("VP822", 3, 1, "`ten` is no DECIMAL(10,2), as the column `amount` is.")]
    shop.write("rows.csv", "day,amout\n2024-01-01,10\n")
    assert [each[:3] for each in told(shop)] == [("VP821", 1, 1)]
    shop.write("rows.csv", "day,Day\n2024-01-01,10\n")
    assert [each[:3] for each in told(shop)] == [("VP822", 1, 1)]
    shop.write("rows.csv", "")
    assert [each[:3] for each in told(shop)] == [("VP822", 1, 1)]
    shop.write("rows.csv", "day,amount\n2024-01-01\n")
    assert [each[:3] for each in told(shop)] == [("VP822", 1, 1)]
    shop.write("rows.csv", 'day,amount,country\n2024-01-01,10,\n2024-01-02,1,""\n')
    (rows,) = compiled(shop).settings["given"].values()
    assert [row[-1] for row in rows["rows"]] == [None, ""]


def test_a_mistake_in_its_asset_is_told_once(shop: Project) -> None:
    add(
        shop,
        RIGHT
        + '\n[sql.wrong]\nquery = "select nothing_there from orders"\n[test.of_wrong]\nasset = "wrong"\nexpect = []\n',
    )
    assert [each.code for each in shop.compiled("dev").diagnostics] == ["VP302"]


def test_names_are_unique_across_assets_and_tests(shop: Project) -> None:
    add(shop, RIGHT.replace("adds_up", "daily"))
    ((code, line, _, detail),) = told(shop)
    assert (code, line) == ("VP201", 1) and "as an asset" in detail


def test_it_means_something_else_where_anything_that_it_hangs_on_does(shop: Project) -> None:
    add(shop, RIGHT)
    before = compiled(shop).fingerprint
    file = shop.root / "shop.vp.toml"
    text = file.read_text()

    def after(old: str, new: str) -> str:
        assert old in text
        file.write_text(text.replace(old, new))
        return compiled(shop).fingerprint

    assert after("group by day", "group  by day -- each") == before
    assert after("amount = 10 }", "amount = 11 }") != before
    assert after("count(*) as n", "count(1) + 1 as n") != before
    assert after('columns.amount = "decimal(10,2)"', 'columns.amount = "decimal(11,2)"') != before
