"""A small shop whose assets are tried."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.run.conftest import Project

SPECS = """
[source.file.orders]
path = "data/orders.csv"
columns.amount = "decimal(10,2)"

[sql.daily]
query = '''
with ours as (select * from orders where country = $country)
select day, sum(amount) as revenue, count(*) as n, current_date as today from ours group by day
'''
"""
PYTHON = """
[python.doubled]
function = "shop_code:double"
columns.day = "date"
columns.revenue = "double"
"""
ORDERS = """\
id,day,amount,country
1,2024-01-01,10.5,DE
2,2024-01-01,4.5,DE
3,2024-01-02,7,FR
"""
CODE = """
import pandas as pd

def double(daily: pd.DataFrame, context) -> pd.DataFrame:
    context.logger.info("doubling in " + context.variables["country"])
    daily["revenue"] = daily["revenue"].astype(float) * 2
    return daily[["day", "revenue"]]
"""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Project]:
    project = Project(tmp_path / "shop")
    project.write("vp.toml", '[project]\nname = "shop"\n[variables]\ncountry = "DE"\n')
    project.write("data/orders.csv", ORDERS)
    project.pipeline(SPECS)
    yield project
    project.close()


def add(project: Project, text: str) -> None:
    """Write more specs below those that are there."""
    file = project.root / "shop.vp.toml"
    file.write_text(file.read_text() + text)


def add_python(project: Project) -> None:
    """An asset that a function makes of `daily`."""
    project.write("shop_code.py", CODE)
    add(project, PYTHON)
