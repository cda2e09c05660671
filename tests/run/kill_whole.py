"""A project whose tables are mostly built whole, before an apply that makes nearly all of them anew."""

from __future__ import annotations

from tests.run.conftest import Project
from tests.run.killing import Copies, Undisturbed, undisturbed

SPECS = """
[source.file.orders]
path = "orders.csv"
[sql.large]
query = "select id, amount, hash(id * 7 + i) as h from orders, range(2000) as x(i)"
[sql.sums]
query = "select id % 10 as digit, sum(amount) as amount, bit_xor(h) as h from large group by 1"
columns.digit = { checks = ["unique"] }
[sql.shown]
query = "select digit, amount from sums"
build = "view"
[python.copied]
function = "shop_code:copied"
columns.digit = "bigint"
columns.amount = "decimal(38,0)"
[sql.alone]
query = "select range as a from range(100000) where range % FACTOR = 0"
[sql.merged]
query = "select id % 50 as slot, max(id) as id from orders group by 1"
build = { mode = "merge", key = ["slot"] }
[sql.logged]
query = "select slot, id from merged"
build = "append"
[sql.after_alone]
query = "select count(*) as n from alone"
"""
CODE = """
import time
import pyarrow as pa

def copied(shown: pa.Table) -> pa.Table:
    time.sleep(0.1)
    return shown
"""


def specs(factor: int) -> str:
    return SPECS.replace("FACTOR", str(factor))


def orders(count: int) -> str:
    return "id,amount\n" + "".join(f"{number},{number * 3}\n" for number in range(count))


def change(project: Project, copies: Copies) -> Undisturbed:
    project.write("shop_code.py", CODE)
    project.pipeline(specs(3))
    project.write("orders.csv", orders(100))
    assert project.apply().status == "succeeded"
    project.pipeline(specs(4))
    project.write("orders.csv", orders(120))
    return undisturbed(project, copies)
