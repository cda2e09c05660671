"""What has hurt people in other tools, each by its name. Those about deltas and cursors stand beside their modes."""

from __future__ import annotations

import threading
import tracemalloc
from collections import Counter
from datetime import UTC, datetime

import pytest
from tests.run.conftest import Project
from tests.run.test_promotion import promotion

from vibepiper_interpreter.run.result import RunResult
from vibepiper_spec.diagnostics import DiagnosticError

ORDERS = """
[source.file.orders]
path = "orders.csv"
columns.placed = "timestamp"
columns.amount = "integer"
"""
DAILY = """
[sql.daily]
query = '''
select cast(placed as date) as day, count(*) as orders, sum(amount)::bigint as amount
from orders where placed >= $start and placed < $end
group by 1
'''
build = { mode = "interval", column = "day", grain = "day", start = 2024-01-01 }
"""
READER = """
[sql.busy]
query = "select day from daily where orders > 1"
"""
ROWS = """placed,amount
2024-01-01 08:00:00,10
2024-01-02 09:00:00,20
2024-01-02 10:00:00,5
"""


@pytest.fixture
def shop(project: Project) -> Project:
    project.write("vp.toml", '[project]\nname = "trial"\n\n[environment.prod]\n')
    project.pipeline(ORDERS + DAILY)
    project.write("orders.csv", ROWS)
    project.now = datetime(2024, 1, 3, 12, tzinfo=UTC)
    return project


def test_two_concurrent_applies_do_not_double_rows(shop: Project) -> None:
    """Elsewhere: two runs of one incremental model both insert the same interval."""
    plan = shop.plan()
    ends: Counter[str] = Counter()
    begin = threading.Barrier(3)

    def apply() -> None:
        begin.wait()
        try:
            result: RunResult = shop.apply(plan, listener=None)
            ends[result.status] += 1
        except DiagnosticError as error:
            ends[error.diagnostics[0].code] += 1

    threads = [threading.Thread(target=apply) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # The others find the lease taken, or, if they come later, the plan done already.
    assert ends["succeeded"] == 1
    assert ends["VP703"] + ends["VP701"] == 2
    assert [(orders, amount) for _, orders, amount in shop.rows("shop.daily")] == [(1, 10), (2, 25)]


def test_interval_explosion_costs_no_memory(shop: Project) -> None:
    """Elsewhere: a five-minute grain from 1970 makes a list of six million intervals."""
    shop.pipeline(
        ORDERS
        + """
[sql.ticks]
query = "select placed, amount from orders where placed >= $start and placed < $end"
build = { mode = "interval", column = "placed", grain = "five_minutes", start = 1970-01-01, batch_size = 1_000_000 }
"""
    )
    shop.plan("orders")  # what is imported and compiled once does not count
    tracemalloc.start()
    try:
        plan = shop.plan()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    (ticks,) = [action for action in plan.actions if action.address.name == "ticks"]
    assert len(ticks.slices) == 1
    assert peak < 50_000_000  # a list of the intervals would take some hundred MB
    shop.apply(plan)
    assert len(shop.rows("shop.ticks")) == 3


def test_a_destructive_change_does_in_prod_what_it_did_in_dev(shop: Project) -> None:
    """Elsewhere: a forward-only change drops a column, passes in dev where the table is new, and fails in prod."""
    shop.pipeline(ORDERS + DAILY + READER)
    shop.apply()
    shop.apply(promotion(shop))
    before = shop.rows("shop.daily", "prod")
    shop.pipeline(
        ORDERS + DAILY.replace(", sum(amount)::bigint as amount", "").replace("count(*)", "count(*)::double") + READER
    )
    shop.apply()
    assert shop.rows("shop.daily", "prod") == before
    plan = promotion(shop)
    assert {action.verb for action in plan.actions} == {"repoint"}
    shop.apply(plan)
    assert shop.tables("prod") == shop.tables("dev")
    assert [row[1:] for row in shop.rows("shop.daily", "prod")] == [(1.0,), (2.0,)]
    assert shop.plan(environment="prod").empty


def test_a_plan_of_an_empty_state_is_stale_once_anything_was_applied(shop: Project) -> None:
    """Elsewhere: an empty state has no serial, so an old plan is applied on top of what others have made."""
    plan = shop.plan()
    assert plan.serial == 0
    shop.apply()
    files = shop.part_files()
    with pytest.raises(DiagnosticError) as caught:
        shop.apply(plan)
    assert caught.value.diagnostics[0].code == "VP701"
    assert shop.part_files() == files
