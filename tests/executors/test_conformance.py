"""What every executor does alike: the same tables, events, errors and logs, and nothing left behind."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from tests.executors.kinds import EVERY, ISOLATED, ISOLATED_OR_THREADS

from vibepiper_interpreter.run.events import Event
from vibepiper_interpreter.run.result import RunResult
from vibepiper_spec.diagnostics import Diagnostic

if TYPE_CHECKING:
    from tests.run.conftest import Project

    from vibepiper_spec.model.execution import ExecutorKind

WHOLE = """
[source.file.rates]
path = "rates/*.csv"

[sql.orders]
query = '''
select id, date '2024-01-01' + cast(id // 3 as integer) as day, id * 1.5::double as amount, 'c' || id % 2 as currency
from range(12) as t(id)
'''
columns.id = { type = "bigint", checks = ["not_null", "unique"] }

[sql.shown]
query = "select o.*, r.rate from orders as o join rates as r on r.currency = o.currency"
build = "view"

[sql.daily]
query = '''
select day, sum(amount * rate) as revenue from shown where day >= $start and day < $end group by day
'''
build = { mode = "interval", column = "day", grain = "day", start = 2024-01-01, end = 2024-01-05, batch_size = 1 }

[sql.latest]
query = "select id, amount from orders where id > 5"
build = { mode = "merge", key = ["id"] }

[python.scored]
function = "shop_code:scored"
columns.id = "bigint"
columns.score = { type = "double", checks = [{ between = [0, 5], severity = "warn" }] }

[python.by_day]
function = "shop_code:by_day"
columns.day = "date"
columns.ids = "bigint"
build = { mode = "interval", column = "day", grain = "day", start = 2024-01-01, end = 2024-01-04, batch_size = 1 }
"""
CODE = """
import pandas
import pyarrow as pa

def scored(shown: pandas.DataFrame):
    print("scoring", len(shown))
    shown["score"] = shown["amount"] * shown["rate"]
    return shown[["id", "score"]]

def by_day(orders: pa.Table, context):
    context.logger.info("day %s", context.start.date())
    days = orders["day"].to_pylist()
    return pa.table({"day": [context.start.date()], "ids": [days.count(context.start.date())]})
"""


def whole(project: Project) -> None:
    project.write("rates/2024.csv", "currency,rate\nc0,1.0\nc1,2.0\n")
    project.write("shop_code.py", CODE)
    project.pipeline(WHOLE)


# How many make the slices of an asset is the executor's; what its functions log meanwhile has no order.
_OF_SHARES = ("task_divided", "share_started", "share_finished", "task_gathering")


def told(events: list[Event]) -> dict[str, list[Any]]:
    """What was told of each asset, without what differs from run to run."""
    found: dict[str, list[Any]] = {}
    logs = sorted((each for each in events if each.type == "log"), key=lambda each: repr(each.data))
    for event in (*(each for each in events if each.type not in ("log", *_OF_SHARES)), *logs):
        data = {
            key: value for key, value in event.data.items() if key not in ("seconds", "waited", "worker", "version_id")
        }
        if event.address is not None:
            found.setdefault(str(event.address), []).append((event.type, data))
    return found


def diagnostics(result: RunResult) -> list[Diagnostic]:
    return [found for task in result.tasks for found in task.diagnostics]


@pytest.mark.parametrize("kind", EVERY)
def test_the_same_tables_and_the_same_events(
    project: Project, new_project: Callable[[str], Project], kind: ExecutorKind
) -> None:
    outcomes = {}
    other = new_project("other")
    for each, executor in ((other, "threads"), (project, kind)):
        whole(each)
        assert each.apply(executor=executor).status == "succeeded"
        first = told(each.events)
        each.write("rates/2025.csv", "currency,rate\nc2,3.0\n")
        each.pipeline(WHOLE.replace("id * 1.5::double", "id * 2.5::double").replace("id > 5", "id > 4"))
        assert each.apply(executor=executor).status == "succeeded"
        assert each.plan().empty
        outcomes[executor] = first, told(each.events)
    assert project.tables() == other.tables()
    assert outcomes[kind] == outcomes["threads"]


BROKEN = {
    "query": '[sql.asked]\nquery = "select cast(name as integer) as number from orders"\n',
    "check": '[sql.asked]\nquery = "select id from orders"\n'
    'columns.id = { type = "bigint", checks = [{ between = [0, 1] }] }\n',
    "raises": '[python.asked]\nfunction = "shop_code:raises"\ncolumns.id = "bigint"\n',
    "raises what cannot be pickled": '[python.asked]\nfunction = "shop_code:raises_lock"\ncolumns.id = "bigint"\n',
    "returns a lock": '[python.asked]\nfunction = "shop_code:lock"\ncolumns.id = "bigint"\n',
    "exits": '[python.asked]\nfunction = "shop_code:exits"\ncolumns.id = "bigint"\n',
    "other columns": '[python.asked]\nfunction = "shop_code:given"\ncolumns.no = "bigint"\n',
}
BROKEN_CODE = """
import sys
import threading
import pyarrow as pa

class Locked(Exception):
    def __init__(self, lock):
        super().__init__("locked")
        self.lock = lock

def raises(orders: pa.Table):
    raise ValueError(f"{orders.num_rows} orders are too many")

def raises_lock(orders: pa.Table):
    raise Locked(threading.Lock())

def lock(orders: pa.Table):
    return threading.Lock()

def exits(orders: pa.Table):
    sys.exit(7)

def given(orders: pa.Table):
    return orders.select(["id"])
"""


@pytest.mark.parametrize("kind", [kind for kind in EVERY if kind != "threads"])
@pytest.mark.parametrize("what", BROKEN)
def test_the_same_errors(project: Project, kind: ExecutorKind, what: str) -> None:
    """Code, words, place, fix and notes; and what does not depend on it is published."""
    project.write("shop_code.py", BROKEN_CODE)
    project.pipeline(
        "[sql.orders]\nquery = \"select range as id, 'x' || range as name from range(3)\"\n"
        '[sql.other]\nquery = "select 1 as a"\n' + BROKEN[what]
    )
    there = project.apply(executor=kind)
    assert there.status == "failed"
    assert project.rows("shop.other") == [(1,)]
    [here] = diagnostics(project.apply(executor="threads"))
    assert diagnostics(there) == [here]
    assert here.fix is not None


@pytest.mark.parametrize("kind", EVERY)
def test_other_code_than_was_planned_does_not_run(project: Project, kind: ExecutorKind) -> None:
    project.write("shop_code.py", ENDLESS)
    project.pipeline('[python.soon]\nfunction = "shop_code:soon"\ncolumns.id = "bigint"\n')
    plan = project.plan()
    project.write("shop_code.py", ENDLESS.replace("[1]", "[2]"))
    [found] = diagnostics(project.apply(plan, executor=kind))
    assert found.code == "VP505"


@pytest.mark.parametrize("kind", EVERY)
def test_logs_are_told_while_the_code_runs(project: Project, kind: ExecutorKind) -> None:
    """The function waits for who reads its log."""
    project.write(
        "shop_code.py",
        "import time\nfrom pathlib import Path\nimport pyarrow as pa\n\n"
        "def patient(context):\n"
        "    context.logger.info('waiting')\n    print('printed')\n"
        "    end = time.monotonic() + 60\n"
        f"    while not Path({str(project.root / 'read')!r}).exists():\n"
        "        assert time.monotonic() < end\n        time.sleep(0.01)\n"
        "    return pa.table({'id': [1]})\n",
    )
    project.pipeline('[python.patient]\nfunction = "shop_code:patient"\ncolumns.id = "bigint"\n')
    lines = []

    def listener(event: Event) -> None:
        if event.type == "log":
            lines.append((event.data["level"], event.data["message"]))
            (project.root / "read").touch()

    if kind == "inline":  # nobody can listen while the one thread there is runs the function
        (project.root / "read").touch()
    assert project.apply(executor=kind, listener=listener).status == "succeeded"
    assert lines == [("info", "waiting"), ("stdout", "printed")]


@pytest.mark.parametrize("kind", EVERY)
def test_a_huge_log_is_cut(project: Project, kind: ExecutorKind) -> None:
    project.write(
        "shop_code.py",
        "import pyarrow as pa\n\ndef loud():\n"
        "    for number in range(100_000):\n        print(number, 'x' * 1000)\n"
        "    return pa.table({'id': [1]})\n",
    )
    project.pipeline('[python.loud]\nfunction = "shop_code:loud"\ncolumns.id = "bigint"\n')
    assert project.apply(executor=kind).status == "succeeded"
    lines = [event.data["message"] for event in project.events if event.type == "log"]
    assert len(lines) == 1001
    assert "99,000 more lines" in lines[-1]


@pytest.mark.parametrize("kind", EVERY)
def test_what_one_reader_does_to_its_input_no_other_sees(project: Project, kind: ExecutorKind) -> None:
    project.write(
        "shop_code.py",
        "import pandas\n\ndef spoils(orders: pandas.DataFrame):\n    orders['id'] = 0\n    return orders\n\n"
        "def reads(orders: pandas.DataFrame, spoils: pandas.DataFrame):\n    return orders\n",
    )
    project.pipeline(
        '[sql.orders]\nquery = "select range as id from range(3)"\n'
        '[python.spoils]\nfunction = "shop_code:spoils"\ncolumns.id = "bigint"\n'
        '[python.reads]\nfunction = "shop_code:reads"\ncolumns.id = "bigint"\n'
    )
    assert project.apply(executor=kind).status == "succeeded"
    assert project.rows("shop.spoils") == [(0,)] * 3
    assert project.rows("shop.reads") == [(0,), (1,), (2,)]


ENDLESS = """
import time
import pyarrow as pa

def endless():
    while True:
        time.sleep(0.01)

def soon():
    return pa.table({"id": [1]})
"""


@pytest.mark.parametrize("kind", ISOLATED_OR_THREADS)
def test_a_run_that_is_cancelled_ends(project: Project, kind: ExecutorKind) -> None:
    project.write("shop_code.py", ENDLESS)
    project.pipeline(
        '[python.endless]\nfunction = "shop_code:endless"\ncolumns.id = "bigint"\n'
        '[sql.behind]\nquery = "select id from endless"\n'
    )
    cancel = threading.Event()

    def listener(event: Event) -> None:
        if event.type == "task_started":
            cancel.set()

    result = project.apply(executor=kind, listener=listener, cancel=cancel)
    assert result.status == "cancelled"
    assert project.outcomes(result) == {"endless": "skipped", "behind": "skipped"}
    assert project.state.pointers("dev") == {}


@pytest.mark.parametrize("kind", ISOLATED_OR_THREADS)
def test_an_attempt_that_takes_too_long_is_given_up(project: Project, kind: ExecutorKind) -> None:
    """It is attempted again where that is asked for; others go on, on as many workers as before."""
    project.write("shop_code.py", ENDLESS)
    project.pipeline(
        '[python.endless]\nfunction = "shop_code:endless"\ncolumns.id = "bigint"\ntimeout = "1s"\n'
        'retry = { attempts = 2, delay = "1s" }\n'
        '[python.soon]\nfunction = "shop_code:soon"\ncolumns.id = "bigint"\n'
        '[sql.later]\nquery = "select id from soon"\n'
    )
    result = project.apply(executor=kind, workers=1)
    assert project.outcomes(result) == {"endless": "failed", "soon": "built", "later": "built"}
    [found] = diagnostics(result)
    assert found.code == "VP802" and "1 s" in found.detail
    assert [event.data["failure"] for event in project.events if event.type == "task_retried"] == ["transient"]
    assert project.rows("shop.later") == [(1,)]


@pytest.mark.parametrize("kind", ISOLATED_OR_THREADS)
def test_a_query_that_takes_too_long_is_interrupted(project: Project, kind: ExecutorKind) -> None:
    project.pipeline(
        "[sql.endless]\nquery = '''select count(*) as n from range(10000000) as a, range(10000000) as b "
        "where a.range + b.range < 0'''\n"
        'timeout = "1s"\n[sql.soon]\nquery = "select 1 as a"\n'
    )
    result = project.apply(executor=kind, workers=1)
    assert project.outcomes(result) == {"endless": "failed", "soon": "built"}
    assert [found.code for found in diagnostics(result)] == ["VP802"]


DEADLY = """
import ctypes
import os
import signal
from pathlib import Path
import pyarrow as pa

HERE = Path(__file__).parent

def dies():
    how = (HERE / "how").read_text()
    if how == "once":
        (HERE / "how").write_text("not at all")
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "exits":
        os._exit(3)
    if how == "crashes":
        ctypes.string_at(0)
    return pa.table({"id": [1]})
"""
DIES = '[python.dies]\nfunction = "shop_code:dies"\ncolumns.id = "bigint"\n'


@pytest.mark.parametrize("kind", ISOLATED)
@pytest.mark.parametrize("how", ["exits", "crashes"])
def test_a_worker_that_dies_fails_its_task_alone(project: Project, kind: ExecutorKind, how: str) -> None:
    project.write("shop_code.py", DEADLY)
    project.write("how", how)
    project.pipeline(DIES + '[sql.other]\nquery = "select 1 as a"\n')
    result = project.apply(executor=kind, workers=1)
    assert project.outcomes(result) == {"dies": "failed", "other": "built"}
    [found] = diagnostics(result)
    assert found.code == "VP801" and found.place is not None
    project.write("how", "not at all")
    assert project.apply(executor=kind).status == "succeeded"
    assert project.plan().empty


@pytest.mark.parametrize("kind", ISOLATED)
def test_a_worker_that_is_killed_is_replaced(project: Project, kind: ExecutorKind) -> None:
    project.write("shop_code.py", DEADLY)
    project.write("how", "once")
    project.pipeline(DIES + 'retry = { attempts = 2, delay = "1s" }\n')
    assert project.apply(executor=kind).status == "succeeded"
    assert [event.data["failure"] for event in project.events if event.type == "task_retried"] == ["infrastructure"]
    assert project.rows("shop.dies") == [(1,)]


SLICES = """
[sql.orders]
query = '''
select id, date '2024-01-01' + cast(id % 9 as integer) as day, 'k' || id % 5 as kind from range(60_000) as t(id)
'''

[sql.all_at_once]
query = "select day, count(*) as orders from orders where day >= $start and day < $end group by day"
build = { mode = "interval", column = "day", grain = "day", start = 2024-01-01, end = 2024-01-10 }

[python.by_day]
function = "shop_code:by_day"
build = { mode = "interval", column = "day", grain = "day", start = 2024-01-01, end = 2024-01-10 }
inputs.orders = { time_column = "day" }
columns.day = "date"
columns.id = "bigint"
retry = { attempts = 2, delay = "1s" }

[python.by_kind]
function = "shop_code:by_kind"
build = { mode = "partition", column = "kind", values_of = "orders.kind" }
columns.kind = "varchar"
columns.id = "bigint"
checks = [{ row_count = { min = 60_000, max = 60_000 } }]
"""
SLICES_CODE = """
import os
import signal
from pathlib import Path
import pyarrow as pa
import pyarrow.compute as pc

HERE = Path(__file__).parent

def by_day(orders: pa.Table, context):
    with (HERE / "calls.txt").open("a") as file:
        file.write(f"{context.start.date()}\\n")
    if str(context.start.date()) == "2024-01-05" and (HERE / "deadly").exists():
        (HERE / "deadly").unlink()
        os.kill(os.getpid(), signal.SIGKILL)
    return orders.filter(pc.equal(orders["day"], context.start.date())).select(["day", "id"])

def by_kind(orders: pa.Table, context):
    return orders.filter(pc.equal(orders["kind"], context.partition)).select(["kind", "id"])
"""


@pytest.mark.parametrize("kind", ISOLATED_OR_THREADS)
def test_slices_by_several_workers_are_the_same_table(
    project: Project, new_project: Callable[[str], Project], kind: ExecutorKind
) -> None:
    """As one after the other gives them, at first and where rows have changed; and a worker is lost in the middle."""
    other = new_project("other")
    for each in (other, project):
        each.write("shop_code.py", SLICES_CODE)
        each.pipeline(SLICES)
    if kind != "threads":
        project.write("deadly", "")
    assert other.apply(executor="inline").status == "succeeded"
    assert project.apply(executor=kind, workers=2).status == "succeeded"
    divided = {event.address.name for event in project.events if event.type == "task_divided" and event.address}
    # One query is divided only between engines.
    assert divided == {"by_day", "by_kind"} | (set() if kind == "threads" else {"all_at_once"})
    retried = [event.address.name for event in project.events if event.type == "task_retried" and event.address]
    assert retried == ([] if kind == "threads" else ["by_day[2024-01-05]"])
    assert not (project.root / "deadly").exists()
    called = (project.root / "calls.txt").read_text().split()
    assert len(called) == 9 + len(retried)  # of the others none was made again
    assert project.tables() == other.tables()
    for each, executor in ((other, "inline"), (project, kind)):
        each.pipeline(SLICES.replace("id % 9", "(id + id // 50_000) % 9"))
        assert each.apply(executor=executor, workers=2).status == "succeeded"
        assert each.plan().empty
    assert project.tables() == other.tables()


@pytest.mark.parametrize("kind", EVERY)
def test_a_module_may_take_its_time(project: Project, kind: ExecutorKind) -> None:
    project.write(
        "shop_code.py",
        "import time\nimport pyarrow as pa\ntime.sleep(1)\n\ndef slow():\n    return pa.table({'id': [1]})\n",
    )
    project.pipeline('[python.slow]\nfunction = "shop_code:slow"\ncolumns.id = "bigint"\n')
    assert project.apply(executor=kind).status == "succeeded"


@pytest.mark.parametrize("kind", ISOLATED)
def test_an_asset_may_run_elsewhere_than_the_others(project: Project, kind: ExecutorKind) -> None:
    project.write(
        "shop_code.py",
        "import os\nimport pyarrow as pa\n\n"
        "def here(orders: pa.Table):\n    return pa.table({'process': [os.getpid()]})\n\n"
        "def there(here: pa.Table):\n    return pa.table({'process': [os.getpid()]})\n",
    )
    project.pipeline(
        '[sql.orders]\nquery = "select 1 as id"\n'
        '[python.here]\nfunction = "shop_code:here"\ncolumns.process = "bigint"\n'
        f'[python.there]\nfunction = "shop_code:there"\ncolumns.process = "bigint"\nexecutor = "{kind}"\n'
        '[sql.both]\nquery = "select h.process as here, t.process as there from here as h, there as t"\n'
    )
    assert project.apply().status == "succeeded"
    [(here, there)] = project.rows("shop.both")
    assert here != there


@pytest.mark.parametrize("kind", ISOLATED)
def test_a_task_may_run_elsewhere_than_the_others(project: Project, kind: ExecutorKind) -> None:
    project.write("shop_code.py", "import os\ndef work():\n    return {'process': os.getpid()}\n")
    keys = 'function = "shop_code:work"\noutputs.process = "bigint"\n'
    project.pipeline(f'[task.python.here]\n{keys}[task.python.there]\n{keys}executor = "{kind}"\n')
    assert project.apply().status == "succeeded"
    results = project.state.sight("dev").operator_results()
    found = {address.name: result.outputs["process"] for (address, _), result in results.items()}
    assert found["here"] == os.getpid() != found["there"]


def test_what_is_removed_needs_no_executor(project: Project) -> None:
    """Were Ray begun, it would be looked for at an address where nobody answers."""
    project.pipeline('[sql.orders]\nquery = "select 1 as id"\n[sql.other]\nquery = "select 1 as id"\n')
    assert project.apply().status == "succeeded"
    elsewhere = '[executor]\nkind = "ray"\nray = { address = "127.0.0.1:1" }\n'
    project.write("vp.toml", f'[project]\nname = "trial"\n{elsewhere}')
    project.pipeline('[sql.orders]\nquery = "select 1 as id"\n')
    plan = project.plan()
    assert [action.verb for action in plan.actions] == ["remove"]
    assert project.apply(plan).status == "succeeded"
