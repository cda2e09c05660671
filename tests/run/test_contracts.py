"""Additive or breaking: a plan tells which, whom it breaks, and refuses what an asset has promised not to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pytest

from vibepiper_interpreter.compile.wider import holds_every_value
from vibepiper_interpreter.plan import load_plan, save_plan
from vibepiper_interpreter.plan.plan import Action, Break
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError

if TYPE_CHECKING:
    from tests.run.conftest import Project

SHOP = """
[source.file.raw]
path = "orders.csv"
[sql.orders]
query = "select id, customer, amount from raw"
[sql.daily]
query = "select customer, sum(amount) as amount, count(*) as number from orders group by customer"
[sql.ids]
query = "select id from orders"
"""


@pytest.fixture
def shop(project: Project) -> Project:
    project.write("orders.csv", "id,customer,amount,note\n1,7,5,x\n2,8,6,y\n")
    project.pipeline(SHOP)
    project.apply()
    return project


def with_orders(query: str, contract: str = "") -> str:
    quoted = f'"{contract}"'
    promised = f"contract = {contract if '{' in contract else quoted}\n" if contract else ""
    return SHOP.replace('"select id, customer, amount from raw"\n', f'"{query}"\n{promised}')


def orders(project: Project) -> Action:
    (action,) = (action for action in project.plan().actions if action.address.name == "orders")
    return action


def refusal(project: Project) -> Diagnostic:
    with pytest.raises(DiagnosticError) as caught:
        project.plan()
    (found,) = caught.value.diagnostics
    assert found.code == "VP718"
    return found


def test_the_plan_names_whom_a_change_breaks(shop: Project) -> None:
    daily = Address("shop", "daily")
    shop.pipeline(with_orders("select id, customer, cast(amount as double) as amount from raw"))
    assert orders(shop).breaks == (Break("amount", "BIGINT → DOUBLE", (daily,), ("shop.daily.amount",)),)
    save_plan(shop.plan(), shop.root / "saved.vpplan")
    saved = load_plan(shop.root / "saved.vpplan")
    assert saved.actions[0].breaks == orders(shop).breaks
    without = with_orders("select id, amount, note from raw").replace("select customer, sum", "select sum")
    shop.pipeline(without.replace(" group by customer", ""))
    assert orders(shop).breaks == (Break("customer", "removed, BIGINT", (daily,)),)
    shop.pipeline(with_orders("select id, customer, amount, note from raw"))
    assert orders(shop).breaks == ()


@pytest.mark.parametrize("contract", ["freeze", "evolve"])
def test_what_is_published_may_not_change(shop: Project, contract: str) -> None:
    shop.pipeline(with_orders("select id, customer, amount from raw", contract))
    assert shop.plan().empty
    shop.pipeline(with_orders("select id, customer, cast(amount as double) as amount, note from raw", contract))
    found = refusal(shop)
    notes = ("`amount`: BIGINT → DOUBLE; used by `shop.daily` (in `shop.daily.amount`)",)
    assert found.notes == (notes if contract == "evolve" else (*notes, "`note`: added"))
    assert found.place is not None
    assert (found.place.path, found.place.range.start_line) == ("shop.vp.toml", 6)


def test_columns_may_be_added_to_what_evolves(shop: Project) -> None:
    shop.pipeline(with_orders("select id, customer, amount, note from raw where id > 0", "evolve"))
    shop.apply()
    assert shop.plan().empty
    shop.pipeline(with_orders("select id, customer, amount, note, 1 as one from raw where id > 0", "freeze"))
    assert refusal(shop).notes == ("`one`: added",)


def test_a_renamed_column_breaks_a_contract(shop: Project) -> None:
    moved = with_orders("select id, customer as client, amount from raw", "evolve")
    moved = moved.replace("select customer, sum", "select client as customer, sum").replace("by customer", "by client")
    shop.pipeline(moved + '[[moved]]\nfrom = "orders.customer"\nto = "orders.client"\n')
    assert refusal(shop).notes == ("`customer`: renamed to `client`; used by `shop.daily`",)
    shop.pipeline(moved.replace('contract = "evolve"\n', ""))
    assert orders(shop).breaks[0].words == "removed, BIGINT"


def test_rows_and_expressions_are_free(shop: Project) -> None:
    shop.pipeline(with_orders("select id, customer, amount * 2 as amount from raw where id > 1", "freeze"))
    shop.apply()
    assert shop.plan().empty


# By contract: whether it lets a column be added, be removed, get a wider type, get another type.
ALLOWED = {
    "freeze": (False, False, False, False),
    "evolve": (True, False, True, False),
    '{ columns = "freeze" }': (False, False, True, True),
    '{ columns = "evolve" }': (True, False, True, True),
    '{ types = "freeze" }': (True, True, False, False),
    '{ types = "evolve" }': (True, True, True, False),
    '{ columns = "freeze", types = "evolve" }': (False, False, True, False),
    '{ columns = "evolve", types = "freeze" }': (True, False, False, False),
}
EDITS = (
    "select id, customer, cast(amount as integer) as amount, note from raw",
    "select id, customer from raw",
    "select id, customer, amount from raw",
    "select id, customer, cast(amount as varchar) as amount from raw",
)


@pytest.mark.parametrize("contract", ALLOWED)
def test_columns_and_types_each_have_their_promise(project: Project, contract: str) -> None:
    project.write("orders.csv", "id,customer,amount,note\n1,7,5,x\n2,8,6,y\n")
    alone = with_orders("select id, customer, cast(amount as integer) as amount from raw", contract).partition(
        "[sql.daily]"
    )[0]
    project.pipeline(alone)
    project.apply()
    assert project.plan().empty
    for edit, allowed in zip(EDITS, ALLOWED[contract], strict=True):
        project.pipeline(with_orders(edit, contract).partition("[sql.daily]")[0])
        if allowed:
            assert orders(project).verb == "rebuild", edit
        else:
            assert refusal(project).notes, edit


def test_a_type_that_holds_more_breaks_nobody(shop: Project) -> None:
    shop.pipeline(with_orders("select id, customer, cast(amount as integer) as amount from raw"))
    shop.apply()
    shop.pipeline(with_orders("select id, customer, amount from raw"))
    assert orders(shop).breaks == ()
    assert orders(shop).column_changes[0].change == "type"
    shop.pipeline(with_orders("select id, customer, amount from raw", "freeze"))
    assert refusal(shop).notes == ("`amount`: INTEGER → BIGINT",)


@pytest.mark.parametrize(
    ("wider", "of", "holds"),
    [
        ("BIGINT", "UINTEGER", True),
        ("INTEGER", "UINTEGER", False),
        ("UINTEGER", "INTEGER", False),
        ("DECIMAL(38,0)", "BIGINT", False),
        ("DECIMAL(38,0)", "HUGEINT", False),
        ("DOUBLE", "FLOAT", True),
        ("FLOAT", "DOUBLE", False),
        ("DOUBLE", "INTEGER", False),
        ("VARCHAR", "INTEGER", False),
        ("TIMESTAMP", "DATE", False),
        ("DECIMAL(12,4)", "DECIMAL(10,2)", True),
        ("DECIMAL(12,4)", "DECIMAL(11,2)", False),
    ],
)
def test_what_holds_every_value(wider: str, of: str, holds: bool) -> None:
    """As DuckDB itself says: the greatest and the smallest value come back from the wider type."""
    assert holds_every_value(wider, of=of) is holds
    ends = {"UINTEGER": ("0", "4294967295"), "BIGINT": (str(-(2**63)), str(2**63 - 1))}.get(of)
    if holds and ends is not None:
        with duckdb.connect() as connection:
            for end in ends:
                query = f"select cast(cast({end} as {of}) as {wider}) = {end}"
                assert connection.execute(query).fetchall() == [(True,)]


def test_the_fix_says_what_to_do_about_each_breach(shop: Project) -> None:
    query = "select id, cast(amount as double) as amount, note from raw"
    shop.pipeline(
        with_orders(query, "freeze")
        .replace("select customer, sum", "select id as customer, sum")
        .replace("by customer", "by id")
    )
    fix = refusal(shop).fix
    assert fix is not None
    assert fix.title == (
        "Give `customer` back. Give `amount` as BIGINT. Put `note` into an asset of its own, or let columns be added: "
        '`contract = { columns = "evolve", types = "freeze" }`. Where the change is agreed with all who read it, apply '
        "it once without the contract: then it is reviewed."
    )


def test_what_was_taken_away_and_comes_back_is_new(project: Project) -> None:
    """What is compared is what is shown. Who loses the column was told where it was taken away."""
    project.write("orders.csv", "id,amount\n1,5\n")
    specs = """
[source.file.raw]
path = "orders.csv"
[sql.orders]
query = "select {0} from raw"
contract = {{ types = "freeze" }}
[sql.sums]
query = "select {1} as amount from orders"
"""
    project.pipeline(specs.format("id, amount", "sum(amount)"))
    project.apply()
    project.pipeline(specs.format("id", "0"))
    assert [(each.column, each.words) for each in orders(project).breaks] == [("amount", "removed, BIGINT")]
    project.apply()
    project.pipeline(specs.format("id, cast(amount as varchar) as amount", "0"))
    assert orders(project).breaks == ()
