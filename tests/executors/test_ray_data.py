"""Ray datasets as what a Python asset takes and returns, on a cluster and beside it."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.run.conftest import Project

    from vibepiper_spec.model.execution import ExecutorKind

# Ray warns of defaults of its own.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::Warning")]

ORDERS = """
[sql.orders]
query = "select range as id, date '2024-01-01' + cast(range % 2 as integer) as day, range * 1.5 as amount from range(6)"

[sql.latest]
query = "select id, amount from orders where id > {above}"
build = { mode = "merge", key = ["id"] }
"""
TAKEN = """
[python.plain]
function = "shop_code:dear"
inputs = { rows = { asset = "orders", columns = ["id", "amount"] } }
columns.id = "integer"
columns.amount = { type = "double", checks = [{ between = [0, 100] }] }

[python.of_delta]
function = "shop_code:dear"
inputs = { rows = "latest" }
columns.id = "bigint"
columns.amount = "double"

[python.by_day]
function = "shop_code:by_day"
columns.id = "bigint"
columns.day = "date"
build = { mode = "interval", column = "day", grain = "day", start = 2024-01-01, end = 2024-01-03, batch_size = 1 }

[python.made]
function = "shop_code:made"
columns.id = "bigint"
"""
CODE = """
import ray.data

def dear(rows: ray.data.Dataset) -> ray.data.Dataset:
    print("columns", sorted(rows.schema().names))
    return rows.map_batches(lambda batch: batch.filter([each > 2 for each in batch["amount"].to_pylist()]),
                            batch_format="pyarrow", batch_size=2)

def by_day(orders: ray.data.Dataset, context):
    day = context.start.date()
    return orders.map_batches(lambda batch: batch[batch["day"] == day][["id", "day"]], batch_format="pandas")

def made() -> ray.data.Dataset:
    return ray.data.range(5, override_num_blocks=3)
"""


@pytest.mark.parametrize("kind", ["threads", "ray"])
def test_datasets_in_and_out(ray_cluster: str, project: Project, kind: ExecutorKind) -> None:
    project.write("shop_code.py", CODE)
    project.pipeline(ORDERS.replace("{above}", "3"))
    assert project.apply().status == "succeeded"
    project.pipeline(ORDERS.replace("{above}", "2") + TAKEN)
    result = project.apply(executor=kind)
    assert result.status == "succeeded", result.tasks
    dear = [(id, id * 1.5) for id in range(2, 6)]
    assert sorted(project.rows("shop.plain")) == dear
    assert sorted(project.rows("shop.of_delta")) == dear[1:]
    assert sorted(row[0] for row in project.rows("shop.by_day")) == [*range(6)]
    assert sorted(project.rows("shop.made")) == [(id,) for id in range(5)]
    # What Ray tells of its progress is not the user's.
    said = {str(each.data["message"]) for each in project.events if each.type == "log"}
    assert said == {"columns ['amount', 'id']"}
    assert not [*project.storage.root.glob(".scratch-*/dataset-*")]


FAILS = """
import ray.data

def fails(batch):
    raise ValueError("too many")

def raises(orders: ray.data.Dataset):
    return orders.map_batches(fails)

def other_columns(orders: ray.data.Dataset):
    return orders
"""


def test_what_goes_wrong_with_a_dataset_is_told_like_anywhere(ray_cluster: str, project: Project) -> None:
    project.write("shop_code.py", FAILS)
    project.pipeline(
        ORDERS.partition("[sql.latest]")[0]
        + '[python.raises]\nfunction = "shop_code:raises"\ncolumns.id = "bigint"\n'
        + '[python.other]\nfunction = "shop_code:other_columns"\ncolumns.id = "bigint"\ncolumns.days = "date"\n'
    )
    result = project.apply(executor="ray")
    found = {found.code: found for task in result.tasks for found in task.diagnostics}
    assert found.keys() == {"VP405", "VP406"}
    assert "Column `days` is missing" in found["VP405"].detail
    assert found["VP406"].detail == "`shop.raises` raised ValueError: too many"
    assert found["VP406"].notes == ('File "shop_code.py", line 5, in fails', '    raise ValueError("too many")')


def test_without_a_cluster_ray_is_started_for_the_run(project: Project) -> None:
    project.write("shop_code.py", CODE)
    project.pipeline('[python.made]\nfunction = "shop_code:made"\ncolumns.id = "bigint"\n')
    project.close()
    command = [sys.executable, "-m", "vibepiper_cli.main", "apply", "--yes"]
    done = subprocess.run(command, cwd=project.root, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Running Dataset" not in done.stdout + done.stderr
    assert sorted(project.rows("shop.made")) == [(id,) for id in range(5)]
