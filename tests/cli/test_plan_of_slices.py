"""The plan tells what is made of what is built slice by slice, and why nothing is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.conftest import Vp

HEAD = """
[pipeline]
name = "shop"

[source.file.orders]
path = "orders.csv"
"""
SALES = """
[sql.sales]
query = "select country, sum(amount) as amount from orders where country = $partition group by country"
"""
DAYS = """
[sql.days]
query = "select day, sum(amount) as amount from orders where day >= $start and day < $end group by day"
"""

SUMS = """
[sql.sums]
query = '''
select cast($start as date) as day, cast(sum(amount) as bigint) as amount from (
  select amount from sums where day >= $start - interval 1 day
  union all
  select amount from orders where day >= $start and day < $end
)
'''
build = { mode = "interval", column = "day", grain = "day", start = 2024-01-01, end = 2024-01-05 }
columns = { day = "date", amount = "bigint" }
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "vp.toml").write_text('[project]\nname = "a"\n')
    (tmp_path / "orders.csv").write_text("country,day,amount\nde,2024-01-01,1\nfr,2024-01-02,2\n")
    return tmp_path


def test_partitions_are_counted_and_named(vp: Vp, root: Path) -> None:
    spec = root / "shop.vp.toml"
    listed = 'build = { mode = "partition", column = "country", values = ["de", "fr"] }\n'
    spec.write_text(HEAD + SALES + listed)
    assert "2 partitions to build: `de` and `fr`" in vp("plan").out
    vp("apply", "--yes")
    spec.write_text(HEAD + SALES + listed.replace('"fr"', '"fr", "us"'))
    assert "1 partition to build: `us`" in vp("plan").out
    spec.write_text(HEAD + SALES + listed.replace(', "fr"', ""))
    assert "to build" not in vp("plan").out
    spec.write_text(
        HEAD
        + SALES.replace("sales", "others")
        + listed.replace('values = ["de", "fr"]', 'values_of = "orders.country"')
    )
    assert "a partition for each value that `shop.orders` has in `country` then" in vp("plan").out


def test_which_slices_a_change_can_reach(vp: Vp, root: Path) -> None:
    """Where nobody knows to which slice a row of an input belongs, the plan says so."""
    unmapped = """
[sql.shares]
query = "select country, amount / (select sum(amount) from rates) as share from orders where country = $partition"
build = { mode = "partition", column = "country", values = ["de"] }

[source.file.rates]
path = "rates.csv"
"""
    (root / "rates.csv").write_text("amount\n1\n")
    (root / "shop.vp.toml").write_text(HEAD + unmapped)
    vp("apply", "--yes")
    (root / "rates.csv").write_text("amount\n2\n")
    why = "nothing says to which of them a row of `shop.rates` belongs"
    assert f"\n      all partitions, unless `shop.rates` comes out equal in `amount`: {why}\n" in vp("plan").out
    vp("apply", "--yes")
    (root / "orders.csv").write_text("country,day,amount\nde,2024-01-01,3\n")
    assert "\n      the partitions that it reaches, unless `shop.orders` comes out equal" in vp("plan").out
    (root / "shop.vp.toml").write_text(HEAD + unmapped.replace('["de"]', '["de", "fr"]'))
    assert "\n      and the partitions that it reaches, unless `shop.orders` comes out equal" in vp("plan").out


def test_bounds_of_a_rebuild_in_which_nothing_is_built(vp: Vp, root: Path) -> None:
    build = 'build = { mode = "interval", column = "day", grain = "day", start = 2024-01-01, end = 2024-01-05 }\n'
    (root / "shop.vp.toml").write_text(HEAD + DAYS + build)
    vp("apply", "--yes")
    assert "1 day to build: 2024-01-04" in vp("plan", "--rebuild", "days", "--from", "2024-01-04").out
    asked = vp("plan", "--rebuild", "days", "--from", "2024-01-05")
    assert asked.status == 4
    assert "`--rebuild` asks for `shop.days`, and no interval that is built, or over, lies between" in asked.err


def test_what_is_made_anew_from_nothing_loses_its_past(vp: Vp, root: Path) -> None:
    merged = """
[sql.latest]
query = "select country, amount from orders"
build = { mode = "merge", key = ["country"] }
"""
    (root / "shop.vp.toml").write_text(HEAD + merged)
    vp("apply", "--yes")
    (root / "shop.vp.toml").write_text(HEAD + merged.replace("country, amount", "country, amount + 1 as amount"))
    said = "from what its inputs hold now: what came before, and is in them no more, is then gone"
    assert said in vp("plan").out


def test_a_new_table_without_an_interval_says_why(vp: Vp, root: Path) -> None:
    build = 'build = { mode = "interval", column = "day", grain = "week", start = 2999-01-03 }\n'
    (root / "shop.vp.toml").write_text(HEAD + DAYS + build)
    assert "no interval to build yet: the first one, 2998-12-31 to 2999-01-07, is not over" in vp("plan").out
    (root / "shop.vp.toml").write_text(HEAD + DAYS + build.replace("2999-01-03", "2024-01-01"))
    assert "no interval to build within the bounds" in vp("plan", "--to", "2023-01-01").out


def test_what_is_made_upon_its_own_past_says_so(vp: Vp, root: Path) -> None:
    (root / "shop.vp.toml").write_text(HEAD + SUMS)
    assert "4 days to build, in order, each upon those before it: 2024-01-01 to 2024-01-05" in vp("plan").out
    part = vp("plan", "--from", "2024-01-03", "--to", "2024-01-04").out
    assert "2 days (2024-01-01 to 2024-01-03) are made too: those asked for are made upon them" in part
    assert "3 days to build, in order" in part
    vp("apply", "--yes")
    assert "shop.sums    `amount` and `day`, of 1 day before" in vp("show", "sums").out
    own = json.loads(vp("show", "sums", "--json").out)["reads_itself"]
    assert own == {"asset": "shop.sums", "columns": ["amount", "day"], "intervals_back": 1}
    (root / "orders.csv").write_text("country,day,amount\nde,2024-01-01,1\nfr,2024-01-02,3\n")
    assert "and those that look back at one of them that comes out different" in vp("plan").out
