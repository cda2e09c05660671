"""What each customer spent: a pandas frame that knows its columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from vp_stubs.context import Context
    from vp_stubs.shop.paid_orders import PaidOrdersPandas


def customers(paid_orders: PaidOrdersPandas, context: Context) -> pd.DataFrame:
    spent = paid_orders["amount"].groupby(paid_orders["customer"]).sum()
    return pd.DataFrame(
        {
            "customer": spent.index,
            "spent": spent.to_numpy(),
            "discount": (spent >= context.variables["discount_from"]).to_numpy(),
        }
    )
