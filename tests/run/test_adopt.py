"""Files that are there already become the first version of an asset: as they are, once, and checked like any other."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest
from tests.run.test_undo import undo

from vibepiper_interpreter.plan import load_plan, save_plan
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError

if TYPE_CHECKING:
    from tests.run.conftest import Project

SHOP = """
[source.file.raw]
path = "raw.csv"
[sql.orders]
query = "select id, amount from raw"
columns.id.checks = ["not_null", "unique"]
[sql.total]
query = "select sum(amount) as total from orders"
"""
ADOPT = '[[adopt]]\nasset = "orders"\npath = "legacy/orders/*.parquet"\n'


def legacy(project: Project, name: str, query: str) -> Path:
    path = project.root / "legacy" / "orders" / f"{name}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        connection.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet)")
    return path


@pytest.fixture
def shop(project: Project) -> Project:
    project.write("raw.csv", "id,amount\n1,5\n2,6\n")
    legacy(project, "a", "select 1::bigint as id, 5::bigint as amount")
    legacy(project, "b", "select 2::bigint as id, 7::bigint as amount")
    project.pipeline(SHOP + ADOPT)
    return project


def verbs(project: Project) -> dict[str, str]:
    return {action.address.name: action.verb for action in project.plan().actions}


def refusal(project: Project) -> Diagnostic:
    with pytest.raises(DiagnosticError) as caught:
        project.plan()
    return caught.value.diagnostics[0]


def test_files_become_the_first_version_as_they_are(shop: Project) -> None:
    originals = {path: path.read_bytes() for path in (shop.root / "legacy").rglob("*.parquet")}
    assert verbs(shop) == {"raw": "create", "orders": "adopt", "total": "create"}
    save_plan(shop.plan(), shop.root / "saved.vpplan")
    result = shop.apply(load_plan(shop.root / "saved.vpplan"))
    assert result.status == "succeeded"
    # They are not what the query would give, and they are what is published.
    assert shop.rows("shop.orders") == [(1, 5), (2, 7)]
    assert shop.rows("shop.total") == [(12,)]
    copies = sorted((shop.storage.root / "shop" / "orders").rglob("*.parquet"))
    assert [copy.read_bytes() for copy in copies] == list(dict(sorted(originals.items())).values())
    assert {path: path.read_bytes() for path in originals} == originals
    plan = shop.plan()
    assert plan.empty
    assert plan.notes[0].startswith("The block `[[adopt]]` of `shop.orders` has nothing left to do")
    shop.pipeline(SHOP)
    assert shop.plan().empty
    for path in originals:
        path.write_bytes(b"")  # the version has files of its own
    assert shop.plan().empty
    assert shop.rows("shop.orders") == [(1, 5), (2, 7)]


def test_new_data_and_another_meaning_make_it_anew(shop: Project) -> None:
    shop.apply()
    shop.write("raw.csv", "id,amount\n1,5\n2,6\n3,1\n")
    shop.apply()
    assert shop.rows("shop.orders") == [(1, 5), (2, 6), (3, 1)]
    assert shop.plan().empty


def test_undone_it_is_adopted_again_only_where_a_block_says_so(shop: Project) -> None:
    shop.apply()
    shop.apply(undo(shop))
    assert verbs(shop)["orders"] == "repoint"
    shop.pipeline(SHOP)
    assert verbs(shop)["orders"] == "create"


def test_other_columns_are_refused(shop: Project) -> None:
    for name in "ab":
        legacy(shop, name, "select 1::integer as id, 'x' as note")
    found = refusal(shop)
    assert found.code == "VP532"
    assert found.notes == (
        "`amount` is not in the files",
        "`id` is INTEGER in the files, and BIGINT in the asset",
        "`note` is in the files, and no column of the asset",
    )
    assert found.place is not None
    assert found.place.path == "shop.vp.toml"
    legacy(shop, "a", "select 1::bigint as id")
    assert refusal(shop).code == "VP504"


def test_files_that_changed_after_the_plan_are_refused(shop: Project) -> None:
    plan = shop.plan()
    legacy(shop, "b", "select 2::bigint as id, 8::bigint as amount")
    result = shop.apply(plan)
    (found,) = shop.task(result, "orders").diagnostics
    assert found.code == "VP505"
    assert "it is not the one whose checksum the plan holds" in found.detail
    assert "shop.orders" not in shop.tables()
    assert not list((shop.storage.root / "shop" / "orders").rglob("*.parquet"))


def test_checks_run_before_it_is_published(shop: Project) -> None:
    legacy(shop, "b", "select 1::bigint as id, 7::bigint as amount")
    result = shop.apply()
    assert result.status == "failed"
    assert "shop.orders" not in shop.tables()
