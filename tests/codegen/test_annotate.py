"""`vp codegen --annotate`: the types of the stubs in people's own functions, and nothing else changed in them."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from tests.cli.conftest import Vp

HEAD = '[pipeline]\nname = "shop"\n\n'
TOTALS = '[python.totals]\nfunction = "lib:totals"\ncolumns.n = "bigint"\n'


def annotate(shop: Path, vp: Vp, text: str, specs: str = TOTALS) -> str:
    """The text of `lib.py` afterwards; a second time changes nothing."""
    (shop / "totals.vp.toml").write_text(HEAD + specs)
    (shop / "lib.py").write_bytes(text.encode())
    seen = vp("codegen", "--annotate")
    assert seen.status == 0, seen.err
    after = (shop / "lib.py").read_bytes().decode()
    assert "Annotated" not in vp("codegen", "--annotate").err
    assert (shop / "lib.py").read_bytes().decode() == after
    ast.parse(after)
    return after


def test_a_bare_function(shop: Path, vp: Vp) -> None:
    before = '''\
"""Totals."""

from __future__ import annotations

import pandas as pd  # frames


def totals(
    orders,  # all of them
    *, context, factor=2,
):
    # what counts
    return pd.DataFrame( {"n": [len(orders)*factor]} )   # odd  spaces stay


# the end
'''
    assert (
        annotate(shop, vp, before)
        == '''\
"""Totals."""

from __future__ import annotations

import pandas as pd  # frames
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vibepiper.frames.tables import Returned
    from vp_stubs.context import Context
    from vp_stubs.shop.orders import OrdersPandas


def totals(
    orders: OrdersPandas,  # all of them
    *, context: Context, factor=2,
) -> Returned:
    # what counts
    return pd.DataFrame( {"n": [len(orders)*factor]} )   # odd  spaces stay


# the end
'''
    )


def test_what_runs_is_the_same(shop: Path, vp: Vp) -> None:
    annotate(shop, vp, "import pandas as pd\n\ndef totals(orders):\n    return pd.DataFrame({'n': [len(orders)]})\n")
    text = (shop / "lib.py").read_text()
    assert 'def totals(orders: "OrdersPandas") -> "Returned":' in text  # nothing of it is there when it runs
    assert vp("apply", "--yes").status == 0


def test_an_existing_block_is_used(shop: Path, vp: Vp) -> None:
    before = """\
from __future__ import annotations
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    import pandas as pd  # for types

def totals(orders) -> pd.DataFrame: ...
"""
    assert annotate(shop, vp, before) == before.replace(
        "# for types\n", "# for types\n    from vp_stubs.shop.orders import OrdersPandas\n"
    ).replace("(orders)", "(orders: OrdersPandas)")


@pytest.mark.parametrize("written", ["pd.DataFrame", "pl.DataFrame", "'pl.LazyFrame'", "OrdersPolars"])
def test_what_is_annotated_is_kept(shop: Path, vp: Vp, written: str) -> None:
    before = f"""\
from __future__ import annotations
import pandas as pd
import polars as pl
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    from vp_stubs.shop.orders import OrdersPolars
def totals(orders: {written}) -> pd.DataFrame: ...
"""
    assert annotate(shop, vp, before) == before


def test_the_table_of_another_asset_is_said_and_kept(shop: Path, vp: Vp) -> None:
    specs = TOTALS + '[sql.other]\nquery = "select 1 as x"\n'
    before = """\
from __future__ import annotations
from vp_stubs.shop.other import OtherPolars
def totals(orders: OtherPolars) -> OtherPolars: ...
"""
    assert annotate(shop, vp, before, specs) == before
    seen = vp("codegen", "--annotate")
    assert "warning[VP411]: Annotation is of another table\n --> lib.py:3:20" in seen.err
    assert "Annotate it `OrdersPolars`" in seen.err


def test_the_table_of_an_asset_that_is_gone_is_replaced(shop: Path, vp: Vp) -> None:
    before = """\
from __future__ import annotations
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    from vp_stubs.shop.bookings import BookingsPolars
def totals(orders: BookingsPolars) -> BookingsPolars: ...
"""
    assert "def totals(orders: OrdersPolars) -> " in annotate(shop, vp, before)


def test_only_some_columns_have_a_class_of_their_own(shop: Path, vp: Vp) -> None:
    specs = TOTALS + 'inputs = { few = { asset = "orders", columns = ["amount"] } }\n'
    after = annotate(shop, vp, "def totals(few): ...\n", specs)
    assert 'def totals(few: "TotalsFewPandas")' in after
    assert "from vp_stubs.shop.totals import TotalsFewPandas" in after


def test_names_that_are_taken(shop: Path, vp: Vp) -> None:
    after = annotate(shop, vp, "class OrdersPandas: ...\n\ndef totals(orders): ...\n")
    assert "from vp_stubs.shop.orders import OrdersPandas as ShopOrdersPandas" in after
    assert 'orders: "ShopOrdersPandas"' in after


def test_line_ends_and_encoding_stay(shop: Path, vp: Vp) -> None:
    after = annotate(shop, vp, "# -*- coding: utf-8 -*-\r\n# größer\r\n\r\ndef totals(orders):\r\n\treturn orders\r\n")
    assert after.startswith("# -*- coding: utf-8 -*-\r\n# größer\r\n")
    assert after.endswith(":\r\n\treturn orders\r\n")
    assert "\n" not in after.replace("\r\n", "")


def test_a_decorated_function(shop: Path, vp: Vp) -> None:
    (shop / "vp.toml").write_text('[project]\nname = "shop"\nmodules = ["lib"]\n')
    before = """\
from vibepiper import Pipeline, asset
pipeline = Pipeline("shop")

@asset(columns={"n": "bigint"})
def totals(orders):
    return orders
"""
    assert 'def totals(orders: "OrdersPandas")' in annotate(shop, vp, before, "")


def test_a_function_of_two_assets_with_different_tables_is_left(shop: Path, vp: Vp) -> None:
    specs = """\
[sql.other]
query = "select 1 as x"
[python.one]
function = "lib:totals"
inputs = { table = "orders" }
[python.two]
function = "lib:totals"
inputs = { table = "other" }
"""
    assert "def totals(table) -> " in annotate(shop, vp, "def totals(table): ...\n", specs)


def test_a_file_that_does_not_parse(shop: Path, vp: Vp) -> None:
    (shop / "totals.vp.toml").write_text(HEAD + TOTALS)
    (shop / "lib.py").write_text("def totals(orders:\n")
    seen = vp("codegen", "--annotate")
    assert seen.status == 3
    assert "error[VP401]" in seen.err
    assert "lib.py:1" in seen.err
    assert (shop / "lib.py").read_text() == "def totals(orders:\n"
    assert (shop / "vp_stubs/shop/orders.py").exists()


def test_check_writes_nothing(shop: Path, vp: Vp) -> None:
    vp("codegen")
    (shop / "totals.vp.toml").write_text(HEAD + TOTALS)
    (shop / "lib.py").write_text("def totals(orders): ...\n")
    seen = vp("codegen", "--annotate", "--check")
    assert seen.status == 1
    assert "Would annotate `totals` in `lib.py`\n" in seen.err
    assert (shop / "lib.py").read_text() == "def totals(orders): ...\n"
