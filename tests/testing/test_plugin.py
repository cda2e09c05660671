"""The fixtures and assertions of the pytest plug-in, as a user's suite has them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.testing.conftest import SHOP, Suite

GIVEN = """
import pytest
from vibepiper.testing import *

CUSTOMERS = [{"id": 1, "country": "DE"}, {"id": 2, "country": "FR"}]
ORDERS = [
    {"id": 1, "customer": 1, "amount": 5, "state": "paid"},
    {"id": 2, "customer": 2, "amount": "2.50", "state": "paid"},
    {"id": 3, "customer": 2, "amount": 1, "state": "open"},
]
REVENUE = {"orders": ORDERS, "customers": CUSTOMERS}
"""


def test_an_asset_is_made_of_given_rows(suite: Suite) -> None:
    body = """
from decimal import Decimal

def test_revenue(run_asset):
    made = run_asset("revenue", REVENUE)
    assert made.columns == {"country": "VARCHAR", "revenue": "DECIMAL(38,2)", "orders": "BIGINT"}
    assert sorted(row["revenue"] for row in made.rows) == [Decimal("2.50"), Decimal("5.00")]
    assert len(made.cte("paid")) == 2
    assert made.pandas().shape == made.polars().shape == made.arrow().shape == (2, 3)
    assert_rows(made, [{"country": "DE", "revenue": 5}, {"country": "FR", "revenue": 2.5}])
    assert_rows(made.polars(), made)

def test_code(run_asset, capsys):
    made = run_asset("shop.doubled", {"orders": ORDERS})
    assert_rows(made, [{"id": 2}, {"id": 4}, {"id": 6}])
    assert "doubling 3" in capsys.readouterr().out

def test_slices_variables_and_files(run_asset, tmp_path):
    from datetime import date
    made = run_asset("daily", {"orders": "orders.csv"}, start=date(2024, 1, 5), end=date(2024, 1, 6))
    assert_rows(made, [{"day": "2024-01-05", "region": "north", "n": 1}])
    rows = [{"day": date(2024, 1, 5)}, {"day": date(2024, 1, 6)}]
    made = run_asset("daily", {"orders": rows}, variables={"region": "x"}, start=date(2024, 1, 5), end=date(2024, 1, 6))
    assert_rows(made, [{"region": "x", "n": 1}])

def test_frames(run_asset):
    import pandas, polars
    for frame in (pandas.DataFrame(ORDERS[:1]), polars.DataFrame(ORDERS[:1])):
        assert run_asset("doubled", {"orders": frame}).rows == [{"id": 2}]

def test_published(vp_project):
    vp_project.run("revenue")
    assert_rows(vp_project["revenue"], [{"country": "DE", "revenue": 5, "orders": 1}])
"""
    said = suite.run(GIVEN + body)
    assert "5 passed" in said, said


def test_what_differs_is_drawn(suite: Suite) -> None:
    said = suite.run(
        GIVEN
        + 'def test_it(run_asset):\n    assert_rows(run_asset("revenue", REVENUE), [{"country": "DE", "orders": 7}])\n'
    )
    assert "Of 1 expected row: 1 came with other values, 1 came and was not expected." in said, said
    assert "country  orders" in said and "- DE       7" in said and "1 failed" in said
    assert "comparing.py" not in said  # the user's own line is what is shown


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ('run_asset("revenu", REVENUE)', "the project has no asset `revenu`. Did you mean `shop.revenue`?"),
        ('run_asset("orders")', "`shop.orders` is a source"),
        ('run_asset("revenue", {**REVENUE, "order": []})', "`order` is no input of `shop.revenue`. Did you mean"),
        ('run_asset("revenue", {"orders": []})', "not given is what `shop.revenue` reads of `customers`"),
        (
            'run_asset("doubled", {"orders": [{"idd": 1}]})',
            "`orders`: there is no column `idd`. Did you mean `id`?",
        ),
        ('run_asset("doubled", {"orders": [{"id": 3.7}]})', "given `orders`: row 1: `id` is BIGINT, and 3.7 is none"),
        ('run_asset("doubled", {"orders": [1]})', "given `orders`: row 1 is no dictionary: 1"),
        ('run_asset("doubled", {"orders": 1})', "int is no rows"),
        ('run_asset("doubled", {"orders": []}, variables={"regio": 1})', "no variable `regio`. Did you mean `region`?"),
        ('run_asset("doubled", {"orders": []}, partition=1)', "`shop.doubled` is not built by partition"),
        (
            'run_asset("daily", {"orders": []}, variables={"region": []}, start=None)',
            "the variable `region` is VARCHAR, and [] is none",
        ),
        ('run_asset("daily", {"orders": []})', "`shop.daily` is made slice by slice: say `start`"),
        ('run_asset("revenue", REVENUE).cte("payd")', "no common table expression `payd`. Did you mean `paid`?"),
        ('run_asset("doubled", {"orders": []}).work()', "`shop.doubled` is no SQL asset"),
        ('run_asset("doubled", {"orders": [{"amount": 13}]})', "no thirteen"),
        ('assert_rows(run_asset("revenue", REVENUE), [{"land": 1}])', "There is no column `land`; it has"),
    ],
)
def test_what_does_not_fit_is_said(suite: Suite, call: str, told: str) -> None:
    said = suite.run(GIVEN + f"def test_it(run_asset):\n    {call}\n")
    assert told in said and "1 failed" in said, said


def test_a_failing_function_shows_its_own_line(suite: Suite) -> None:
    body = """
def test_it(run_asset):
    with pytest.raises(AssetFailed, match="no thirteen") as failed:
        run_asset("doubled", {"orders": [{"id": 1, "amount": 13}]})
    assert isinstance(failed.value.__cause__, ValueError)
    (told,) = failed.value.diagnostics
    assert told.code == "VP406" and "shop_code.py" in str(told.place) + told.detail + str(told.notes), told
"""
    said = suite.run(GIVEN + body)
    assert "1 passed" in said, said


def test_rows_that_a_query_handles_are_bounded(suite: Suite) -> None:
    body = """
MANY = [{"id": number} for number in range(100)]

def test_it(run_asset):
    assert_work(run_asset("crossed", {"orders": MANY[:3]}), at_most=9)
    assert run_asset("crossed", {"orders": MANY}).work().rows > 10_000

def test_too_many(run_asset):
    assert_work(run_asset("crossed", {"orders": MANY}), at_most=1_000)
"""
    said = suite.run(GIVEN + body)
    assert "1 failed, 1 passed" in said, said
    assert "gives 10,000 rows, more than 1,000." in said


def test_strategies_give_rows_that_the_specs_allow(suite: Suite) -> None:
    body = """
from hypothesis import given, settings, strategies as st

@settings(max_examples=30, deadline=None)
@given(rows=input_rows("revenue"))
def test_inputs(run_asset, rows):
    customers = {row["id"] for row in rows["customers"]}
    assert len(customers) == len(rows["customers"])
    for row in rows["orders"]:
        assert row["customer"] in customers
        assert 0 <= row["amount"] <= 1000 and row["state"] in ("paid", "open", None)
    made = run_asset("revenue", rows)
    paid = [row for row in rows["orders"] if row["state"] == "paid"]
    assert sum(row["revenue"] for row in made.rows) == sum(row["amount"] for row in paid)

@settings(max_examples=5, deadline=None)
@given(rows=table_rows("orders", columns={"state": st.just("paid")}, min_size=1, max_size=2))
def test_own_columns(rows):
    assert 1 <= len(rows) <= 2 and {row["state"] for row in rows} == {"paid"}

@given(rows=table_rows("ordes"))
def test_wrong(rows): ...

@given(rows=table_rows("orders", columns={"stat": st.none()}))
def test_wrong_column(rows): ...
"""
    said = suite.run(GIVEN + body)
    assert "2 failed, 2 passed" in said, said
    assert "Did you mean `shop.orders`?" in said and "has no column `stat`. Did you mean `state`?" in said


def test_pipelines_rely_on_what_is_promised(suite: Suite) -> None:
    (suite.root / "crm.vp.toml").write_text(
        '[pipeline]\nname = "crm"\n[sql.people]\nquery = "select country from shop.customers"\n'
    )
    body = """
def test_offers(vp_project):
    assert_offers(vp_project["customers"], {"id": "bigint"}, not_null=["id"], unique=["id"])

def test_lacks(vp_project):
    assert_offers(vp_project["customers"], {"idd": "bigint", "country": "int"}, not_null=["country"])

def test_contracts(vp_project):
    assert_contracts(vp_project, reader="crm", of="shop")

def test_wrong(vp_project):
    assert_contracts(vp_project, reader="crn", of="shop")
"""
    said = suite.run(GIVEN + body)
    assert "3 failed, 1 passed" in said, said
    for told in (
        "no column `idd`. Did you mean `id`?",
        "`country` is VARCHAR, not int",
        "no check `not_null` on `country`",
        "`shop.customers` has no contract, and `crm.people` reads it",
        "no pipeline `crn`. Did you mean `crm`?",
    ):
        assert told in said, said
    with_contract = SHOP.replace('path = "customers.csv"', 'path = "customers.csv"\ncontract = "evolve"')
    (suite.root / "shop.vp.toml").write_text(with_contract)
    assert "1 passed" in suite.run(GIVEN + body, "-k", "test_contracts")


def test_results_are_snapshots(suite: Suite) -> None:
    body = 'def test_it(run_asset, snapshot):\n    assert run_asset("revenue", REVENUE) == snapshot\n'
    assert "1 passed" in suite.run(GIVEN + body, "--snapshot-update")
    assert "1 passed" in suite.run(GIVEN.replace('"amount": 5', '"amount": 5.00') + body)
    assert "1 failed" in suite.run(GIVEN.replace('"amount": 5', '"amount": 6') + body)
    assert "FR       2.50           1" in (suite.root / "__snapshots__" / "test_shop.ambr").read_text()


def test_where_there_is_no_project_it_is_said(tmp_path: Path) -> None:
    bare = Suite(tmp_path)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    said = bare.run("def test_it(run_asset): ...\ndef test_other(): ...\n")
    assert "VP111" in said and "`vp_project = " in said and "1 passed, 1 error" in said, said


def test_the_setting_says_where_the_project_is(suite: Suite) -> None:
    (suite.root / "pytest.ini").unlink()
    outside = Suite(suite.root.parent)
    (outside.root / "pytest.ini").write_text("[pytest]\nvp_project = shop\n")
    said = outside.run('def test_it(run_asset):\n    assert run_asset("doubled", {"orders": []}).rows == []\n')
    assert "1 passed" in said, said


def test_a_broken_project_is_told_as_validate_does(suite: Suite) -> None:
    (suite.root / "shop.vp.toml").write_text(SHOP.replace("c.country, sum", "c.land, sum"))
    said = suite.run("def test_it(run_asset): ...\n")
    assert "the project has mistakes" in said and "VP302" in said and "Traceback" not in said, said


def test_a_suite_that_uses_nothing_of_it_imports_no_engine(suite: Suite) -> None:
    slow = "{'duckdb', 'hypothesis', 'pyarrow', 'vibepiper_interpreter'}"
    body = f"import sys\n\ndef test_it():\n    assert not {slow} & sys.modules.keys()\n"
    said = suite.run(body, "-p", "no:hypothesispytest", "-p", "no:syrupy")
    assert "1 passed" in said, said


def test_what_a_test_patches_is_what_runs(suite: Suite) -> None:
    body = """
import pandas, shop_code

def test_it(run_asset, monkeypatch):
    assert run_asset("doubled", {"orders": ORDERS}).rows != [{"id": 7}]
    monkeypatch.setattr(shop_code, "pd", type("pd", (), {"DataFrame": lambda of: pandas.DataFrame({"id": [7]})}))
    assert run_asset("doubled", {"orders": ORDERS}).rows == [{"id": 7}]

def test_context(run_asset, caplog):
    with caplog.at_level("INFO"):
        made = run_asset("told", {"orders": []}, variables={"region": "south"})
    assert made.rows == [{"region": "south", "year": 2000}]
    assert "telling" in caplog.text
"""
    told = """

def told(orders, context):
    context.logger.info("telling")
    return pd.DataFrame({"region": [context.variables["region"]], "year": [context.now.year]})
"""
    (suite.root / "shop_code.py").write_text((suite.root / "shop_code.py").read_text() + told)
    with (suite.root / "shop.vp.toml").open("a") as spec:
        spec.write('\n[python.told]\nfunction = "shop_code:told"\n')
    said = suite.run(GIVEN + body)
    assert "2 passed" in said, said


def test_two_projects_with_modules_of_one_name(suite: Suite, tmp_path: Path) -> None:
    for name in ("first", "second"):
        root = tmp_path / name
        shutil.copytree(suite.root, root)
        code = (root / "shop_code.py").read_text().replace('orders["id"] * 2', f'[len("{name}")]')
        (root / "shop_code.py").write_text(code)
        call = f'assert run_asset("doubled", {{"orders": []}}).rows == [{{"id": {len(name)}}}]'
        body = f"def test_it(run_asset):\n    {call}\n"
        (root / f"test_{name}.py").write_text("import shop_code\n" + body)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (suite.root / "vp.toml").unlink()
    said = Suite(tmp_path).run("", "first", "second")
    assert "2 passed" in said, said
