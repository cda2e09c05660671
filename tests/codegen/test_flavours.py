"""A parameter that is annotated with a class of the stubs gets its table as that class says, written or not."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.conftest import Vp, edit
from tests.compile.conftest import Project

from vibepiper_interpreter.compile.compiled import PythonDefinition

SPECS = '[python.totals]\nfunction = "lib:totals"\n'


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Reads the source `shop.orders`; see `Project`."""
    found = Project(tmp_path)
    found.sources()
    found.pipeline(SPECS)
    return found


def flavour(project: Project, imports: str, annotation: str) -> str:
    project.write("lib.py", f"{imports}\ndef totals(orders: {annotation}): ...\n".encode())
    definition = project.asset("shop.totals").definition
    assert isinstance(definition, PythonDefinition)
    return definition.parameters[0].flavour


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("OrdersPandas", "pandas"),
        ("OrdersPolars", "polars"),
        ("OrdersPolarsLazy", "polars_lazy"),
        ("OrdersArrow", "pyarrow"),
        ("OrdersDuckDB", "duckdb"),
    ],
)
def test_the_end_of_the_name_says_it(project: Project, name: str, expected: str) -> None:
    assert flavour(project, f"from vp_stubs.shop.orders import {name}", name) == expected
    hidden = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from vp_stubs.shop import orders as o\n"
    assert flavour(project, hidden, f"o.{name} | None") == expected
    assert flavour(project, hidden, f"'o.{name}'") == expected


def test_the_package_is_the_one_of_the_settings(project: Project) -> None:
    imports = "from src_stubs.shop.orders import OrdersPolars"
    project.write("lib.py", f"{imports}\ndef totals(orders: OrdersPolars): ...\n".encode())
    assert project.only().code == "VP408"
    project.write("vp.toml", '[project]\nname = "test"\n\n[codegen]\npath = "src/src_stubs"\n')
    assert flavour(project, imports, "OrdersPolars") == "polars"


@pytest.mark.parametrize("name", ["Polars", "OrdersModel", "OrdersName"])
def test_other_classes_of_the_stubs_are_no_tables(project: Project, name: str) -> None:
    project.write("lib.py", f"from vp_stubs.shop.orders import {name}\ndef totals(orders: {name}): ...\n".encode())
    assert project.only().code == "VP408"


USES = """\
from __future__ import annotations
from typing import TYPE_CHECKING
import polars as pl
from vp_stubs.shop.orders import OrdersModel, OrdersPolars
def totals(orders: OrdersPolars) -> pl.DataFrame:
    return orders.select("order_id")
"""


def test_what_only_stands_in_annotations_rebuilds_nothing(shop: Path, vp: Vp) -> None:
    (shop / "more.vp.toml").write_text('[pipeline]\nname = "shop"\n' + SPECS + 'inputs = { orders = ["order_id"] }\n')
    (shop / "lib.py").write_text(USES)
    vp("codegen")
    assert vp("apply", "--yes").status == 0
    # Another column is new: other stubs, and nothing that `totals` sees.
    edit(shop / "shop.vp.toml", "as amount", "as amount, 2 as more")
    assert "Wrote `vp_stubs/shop/orders.py`" in vp("codegen").err
    seen = vp("apply", "--yes")
    assert "built  shop.orders" in seen.err
    assert "built  shop.totals" not in seen.err


def test_what_is_used_at_run_time_is_part_of_the_meaning(shop: Path, vp: Vp) -> None:
    (shop / "more.vp.toml").write_text('[pipeline]\nname = "shop"\n' + SPECS + 'inputs = { orders = ["order_id"] }\n')
    counts = "pl.DataFrame({'n': [len(OrdersModel.model_fields)]})"
    (shop / "lib.py").write_text(USES.replace('orders.select("order_id")', counts))
    vp("codegen")
    assert vp("apply", "--yes").status == 0
    edit(shop / "shop.vp.toml", "as amount", "as amount, 2 as more")
    vp("codegen")
    assert vp("apply", "--yes").status == 0
    assert '"n":4' in vp("query", "from shop.totals", "--json").out.replace(" ", "")


def test_stubs_that_are_not_there_are_said_and_made(shop: Path, vp: Vp) -> None:
    (shop / "more.vp.toml").write_text('[pipeline]\nname = "shop"\n' + SPECS)
    (shop / "lib.py").write_text(USES)
    seen = vp("plan")
    assert seen.status == 3
    assert "error[VP401]" in seen.err
    assert "fix: Write the stubs: `vp codegen`." in seen.err
    seen = vp("codegen", "--check")
    assert seen.status == 1
    assert "VP401" not in seen.err
    seen = vp("codegen")
    assert seen.status == 0
    assert "Wrote `vp_stubs/shop/totals.py`\n" in seen.err
    assert seen.err.endswith("6 files of 6 changed.\n")
    assert vp("codegen", "--check").status == 0
    assert vp("apply", "--yes").status == 0
