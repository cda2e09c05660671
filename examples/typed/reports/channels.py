"""How each channel sells: a polars frame that knows its columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from vp_stubs.shop.paid_orders import PaidOrdersPolars


def channels(paid_orders: PaidOrdersPolars) -> pl.DataFrame:
    priced = paid_orders.select("channel", "amount")
    return priced.group_by("channel").agg(orders=pl.len().cast(pl.Int64), spent=pl.col("amount").sum())
