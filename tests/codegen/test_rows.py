"""The generated package runs: its rows hold what the engine gives, whatever the columns are called."""

from __future__ import annotations

import datetime
import importlib
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from types import ModuleType

import duckdb
import pandas
import polars
import pyarrow
import pytest
from pydantic import BaseModel, ValidationError
from tests.cli.conftest import Vp, edit

from vibepiper import rows_of, table_of

HOSTILE = (
    *("order id", "Order-Id", "ORDER ID ", "class", "None", "int", "str", "json", "_x", "__x", "größe", "💰"),
    'a"b\\',
)
FLAVOURS = '\n[codegen]\nflavours = ["pydantic", "typeddict", "dataclass", "pandas", "polars", "pyarrow", "duckdb"]\n'


@pytest.fixture
def stubs(shop: Path, vp: Vp, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The project with every flavour; its package can be imported."""
    (shop / "vp.toml").write_text((shop / "vp.toml").read_text() + FLAVOURS)
    monkeypatch.syspath_prepend(str(shop))
    yield shop
    for name in [name for name in sys.modules if name.partition(".")[0] == "vp_stubs"]:
        del sys.modules[name]


def load(name: str) -> ModuleType:
    return importlib.import_module(f"vp_stubs.{name}")


def select(query: str) -> str:
    return f"[pipeline]\nname = \"shop\"\n\n[sql.orders]\nquery = '''{query}'''\n"


def test_columns_that_are_no_names(stubs: Path, vp: Vp) -> None:
    quoted = ", ".join(f"""{number} as "{name.replace('"', '""')}\"""" for number, name in enumerate(HOSTILE))
    (stubs / "shop.vp.toml").write_text(select(f"select {quoted}"))
    assert vp("codegen").status == 0
    orders = load("shop.orders")
    table = pyarrow.table({name: [number] for number, name in enumerate(HOSTILE)})
    (row,) = rows_of(table, orders.OrdersDict)
    assert row == {name: number for number, name in enumerate(HOSTILE)}
    for kind in (orders.OrdersModel, orders.OrdersRecord):
        (row,) = rows_of(table, kind)
        fields = [
            *("order_id", "Order_Id_2", "ORDER_ID_", "class_", "None_", "int_", "str_", "json_", "x", "x_2"),
            *("größe", "column", "a_b_"),
        ]
        assert [getattr(row, field) for field in fields] == list(range(len(HOSTILE)))
        assert table_of([row], kind).to_pylist() == table.to_pylist()
    names = {name for name in vars(orders.OrdersColumns) if not name.startswith("__")}
    assert {getattr(orders.OrdersColumns, name) for name in names} == set(HOSTILE)


def test_every_type_is_read_as_it_is_said(stubs: Path, vp: Vp) -> None:
    query = """
    select true as flag, 1::utinyint as small, 2::bigint as big, 3::hugeint as huge, 0.5::float as real, 1.5 as price,
        'x' as name, '{"a": 1}'::json as document, uuid() as id, 'b'::blob as bytes, date '2024-01-01' as day,
        time '10:00' as clock, timestamp '2024-01-01 10:00' as at, timestamptz '2024-01-01 10:00+00' as instant,
        [1, null] as numbers, {'street': 'x', 'parts': [{'no': 1}]} as address, map {'a': 1} as counts
    """
    (stubs / "shop.vp.toml").write_text(select(query))
    edit(stubs / "shop.vp.toml", "[sql.orders]", '[sql.orders]\nrebuild = "always"')
    assert vp("apply", "--yes").status == 0
    vp("codegen")
    orders = load("shop.orders")
    table = duckdb.connect(str(stubs / ".vp/warehouse.duckdb"), read_only=True).sql("from shop.orders").to_arrow_table()
    for kind in (orders.OrdersModel, orders.OrdersRecord):
        (row,) = rows_of(table, kind)
        assert (row.price, row.day, row.numbers) == (Decimal("1.5"), datetime.date(2024, 1, 1), [1, None])
        assert (row.address.parts[0].no, row.counts) == (1, {"a": 1})
    (row,) = rows_of(table, orders.OrdersDict)
    assert row["address"] == {"street": "x", "parts": [{"no": 1}]}
    assert row["instant"].utcoffset() == datetime.timedelta(0)


def test_a_type_without_a_twin_is_anything_and_says_so(stubs: Path, vp: Vp) -> None:
    (stubs / "shop.vp.toml").write_text(select("select 1::variant as v, 2 as n"))
    assert vp("codegen").status == 0
    text = (stubs / "vp_stubs/shop/orders.py").read_text()
    assert '    v: Any\n    """(Its type is VARIANT, which Python has not.)"""\n' in text


def test_rows_are_validated(stubs: Path, vp: Vp) -> None:
    vp("codegen")
    orders = load("shop.orders")
    good = {"order_id": [1], "status": ["new"], "amount": [None]}
    (row,) = rows_of(pyarrow.table(good), orders.OrdersModel)
    assert isinstance(row, BaseModel)
    for column, values in (("status", ["gone"]), ("status", [None]), ("order_id", ["x"])):
        with pytest.raises(ValidationError):
            rows_of(pyarrow.table({**good, column: values}), orders.OrdersModel)


def test_rows_of_every_kind_of_table(stubs: Path, vp: Vp) -> None:
    vp("codegen")
    model = load("shop.orders").OrdersModel
    frame = polars.DataFrame({"order_id": [1, 2], "status": ["new", "paid"], "amount": [0.5, None]})
    expected = [model(order_id=1, status="new", amount=0.5), model(order_id=2, status="paid", amount=None)]
    relation = duckdb.connect().from_arrow(frame.to_arrow())
    for table in (frame, frame.lazy(), frame.to_arrow(), pandas.DataFrame(frame.to_dicts()), relation):
        assert rows_of(table, model) == expected
    assert rows_of(table_of(expected, model), model) == expected
    assert table_of([], model).column_names == ["order_id", "status", "amount"]


def test_to_python_a_table_is_the_librarys_own(stubs: Path, vp: Vp) -> None:
    vp("codegen")
    orders = load("shop.orders")
    assert orders.OrdersPandas is pandas.DataFrame
    assert orders.OrdersPolars is polars.DataFrame
    assert orders.OrdersPolarsLazy is polars.LazyFrame
    assert orders.OrdersArrow is pyarrow.Table
    assert orders.OrdersDuckDB is duckdb.DuckDBPyRelation
    with pytest.raises(ImportError, match="OrdersGone"):
        exec("from vp_stubs.shop.orders import OrdersGone")


def test_assets_whose_names_are_alike_or_words_of_python(stubs: Path, vp: Vp) -> None:
    names = ("a_b", "a__b", "class", "__init__", "model", "context")
    blocks = "".join(f"[sql.{name}]\nquery = 'select 1 as x'\n" for name in names)
    (stubs / "shop.vp.toml").write_text(f'[pipeline]\nname = "shop"\n{blocks}')
    (stubs / "more.vp.toml").write_text('[pipeline]\nname = "context"\n[sql.orders]\nquery = "select 1 as x"\n')
    assert vp("codegen").status == 0
    assert load("shop.a__b").ABModel is not load("shop.a_b").AB2Model
    assert load("shop.class_").ClassModel
    assert load("shop.__init___").InitModel
    assert load("shop.context").ContextModel
    assert load("context_2.orders").OrdersModel
    assert load("context").Context
