"""`validate`: rows are held to what their columns declare while a Python asset runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.conftest import Vp, edit, vp

__all__ = ["vp"]

SPECS = """\
[pipeline]
name = "shop"

[sql.orders]
query = "select range as id, if(range = 12000, 'odd', 'new') as state from range(12001)"
columns.id = { checks = ["not_null"] }
columns.state = { checks = [{ accepted_values = ["new", "odd"] }] }

[python.copied]
function = "lib:copied"
validate = "all"
columns.id = { type = "bigint", checks = ["not_null"] }
columns.state = { type = "varchar", checks = [{ accepted_values = ["new", "odd"] }] }
"""
# The result is held to what it declares; `{}` is what becomes of the rows.
FUNCTION = "import polars as pl\ndef copied(orders: pl.DataFrame) -> pl.DataFrame:\n    return orders{}\n"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "vp.toml").write_text('[project]\nname = "shop"\n')
    (tmp_path / "shop.vp.toml").write_text(SPECS)
    (tmp_path / "lib.py").write_text(FUNCTION.format(""))
    return tmp_path


def test_rows_as_they_are_declared(shop: Path, vp: Vp) -> None:
    assert vp("apply", "--yes").status == 0


def test_a_result_with_another_value(shop: Path, vp: Vp) -> None:
    (shop / "lib.py").write_text(FUNCTION.format(".with_columns(state=pl.lit('gone')).head(3)"))
    seen = vp("apply", "--yes")
    assert seen.status == 1
    assert "error[VP523]: Rows are not as declared\n --> shop.vp.toml:9:1" in seen.err
    assert "`shop.copied`: in what it returned column `state` holds a value" in seen.err
    assert "in 3 of 3 rows looked at" in seen.err
    assert "id  state" in seen.err
    assert "0   gone" in seen.err


def test_a_result_with_a_missing_value(shop: Path, vp: Vp) -> None:
    (shop / "lib.py").write_text(FUNCTION.format(".with_columns(id=pl.lit(None, pl.Int64))"))
    seen = vp("apply", "--yes")
    assert "column `id` holds no value in 12,001 of 12,001 rows" in seen.err
    assert "NULL  new" in seen.err


def test_a_sample_is_the_first_rows(shop: Path, vp: Vp) -> None:
    wrong = ".with_columns(state=pl.when(pl.col('id') < 11_000).then(pl.lit('new')).otherwise(pl.lit('gone')))"
    (shop / "lib.py").write_text(FUNCTION.format(wrong))
    assert "in 1,001 of 12,001 rows" in vp("apply", "--yes").err
    edit(shop / "shop.vp.toml", 'validate = "all"', 'validate = "sample"')
    seen = vp("apply", "--yes")
    assert "VP523" not in seen.err
    assert "VP506" in seen.err  # the check itself looks at all, before anything is published


def test_rows_that_are_given(shop: Path, vp: Vp) -> None:
    """A check that only warns lets its own table be published; who validates is not called with such rows."""
    warns = 'columns.state = { checks = [{ accepted_values = ["new"], severity = "warn" }] }'
    edit(shop / "shop.vp.toml", 'columns.state = { checks = [{ accepted_values = ["new", "odd"] }] }', warns)
    (shop / "lib.py").write_text(FUNCTION.format(".head(1)").replace("    return", "    raise SystemExit\n    return"))
    seen = vp("apply", "--yes")
    assert seen.status == 1
    assert "`shop.copied`: in `shop.orders`, which its parameter `orders` gets, column `state` holds a" in seen.err
    assert "in 1 of 12,001 rows looked at" in seen.err
    assert "12000  odd" in seen.err
    assert "VP406" not in seen.err  # the function was not even called


def test_only_columns_that_are_seen_count(shop: Path, vp: Vp) -> None:
    edit(shop / "shop.vp.toml", 'validate = "all"', 'validate = "all"\ninputs = { orders = ["id"] }')
    (shop / "lib.py").write_text(FUNCTION.format(".with_columns(state=pl.lit('new'))"))
    assert vp("apply", "--yes").status == 0


def test_a_value_that_is_none(shop: Path, vp: Vp) -> None:
    edit(shop / "shop.vp.toml", 'validate = "all"', 'validate = "some"')
    seen = vp("validate")
    assert seen.status == 3
    assert "error[VP109]" in seen.err
    assert "shop.vp.toml:11:12" in seen.err
