"""A project whose tables are built bit by bit, before an apply: nothing of it may be lost, doubled or made twice."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.run.conftest import Project
from tests.run.killing import Copies, Undisturbed, undisturbed

SPECS = """
[source.file.events]
path = "events/*.csv"
write = "append"
columns = { id = "integer", placed = "timestamp", kind = "varchar", amount = "integer" }

[source.file.seen]
path = "events/*.csv"
write = "append"
cursor = { column = "placed", lag = "6h" }
columns = { id = "integer", placed = "timestamp", kind = "varchar", amount = "integer" }

[source.file.orders]
path = "events/*.csv"
write = { mode = "merge", key = ["id"] }
cursor = { column = "placed", lag = "400d" }
columns = { id = "integer", placed = "timestamp", kind = "varchar", amount = "integer" }

[source.file.days]
path = "events/*.csv"
write = { mode = "interval", column = "placed", grain = "day" }
columns = { id = "integer", placed = "timestamp", kind = "varchar", amount = "integer" }

[source.file.by_kind]
path = "events/*.csv"
write = { mode = "partition", column = "kind" }
columns = { id = "integer", placed = "timestamp", kind = "varchar", amount = "integer" }

[source.file.kinds]
path = "kinds.csv"
write = { mode = "scd2", key = ["kind"] }
columns = { kind = "varchar", label = "varchar" }

[sql.daily]
query = '''
select date_trunc('day', placed) as day, kind, cast(sum(amount) as bigint) as amount
from orders where placed >= $start and placed < $end group by all
'''
build = { mode = "interval", column = "day", grain = "day", start = 2024-01-01 }

[python.measured]
function = "shop_code:measured"
inputs.days = { time_column = "placed" }
build = { mode = "interval", column = "day", grain = "day", start = 2024-01-01, lookback = 1 }
columns = { day = "timestamp", n = "bigint" }

[sql.balances]
query = '''
select kind, $start as day, cast(sum(amount) as bigint) as amount from (
  select kind, amount from balances where day >= $start - interval 1 day
  union all
  select kind, amount from daily where day >= $start and day < $end
) group by kind
'''
build = { mode = "interval", column = "day", grain = "day", start = 2024-01-01 }
columns = { kind = "varchar", day = "timestamp", amount = "bigint" }

[python.running]
function = "shop_code:running"
inputs.measured = { time_column = "day" }
build = { mode = "interval", column = "day", grain = "day", start = 2024-01-01 }
columns = { day = "timestamp", total = "bigint" }

[sql.sums]
query = "select kind, cast(sum(amount) as bigint) as amount from events where kind = $partition group by kind"
build = { mode = "partition", column = "kind", values_of = "kinds.kind" }

[python.listed]
function = "shop_code:listed"
inputs.by_kind = { partition_column = "kind" }
build = { mode = "partition", column = "kind", values = ["a", "b", "c"] }
columns = { kind = "varchar", ids = "varchar" }

[sql.latest]
query = "select id, max(amount) as amount, bool_or(amount = 9) as gone from events group by id"
build = { mode = "merge", key = ["id"], delete_flag = "gone" }

[python.counted]
function = "shop_code:counted"
build = { mode = "merge", key = ["kind"] }
columns = { kind = "varchar", amount = "bigint" }

[sql.NAME_OF_LOG]
query = "select id, kind, amount from seen"
build = "append"

[sql.history]
query = "select id, kind, amount, placed from orders"
build = { mode = "scd2", key = ["id"], updated_at = "placed" }

[sql.by_day]
query = "select day, sum(amount) * FACTOR as amount from daily where day >= $start and day < $end group by day"
build = { mode = "interval", column = "day", grain = "day", start = 2024-01-01, end = 2024-01-04 }

[sql.shown]
query = "select d.day, d.amount, m.n from daily as d left join measured as m using (day)"
build = "view"

[sql.alone]
query = "select kind, label from kinds where valid_to is null"
"""
CODE = """
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc


def note(text):
    with Path(__file__).with_name("calls.txt").open("a") as file:
        file.write(text + "\\n")


def measured(days: pa.Table, context) -> pa.Table:
    note(f"measured@{context.start:%Y-%m-%dT%H:%M:%S}")
    inside = [at for at in days["placed"].to_pylist() if context.start <= at < context.end]
    return pa.table({"day": pa.array([context.start], pa.timestamp("us")), "n": [len(inside)]})


def running(running: pa.Table, measured: pa.Table, context) -> pa.Table:
    note(f"running@{context.start:%Y-%m-%dT%H:%M:%S}")
    before = [row["total"] for row in running.to_pylist()]
    now = [row["n"] for row in measured.to_pylist() if context.start <= row["day"] < context.end]
    return pa.table({"day": pa.array([context.start], pa.timestamp("us")), "total": [max([0, *before]) + sum(now)]})


def listed(by_kind: pa.Table, context) -> pa.Table:
    note(f"listed@{context.partition}")
    mine = by_kind.filter(pc.equal(by_kind["kind"], context.partition))
    return pa.table({"kind": [context.partition], "ids": [str(sorted(mine["id"].to_pylist()))]})


def counted(daily: pa.Table) -> pa.Table:
    note("counted")
    found = {}
    for row in daily.to_pylist():
        found[row["kind"]] = found.get(row["kind"], 0) + row["amount"]
    return pa.table({"kind": pa.array(found, pa.string()), "amount": pa.array(found.values(), pa.int64())})
"""


def events(project: Project, name: str, *rows: str) -> None:
    project.write(f"events/{name}.csv", "\n".join(["id,placed,kind,amount", *rows]) + "\n")


def change(project: Project, copies: Copies) -> Undisturbed:
    """One apply; then rows come, late ones and changed ones, time passes, and there are edits and a rename."""
    project.write("shop_code.py", CODE)
    project.pipeline(SPECS.replace("NAME_OF_LOG", "log").replace("FACTOR", "1"))
    project.write("kinds.csv", "kind,label\na,first\nb,second\n")
    events(project, "1", "1,2024-01-01 10:00,a,1", "2,2024-01-02 10:00,b,2", "3,2024-01-02 12:00,a,3")
    events(project, "2", "4,2024-01-03 10:00,b,4", "5,2024-01-03 11:00,a,5")
    project.now = datetime(2024, 1, 5, 6, tzinfo=UTC)
    assert project.apply().status == "succeeded"
    moved = '\n[[moved]]\nfrom = "log"\nto = "journal"\n'
    project.pipeline(SPECS.replace("NAME_OF_LOG", "journal").replace("FACTOR", "2") + moved)
    project.write("kinds.csv", "kind,label\na,other\nc,third\n")
    events(project, "3", "2,2024-01-03 09:00,a,9", "6,2024-01-05 10:00,c,6", "7,2024-01-02 18:00,b,1")
    events(project, "4", "5,2024-01-03 11:30,b,7", "8,2024-01-06 10:00,a,1")
    project.now = datetime(2024, 1, 8, 6, tzinfo=UTC)
    return undisturbed(project, copies)
