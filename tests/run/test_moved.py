"""What gets another name keeps its rows and its files, and its readers follow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pytest
from tests.run.test_undo import undo

from vibepiper_interpreter.plan import load_plan, save_plan
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import DiagnosticError

if TYPE_CHECKING:
    from tests.run.conftest import Project

RAW = '[source.file.orders_raw]\npath = "orders.csv"\n'
SHOP = (
    RAW
    + """
[sql.orders]
query = "select id, cust_id, amount, day from orders_raw where amount > 0"
columns.cust_id.checks = ["not_null"]
[sql.daily]
query = "select o.day, sum(o.amount) as amount from orders as o group by o.day"
[sql.customers]
query = "select orders.cust_id as customer, count(*) as orders from orders group by 1"
[sql.recent]
query = "select * from daily where day > date '2026-01-01'"
build = "view"
"""
)
ORDERS = "id,cust_id,amount,day\n1,7,5,2026-01-01\n2,7,6,2026-01-02\n3,8,0,2026-01-02\n4,9,4,2026-01-03\n"
ASSET = '[[moved]]\nfrom = "orders"\nto = "sales"\n'
RENAMED = (
    SHOP.replace("[sql.orders]", "[sql.sales]")
    .replace("from orders as o", "from sales as o")
    .replace(
        "orders.cust_id as customer, count(*) as orders from orders",
        "cust_id as customer, count(*) as orders from sales",
    )
)
COLUMN = '[[moved]]\nfrom = "orders.cust_id"\nto = "orders.customer_id"\n'
RECOLUMNED = (
    SHOP.replace("select id, cust_id, amount", "select id, cust_id as customer_id, amount")
    .replace("columns.cust_id", "columns.customer_id")
    .replace("orders.cust_id as customer", "customer_id as customer")
)


@pytest.fixture
def shop(project: Project) -> Project:
    project.write("orders.csv", ORDERS)
    project.pipeline(SHOP)
    project.apply()
    return project


def verbs(project: Project, *selection: str) -> dict[str, str]:
    return {action.address.name: action.verb for action in project.plan(*selection).actions}


def why(project: Project, name: str) -> list[str]:
    (action,) = (action for action in project.plan().actions if action.address.name == name)
    return [reason.words for reason in action.reasons]


def test_an_asset_gets_another_name_and_no_row_is_rewritten(shop: Project) -> None:
    before, files, pointers = shop.tables(), shop.part_files(), shop.state.pointers("dev")
    shop.pipeline(RENAMED + ASSET)
    assert verbs(shop) == {"sales": "record", "daily": "record", "customers": "record"}
    assert why(shop, "sales") == ["it was called `shop.orders`"]
    assert why(shop, "daily") == ["it reads `shop.sales` under its new name"]
    save_plan(shop.plan(), shop.root / "saved.vpplan")
    result = shop.apply(load_plan(shop.root / "saved.vpplan"))
    assert set(shop.outcomes(result).values()) == {"recorded"}
    assert shop.part_files() == files
    before["shop.sales"] = before.pop("shop.orders")
    assert shop.tables() == before
    plan = shop.plan()
    assert plan.empty
    assert plan.notes[0].startswith("The block `[[moved]]` of `shop.orders` has nothing left to do in `dev`.")
    shop.pipeline(RENAMED)
    assert shop.plan().empty
    shop.apply(undo(shop))
    assert shop.state.pointers("dev") == pointers
    shop.pipeline(SHOP)
    assert shop.plan().empty


def test_history_follows(shop: Project) -> None:
    (made,) = shop.state.history(Address("shop", "orders"))
    shop.pipeline(RENAMED + ASSET)
    shop.apply()
    assert [version.id for version in shop.state.history(Address("shop", "sales"))][1:] == [made.id]


def test_new_data_after_a_move(shop: Project) -> None:
    shop.pipeline(RENAMED + ASSET)
    shop.apply()
    shop.write("orders.csv", ORDERS + "5,7,9,2026-01-03\n")
    assert shop.outcomes(shop.apply())["sales"] == "built"
    assert shop.query("select sum(amount) from shop.daily") == [(24,)]
    assert shop.plan().empty


def test_a_source_and_another_pipeline(shop: Project) -> None:
    files, tables = shop.part_files(), shop.tables()
    shop.pipeline(SHOP.replace(RAW, "").replace("from orders_raw", "from raw.orders"))
    shop.pipeline(
        RAW.replace("orders_raw", "orders") + '[[moved]]\nfrom = "shop.orders_raw"\nto = "orders"\n', name="raw"
    )
    assert verbs(shop) == {"orders": "record"}
    assert {str(action.address): action.verb for action in shop.plan().actions} == {
        "raw.orders": "record",
        "shop.orders": "record",
    }
    shop.apply()
    tables["raw.orders"] = tables.pop("shop.orders_raw")
    assert (shop.tables(), shop.part_files()) == (tables, files)
    assert shop.plan().empty


def test_what_changes_as_well_is_rebuilt_and_the_rest_is_not(shop: Project) -> None:
    shop.pipeline(RENAMED.replace("amount > 0", "amount >= 0") + ASSET)
    assert verbs(shop)["sales"] == "rebuild"
    shop.apply()
    assert set(shop.tables()) == {f"shop.{name}" for name in ("orders_raw", "sales", "daily", "customers", "recent")}
    assert shop.query("select orders from shop.customers where customer = 8") == [(1,)]
    assert shop.plan().empty


def test_a_moved_asset_that_new_data_leaves_as_it_was(shop: Project) -> None:
    shop.write("orders.csv", ORDERS.replace("\n", ",x\n"))
    shop.pipeline(RENAMED + ASSET)
    outcomes = shop.outcomes(shop.apply())
    assert outcomes.pop("orders_raw") == "built"
    assert set(outcomes.values()) == {"kept"}
    assert shop.plan().empty


def test_a_view_that_stays_as_it_is_names_its_input_anew(shop: Project) -> None:
    shop.write("orders.csv", ORDERS.replace("\n", ",x\n"))
    shop.pipeline(
        SHOP.replace("[sql.daily]", "[sql.per_day]").replace("from daily where", "from per_day where")
        + '[[moved]]\nfrom = "daily"\nto = "per_day"\n'
    )
    outcomes = shop.outcomes(shop.apply())
    assert (outcomes["per_day"], outcomes["recent"]) == ("kept", "kept")
    with duckdb.connect(shop.root / ".vp" / "warehouse.duckdb", read_only=True) as warehouse:
        assert warehouse.execute("select sum(amount) from shop.recent").fetchall() == [(10,)]
    assert shop.plan().empty


def test_readers_that_were_not_asked_for_go_along(shop: Project) -> None:
    shop.pipeline(RENAMED + ASSET)
    assert set(verbs(shop, "sales")) == {"sales", "daily", "customers"}
    assert set(verbs(shop, "daily")) == {"sales", "daily", "customers"}
    shop.apply(shop.plan("sales"))
    assert shop.plan().empty


def test_another_environment_only_points_to_what_was_recorded(shop: Project) -> None:
    shop.write("vp.toml", '[project]\nname = "trial"\n[environment.prod]\n')
    shop.apply(shop.plan(environment="prod"))
    shop.pipeline(RENAMED + ASSET)
    shop.apply()
    plan = shop.plan(environment="prod")
    assert {action.verb for action in plan.actions} == {"repoint"}
    shop.apply(plan)
    assert shop.tables("prod") == shop.tables()
    assert shop.plan(environment="prod").empty


def test_both_names_published(shop: Project) -> None:
    shop.pipeline(SHOP + '[sql.sales]\nquery = "select 1 as one"\n')
    shop.apply()
    shop.pipeline(RENAMED + ASSET)
    with pytest.raises(DiagnosticError) as caught:
        shop.plan()
    assert caught.value.diagnostics[0].code == "VP717"


def test_a_column_gets_another_name_and_no_row_is_rewritten(shop: Project) -> None:
    before, files, pointers = shop.tables(), shop.part_files(), shop.state.pointers("dev")
    shop.pipeline(RECOLUMNED + COLUMN)
    assert verbs(shop) == {"orders": "record", "customers": "record"}
    assert why(shop, "orders")[0] == "`customer_id` was called `cust_id`"
    renamed = shop.apply()
    assert shop.part_files() == files
    assert shop.tables() == before
    assert shop.query("select customer_id from shop.orders order by all") == [(7,), (7,), (9,)]
    assert shop.plan().empty
    shop.pipeline(RECOLUMNED)
    assert shop.plan().empty
    # Whoever reads it from now on reads it under its new name, out of the old file.
    shop.pipeline(RECOLUMNED + '[sql.vip]\nquery = "select distinct customer_id from orders"\n')
    shop.apply()
    assert shop.rows("shop.vip") == [(7,), (9,)]
    shop.pipeline(RECOLUMNED)
    shop.apply()
    shop.apply(undo(shop, renamed.run_id))
    assert shop.state.pointers("dev") == pointers


def test_a_column_and_its_asset_at_once_and_again(shop: Project) -> None:
    files = shop.part_files()
    both = RECOLUMNED.replace("[sql.orders]", "[sql.sales]").replace("from orders ", "from sales ")
    shop.pipeline(both + ASSET + COLUMN.replace("orders.", "sales."))
    assert set(verbs(shop).values()) == {"record"}
    shop.apply()
    assert shop.plan().empty
    again = both.replace("customer_id", "client") + '[[moved]]\nfrom = "sales.customer_id"\nto = "sales.client"\n'
    shop.pipeline(again)
    assert verbs(shop) == {"sales": "record", "customers": "record"}
    shop.apply()
    assert shop.part_files() == files
    assert shop.query("select client from shop.sales order by all") == [(7,), (7,), (9,)]
    assert shop.plan().empty


def test_a_column_that_computes_something_else_is_made_anew(shop: Project) -> None:
    shop.pipeline(RECOLUMNED.replace("cust_id as customer_id", "cust_id + 1 as customer_id") + COLUMN)
    assert verbs(shop) == {"orders": "rebuild", "customers": "rebuild"}
    assert "cannot be taken over under another name" in why(shop, "orders")[1]
    shop.apply()
    assert shop.query("select customer_id from shop.orders order by all") == [(8,), (8,), (10,)]
    assert shop.plan().empty


def test_readers_that_see_names_are_made_anew(shop: Project) -> None:
    whole = '[sql.copy]\nquery = "select * from orders"\n[sql.packed]\nquery = "select orders as row from orders"\n'
    shop.pipeline(SHOP + whole)
    shop.apply()
    shop.pipeline(RECOLUMNED + whole + COLUMN)
    assert verbs(shop) == {"orders": "record", "customers": "record", "copy": "rebuild", "packed": "rebuild"}
    shop.apply()
    assert shop.query("select distinct row.customer_id from shop.packed order by 1") == [(7,), (9,)]
    assert shop.query("select customer_id from shop.copy order by 1") == [(7,), (7,), (9,)]
    assert shop.plan().empty


def test_python_sees_the_names_it_is_given(shop: Project) -> None:
    shop.write(
        "reading.py",
        "import pyarrow as pa\n\n\ndef names(table: pa.Table) -> pa.Table:\n"
        "    return pa.table({'name': table.column_names})\n",
    )
    whole = '[python.seen]\nfunction = "reading:names"\ninputs.table = "orders"\n'
    some = '[python.partly]\nfunction = "reading:names"\ninputs.table = { asset = "orders", columns = ["id", "day"] }\n'
    shop.pipeline(SHOP + whole + some)
    shop.apply()
    shop.pipeline(RENAMED + ASSET + (whole + some).replace('"orders"', '"sales"'))
    assert set(verbs(shop).values()) == {"record"}
    shop.apply()
    sales = RECOLUMNED.replace("[sql.orders]", "[sql.sales]").replace("from orders ", "from sales ")
    shop.pipeline(sales + (whole + some).replace('"orders"', '"sales"') + COLUMN.replace("orders.", "sales."))
    assert verbs(shop) == {"sales": "record", "customers": "record", "seen": "rebuild"}
    shop.apply()
    assert ("customer_id",) in shop.rows("shop.seen")
    assert shop.plan().empty


INCREMENTAL = """
[source.file.raw]
path = "raw.csv"
[sql.days]
query = "select day, sum(amount) as amount from raw where day >= $start and day < $end group by day"
build = { mode = "interval", column = "day", grain = "day", start = 2026-01-01, end = 2026-01-05 }
[sql.state]
query = "select id, amount from raw"
build = { mode = "merge", key = ["id"] }
[sql.log]
query = "select id, amount from raw"
build = "append"
[sql.sums]
query = "select (select sum(amount) from days) as days, (select sum(amount) from state) as state"
"""


def test_what_is_built_bit_by_bit_goes_on_under_its_new_name(project: Project) -> None:
    project.write("raw.csv", "id,amount,day\n1,5,2026-01-01\n2,6,2026-01-02\n")
    project.pipeline(INCREMENTAL)
    project.apply()
    files, before = project.part_files(), project.tables()
    blocks = "".join(f'[[moved]]\nfrom = "{name}"\nto = "new_{name}"\n' for name in ("days", "state", "log"))
    renamed = INCREMENTAL
    for name in ("days", "state", "log"):
        renamed = renamed.replace(f"[sql.{name}]", f"[sql.new_{name}]").replace(f"from {name})", f"from new_{name})")
    project.pipeline(renamed + blocks)
    assert set(verbs(project).values()) == {"record"}
    project.apply()
    assert project.part_files() == files
    assert project.tables() == {
        name.replace("shop.", "shop.new_") if name.endswith(("days", "state", "log")) else name: rows
        for name, rows in before.items()
    }
    assert project.plan().empty
    project.write("raw.csv", "id,amount,day\n1,5,2026-01-01\n2,9,2026-01-02\n3,1,2026-01-03\n")
    assert project.apply().status == "succeeded"
    assert project.query("select sum(amount) from shop.new_days") == [(15,)]
    assert project.rows("shop.new_state") == [(1, 5), (2, 9), (3, 1)]
    assert len(project.rows("shop.new_log")) == 5
    assert project.rows("shop.sums") == [(15, 15)]
    assert project.plan().empty


def test_a_move_and_new_data_at_once_of_what_is_built_bit_by_bit(project: Project) -> None:
    project.write("raw.csv", "id,amount,day\n1,5,2026-01-01\n2,6,2026-01-02\n")
    project.pipeline(INCREMENTAL)
    project.apply()
    blocks = "".join(f'[[moved]]\nfrom = "{name}"\nto = "new_{name}"\n' for name in ("days", "state", "log"))
    renamed = INCREMENTAL
    for name in ("days", "state", "log"):
        renamed = renamed.replace(f"[sql.{name}]", f"[sql.new_{name}]").replace(f"from {name})", f"from new_{name})")
    project.pipeline(renamed + blocks)
    project.write("raw.csv", "id,amount,day\n1,5,2026-01-01\n2,9,2026-01-02\n3,1,2026-01-03\n")
    result = project.apply()
    assert result.status == "succeeded", result
    assert set(project.tables()) == {f"shop.{name}" for name in ("raw", "new_days", "new_state", "new_log", "sums")}
    assert project.query("select sum(amount) from shop.new_days") == [(15,)]
    assert project.rows("shop.new_state") == [(1, 5), (2, 9), (3, 1)]
    assert len(project.rows("shop.new_log")) == 5
    assert project.rows("shop.sums") == [(15, 15)]
    assert project.plan().empty
