"""Run with `pytest`: rows that are written down, and rows that hypothesis thinks of."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from vibepiper.testing import RunAsset, assert_rows, input_rows

ORDERS = [
    {"order_id": 1, "customer": "Ada", "channel": "web", "status": "paid", "amount": 90},
    {"order_id": 2, "customer": "Ada", "channel": "shop", "status": "paid", "amount": 15},
    {"order_id": 3, "customer": "Bo", "channel": "web", "status": "open", "amount": 99},
]


def test_only_what_was_paid_counts(run_asset: RunAsset) -> None:
    assert_rows(run_asset("paid_orders", {"orders": ORDERS}), ORDERS[:2], columns=["order_id", "amount"])


@pytest.mark.parametrize(("discount_from", "discount"), [(100, True), (200, False)])
def test_a_discount_hangs_on_what_was_spent(run_asset: RunAsset, discount_from: int, discount: bool) -> None:
    paid = run_asset("paid_orders", {"orders": ORDERS})
    made = run_asset("customers", {"paid_orders": paid.arrow()}, variables={"discount_from": discount_from})
    assert_rows(made, [{"customer": "Ada", "spent": 105, "discount": discount}])


@settings(max_examples=20, deadline=None)
@given(rows=input_rows("letters"))
def test_everyone_gets_a_letter(run_asset: RunAsset, rows: dict[str, list[dict[str, Any]]]) -> None:
    assert len(run_asset("letters", rows)) == len(rows["paid_orders"])
