"""A letter for each order: rows as pydantic models, validated as they are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from vp_stubs.shop.letters import LettersModel
from vp_stubs.shop.paid_orders import PaidOrdersModel

from vibepiper import rows_of, table_of

if TYPE_CHECKING:
    from vp_stubs.shop.paid_orders import PaidOrdersPolars


def letters(paid_orders: PaidOrdersPolars) -> pl.DataFrame:
    orders = rows_of(paid_orders, PaidOrdersModel)
    written = [LettersModel(order_id=order.order_id, text=letter(order)) for order in orders]
    return pl.DataFrame(table_of(written, LettersModel))


def letter(order: PaidOrdersModel) -> str:
    greeting = "Dear" if order.channel == "web" else "Good day,"
    return f"{greeting} {order.customer}, thank you for {order.amount:.2f} euros."
