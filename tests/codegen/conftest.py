"""A small project to write stubs for, in a folder of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.conftest import vp

__all__ = ["shop", "vp"]

PROJECT = '[project]\nname = "shop"\n'
ORDERS = """\
[pipeline]
name = "shop"

[sql.orders]
description = "All that was ordered"
query = "select 1::bigint as order_id, 'new' as status, 1.5::double as amount"
columns.order_id = { description = "Counts from 1", checks = ["not_null"] }
columns.status = { checks = ["not_null", { accepted_values = ["new", "paid"] }] }
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """The project's folder."""
    (tmp_path / "vp.toml").write_text(PROJECT)
    (tmp_path / "shop.vp.toml").write_text(ORDERS)
    return tmp_path
