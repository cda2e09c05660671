"""A user's project with a test suite of its own, which a pytest of its own runs."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

SHOP = '''\
[pipeline]
name = "shop"

[source.file.orders]
path = "orders.csv"
columns.id = { type = "bigint", checks = ["not_null", "unique"] }
columns.customer = { type = "bigint", checks = ["not_null", { references = "customers.id" }] }
columns.amount = { type = "decimal(10,2)", checks = ["not_null", { between = [0, 1000] }] }
columns.day = "date"
columns.state = { type = "varchar", checks = [{ accepted_values = ["paid", "open"] }] }

[source.file.customers]
path = "customers.csv"
columns.id = { type = "bigint", checks = ["not_null", "unique"] }
columns.country = { type = "varchar", checks = [{ pattern = "[A-Z]{2}" }] }

[sql.revenue]
query = """
with paid as (select * from orders where state = 'paid')
select c.country, sum(p.amount) as revenue, count(*) as orders
from paid as p join customers as c on c.id = p.customer group by c.country
"""

[sql.crossed]
query = "select count(*) as n from orders as a, orders as b"

[sql.daily]
query = """
select day, $region as region, count(*) as n from orders where day >= $start and day < $end group by day
"""
build = { mode = "interval", column = "day", grain = "day", start = 2024-01-01 }

[python.doubled]
function = "shop_code:doubled"
columns.id = "bigint"
'''
CODE = """\
import pandas as pd


def doubled(orders: pd.DataFrame):
    print("doubling", len(orders))
    if (orders["amount"] == 13).any():
        raise ValueError("no thirteen")
    return pd.DataFrame({"id": orders["id"] * 2})
"""


@dataclass(frozen=True)
class Suite:
    root: Path

    def run(self, test: str, *words: str) -> str:
        """What pytest says of this test file."""
        (self.root / "test_shop.py").write_text(test)
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *words]
        done = subprocess.run(command, cwd=self.root, capture_output=True, text=True, timeout=300)
        return done.stdout + done.stderr


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    root = tmp_path / "shop"
    root.mkdir()
    (root / "pytest.ini").write_text("[pytest]\n")
    (root / "vp.toml").write_text('[project]\nname = "test"\n[variables]\nregion = "north"\n')
    (root / "shop.vp.toml").write_text(SHOP)
    (root / "shop_code.py").write_text(CODE)
    (root / "orders.csv").write_text("id,customer,amount,day,state\n1,1,5.00,2024-01-05,paid\n")
    (root / "customers.csv").write_text("id,country\n1,DE\n")
    return Suite(root)
