"""What checkers say of functions that read `paid_orders` of examples/typed.

A line with a mistake ends in `# E`, in `# E mypy` where only mypy sees it; on all others nothing may be found. Nothing
of this is ever run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import polars as pl
from vp_stubs.shop.paid_orders import PaidOrdersColumns, PaidOrdersDict, PaidOrdersModel

if TYPE_CHECKING:
    import duckdb
    from vp_stubs.context import Context
    from vp_stubs.shop.customers import CustomersFunction
    from vp_stubs.shop.orders import OrdersPandas
    from vp_stubs.shop.paid_orders import (
        PaidOrdersArrow,
        PaidOrdersDuckDB,
        PaidOrdersPandas,
        PaidOrdersPolars,
        PaidOrdersPolarsLazy,
    )


def pandas_reads(orders: PaidOrdersPandas, context: Context) -> pd.DataFrame:
    web = orders[orders["channel"] == "web"]
    gross: pd.Series[float] = web["amount"] * 1.19
    few = web[["order_id", "amount"]]
    wide = web.assign(gross=gross)
    least: float = context.variables["discount_from"]
    late = orders[orders["ordered_at"] > pd.Timestamp("2024-01-01")]
    print(wide["gross"], least, late.sort_values("amount").head(3)["customer"])
    print(orders.groupby("customer").size(), orders.drop(columns=["amount"]))
    return few.groupby("order_id").sum()


def pandas_errs(orders: PaidOrdersPandas, context: Context) -> None:
    print(orders["gone"])  # E
    print(orders[["order_id", "gone"]])  # E mypy
    print(orders.sort_values("gone"))  # E
    print(orders.groupby("gone"))  # E
    retyped: pd.Series[float] = orders["customer"]  # E
    print(retyped, orders[orders["channel"] == "web"]["gone"])  # E
    print(orders["customer"] * 1.5)  # E
    print(context.variables["gone"])  # E
    print(context.environment == "dev", context.now.gone)  # E


def polars_reads(orders: PaidOrdersPolars, lazy: PaidOrdersPolarsLazy) -> pl.DataFrame:
    web = orders.filter(pl.col(PaidOrdersColumns.channel) == "web").sort("amount", descending=True)
    ids: list[int] = web["order_id"].to_list()
    for row in web.iter_rows(named=True):
        ids.append(row["order_id"] + 1)
    for one in web.to_dicts():
        print(one["channel"])
    most: float | None = orders["amount"].max()
    print(lazy.select("order_id", pl.col("amount")).collect(), lazy.collect()["customer"])
    print(most, orders[["order_id", "customer"]], orders[0, "customer"], orders[:3]["customer"])
    return orders.select("order_id", pl.col("amount") * 2).group_by("order_id").agg(pl.len())


def polars_errs(orders: PaidOrdersPolars, lazy: PaidOrdersPolarsLazy) -> None:
    print(orders["gone"])  # E
    print(orders.select("gone"))  # E
    print(orders.select(["order_id", "gone"]))  # E
    print(orders.filter(pl.col(PaidOrdersColumns.gone) > 1))  # E
    print(orders.sort("gone"))  # E
    print(orders.group_by("gone"))  # E
    print(lazy.select("gone"))  # E
    print(lazy.filter(pl.col("amount") > 1).collect()["gone"])  # E
    retyped: list[float] = orders["customer"].to_list()  # E
    print(retyped, orders.filter(pl.col("amount") > 1)["gone"])  # E
    for row in orders.iter_rows(named=True):
        print(row["gone"])  # E
        text: str = row["order_id"]  # E
        print(text)


def arrow_reads(orders: PaidOrdersArrow) -> None:
    names = [row["customer"] for row in orders.to_pylist()]
    ids: list[int] = orders["order_id"].to_pylist()
    ids = orders.column("order_id").to_pylist()
    print(names, ids)


def arrow_errs(orders: PaidOrdersArrow) -> None:
    print(orders["gone"])  # E
    print(orders.column("gone"))  # E
    orders.select(["gone"])  # E
    ids: list[str] = orders["order_id"].to_pylist()  # E
    print(ids)


def duckdb_reads(orders: PaidOrdersDuckDB) -> duckdb.DuckDBPyRelation:
    for row in orders.fetchall():
        number: int = row[0]
        print(number, orders["amount"])
    return orders.select("order_id", "amount").filter("amount > 1")


def duckdb_errs(orders: PaidOrdersDuckDB) -> None:
    print(orders["gone"])  # E
    print(orders.select("gone"))  # E
    for row in orders.fetchall():
        text: str = row[0]  # E
        print(text)


def model_reads(order: PaidOrdersModel, row: PaidOrdersDict) -> float:
    made = PaidOrdersModel(order_id=1, customer="Ada", channel="web", amount=1.0, ordered_at=None)
    return order.amount + row["amount"] + made.amount


def model_errs(order: PaidOrdersModel, row: PaidOrdersDict) -> None:
    print(order.gone)  # E
    print(row["gone"])  # E
    text: str = order.order_id  # E
    print(text, order.ordered_at.year)  # E
    print(PaidOrdersModel(order_id=1, customer="Ada", channel="fax", amount=1.0, ordered_at=None))  # E
    if order.channel == "fax":  # E
        print(order)


def right(*, paid_orders: PaidOrdersPandas, context: Context) -> pd.DataFrame:
    return paid_orders.assign(now=context.now)


def wrong(*, paid_orders: OrdersPandas, context: Context) -> pd.DataFrame:
    return paid_orders.assign(now=context.now)


def gives_no_table(*, paid_orders: PaidOrdersPandas, context: Context) -> int:
    return len(paid_orders.assign(now=context.now))


held: CustomersFunction = right
other: CustomersFunction = wrong  # E
number: CustomersFunction = gives_no_table  # E
