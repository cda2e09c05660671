"""What fails and may not fail again is attempted again: later, as often as was said, and from where it stopped."""

from __future__ import annotations

import errno
import threading
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.run.conftest import VP_TOML

from vibepiper_interpreter.compile.compiled import RetryPolicy
from vibepiper_interpreter.plan import load_plan, save_plan
from vibepiper_interpreter.run.failure_class import failure_class
from vibepiper_interpreter.run.python.failures import CodeFailed
from vibepiper_interpreter.run.retries import wait_before
from vibepiper_interpreter.run.small_tables import SmallTables
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic

if TYPE_CHECKING:
    from tests.run.conftest import Project

    from vibepiper_interpreter.run.events import Event

# Writes down each call, and fails as often as `failures` says: the n-th call with the n-th line's exception.
CODE = """
from pathlib import Path
import pyarrow as pa

HERE = Path(__file__).parent

def _called(what):
    with (HERE / "calls").open("a") as calls:
        calls.write(f"{what}\\n")
    failures = (HERE / "failures").read_text().split()
    if failures:
        (HERE / "failures").write_text(" ".join(failures[1:]))
        if failures[0] == "many":
            return 9
        if failures[0] != "-":
            raise {"lost": ConnectionError, "wrong": ValueError}[failures[0]]("the line broke")
    return 1

def rates():
    n = _called("rates")
    return pa.table({"rate": [1, 2 * n]})

def days(context):
    n = _called(f"{context.start:%Y-%m-%d}")
    return pa.table({"day": [context.start.date()], "n": [n]})

def ids(step: pa.Table):
    _called("ids")
    return step.select(["id"])

def kinds(context):
    _called(context.partition)
    return pa.table({"kind": [context.partition], "n": [1]})
"""
RATES = """
[python.rates]
function = "shop_code:rates"
columns.rate = "bigint"
{retry}
[sql.double]
query = "select rate * 2 as rate from rates"
[sql.other]
query = "select 1 as a"
"""


@pytest.fixture
def shop(project: Project) -> Project:
    project.write("shop_code.py", CODE)
    return project


def fails(project: Project, *failures: str) -> None:
    project.write("failures", " ".join(failures))
    project.write("calls", "")


def calls(project: Project) -> Counter[str]:
    return Counter((project.root / "calls").read_text().split())


def retried(project: Project) -> list[tuple[object, ...]]:
    return [
        (event.data["attempt"], event.data["code"], event.data["failure"])
        for event in project.events
        if event.type == "task_retried"
    ]


def test_it_succeeds_at_the_third_attempt(shop: Project) -> None:
    fails(shop, "lost", "lost")
    shop.pipeline(RATES.format(retry='retry = { attempts = 3, delay = "0s" }'))
    result = shop.apply()
    assert result.status == "succeeded"
    assert shop.task(result, "rates").attempts == 3
    assert shop.task(result, "double").attempts == 1
    assert retried(shop) == [(1, "VP406", "transient"), (2, "VP406", "transient")]
    assert shop.rows("shop.double") == [(2,), (4,)]
    record = shop.state.run(result.run_id)
    assert record is not None
    attempts = [(each.number, each.outcome) for each in record.attempts if each.address.name == "rates"]
    assert attempts == [(1, "failed"), (2, "failed"), (3, "done")]
    assert shop.plan().empty


def test_it_gives_up_in_the_end(shop: Project) -> None:
    fails(shop, "lost", "lost", "lost")
    shop.pipeline(RATES.format(retry='retry = { attempts = 2, delay = "0s" }'))
    result = shop.apply()
    assert shop.outcomes(result) == {"rates": "failed", "double": "skipped", "other": "built"}
    assert shop.task(result, "rates").attempts == 2
    assert calls(shop) == {"rates": 2}
    # The next apply counts from one.
    assert shop.task(shop.apply(), "rates").attempts == 2


@pytest.mark.parametrize(
    ("retry", "attempts"),
    [
        ("", 1),
        ("retry = 3", 1),
        ('retry = { attempts = 3, delay = "0s", on = ["data", "code"] }', 2),
    ],
)
def test_only_what_another_attempt_may_mend(shop: Project, retry: str, attempts: int) -> None:
    fails(shop, "wrong")
    shop.pipeline(RATES.format(retry=retry))
    result = shop.apply()
    assert shop.task(result, "rates").attempts == attempts
    assert shop.task(result, "rates").outcome == ("built" if attempts == 2 else "failed")


def test_a_failed_check_may_pass_at_the_next_attempt(shop: Project) -> None:
    """What failed is not shown, and stays what it was."""
    fails(shop, "many", "many")
    shop.pipeline(
        RATES.format(
            retry='checks = [{ expression = "rate < 9" }]\nretry = { attempts = 3, delay = "0s", on = ["data"] }'
        )
    )
    result = shop.apply()
    assert result.status == "succeeded"
    assert retried(shop) == [(1, "VP506", "data"), (2, "VP506", "data")]
    assert shop.rows("shop.double") == [(2,), (4,)]
    kept = shop.state.history(Address("shop", "rates"), 10)
    assert [shop.state.proofs([each.id])[each.id][0].passed for each in kept] == [True, False, False]


def test_what_was_finished_is_not_made_again(shop: Project, progress_at_once: None) -> None:
    # One after the other, so that it is known whom each failure meets.
    shop.write("vp.toml", VP_TOML + "[executor]\nworkers = 1\n")
    shop.now = datetime(2026, 1, 6, tzinfo=UTC)
    shop.pipeline(
        '[python.days]\nfunction = "shop_code:days"\ncolumns.day = "date"\ncolumns.n = "bigint"\n'
        'build = { mode = "interval", column = "day", grain = "day", start = 2026-01-01, batch_size = 1 }\n'
        'retry = { attempts = 3, delay = "0s" }\n'
        '[python.kinds]\nfunction = "shop_code:kinds"\ncolumns.kind = "varchar"\ncolumns.n = "bigint"\n'
        'build = { mode = "partition", column = "kind", values = ["a", "b", "c", "d"] }\n'
        'retry = { attempts = 3, delay = "0s" }\n'
    )
    days = [f"2026-01-0{day}" for day in range(1, 6)]
    fails(shop, "-", "-", "lost", "-", "lost")
    assert shop.apply(shop.plan("days")).status == "succeeded"
    assert calls(shop) == Counter([*days, days[2], days[3]])
    assert [str(day) for day, _ in shop.rows("shop.days")] == days
    fails(shop, "-", "lost", "-", "lost")
    assert shop.apply().status == "succeeded"
    assert calls(shop) == Counter("abbccd")
    assert [kind for kind, _ in shop.rows("shop.kinds")] == [*"abcd"]
    assert shop.plan().empty


def test_what_failed_its_checks_is_made_again_whole(shop: Project, progress_at_once: None) -> None:
    """Whatever was finished of it may be what failed."""
    shop.now = datetime(2026, 1, 4, tzinfo=UTC)
    shop.pipeline(
        '[python.days]\nfunction = "shop_code:days"\ncolumns.day = "date"\n'
        'columns.n = { type = "bigint", checks = [{ max = 1 }] }\n'
        'build = { mode = "interval", column = "day", grain = "day", start = 2026-01-01, batch_size = 1 }\n'
        'retry = { attempts = 2, delay = "0s", on = ["data"] }\n'
    )
    fails(shop, "many")
    assert shop.apply().status == "succeeded"
    assert calls(shop) == Counter(2 * [f"2026-01-0{day}" for day in range(1, 4)])
    assert [n for _, n in shop.rows("shop.days")] == [1, 1, 1]


def test_who_waits_holds_no_worker(shop: Project) -> None:
    fails(shop, "lost")
    shop.pipeline(RATES.format(retry='retry = { attempts = 2, delay = "1s" }'))
    assert shop.apply(workers=1).status == "succeeded"
    order = [(event.type, str(event.address)) for event in shop.events]
    again = len(order) - 1 - order[::-1].index(("task_started", "shop.rates"))
    assert order.index(("task_retried", "shop.rates")) < again
    assert order.index(("task_finished", "shop.other")) < again


def test_what_it_reads_is_still_there_at_the_next_attempt(shop: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small tables are held in memory for as long as somebody reads them, and whoever waits will."""
    monkeypatch.setattr(SmallTables, "MOST_ROWS_AT_ONCE", 10_000)
    fails(shop, "lost")
    shop.write("numbers.csv", "id\n" + "\n".join(map(str, range(300))))
    shop.pipeline(
        '[source.file.numbers]\npath = "numbers.csv"\n[sql.step]\nquery = "select id + 1 as id from numbers"\n'
        '[python.ids]\nfunction = "shop_code:ids"\ncolumns.id = "bigint"\nretry = { attempts = 2, delay = "2s" }\n'
        + "".join(
            f'[sql.next_{number}]\nquery = "select id + 1 as id from {f"next_{number - 1}" if number else "step"}"\n'
            for number in range(8)
        )
    )
    result = shop.apply(workers=1)
    assert result.status == "succeeded", result
    assert shop.task(result, "ids").attempts == 2
    assert len(shop.rows("shop.ids")) == 300


def test_a_run_that_waits_can_be_told_to_stop(shop: Project) -> None:
    fails(shop, "lost")
    shop.pipeline(RATES.format(retry='retry = { attempts = 2, delay = "5m" }'))
    cancel = threading.Event()

    def listen(event: Event) -> None:
        if event.type == "task_retried":
            cancel.set()

    began = time.monotonic()
    result = shop.apply(listener=listen, cancel=cancel)
    assert time.monotonic() - began < 60  # and not five minutes
    assert result.status == "cancelled"
    assert shop.task(result, "rates").outcome == "skipped"


def test_it_is_no_meaning(shop: Project) -> None:
    """The default of the project holds for who says nothing; neither makes anything anew; a saved plan keeps it."""
    fails(shop)
    shop.pipeline(RATES.format(retry=""))
    shop.apply()
    shop.pipeline(RATES.format(retry="retry = 5"))
    assert shop.plan().empty
    shop.write("vp.toml", '[project]\nname = "trial"\n[defaults]\nretry = { attempts = 2, delay = "0s" }\n')
    shop.pipeline(RATES.format(retry=""))
    assert shop.plan().empty
    shop.write("shop_code.py", CODE.replace("[1, 2 * n]", "[1, 3]"))
    save_plan(shop.plan(), shop.root / "saved.vpplan")
    plan = load_plan(shop.root / "saved.vpplan")
    assert {asset.retry for asset in plan.assets.values()} == {RetryPolicy(2, 0.0)}
    fails(shop, "lost")
    assert shop.apply(plan).status == "succeeded"
    assert calls(shop) == {"rates": 2}


@given(st.floats(0, 1e4), st.floats(1, 10), st.floats(0, 1e6), st.integers(2, 100), st.floats(0, 1, exclude_max=True))
def test_waits_grow_up_to_the_longest(delay: float, backoff: float, most: float, attempt: int, chance: float) -> None:
    policy = RetryPolicy(100, delay, backoff, most)
    longest = min(most, delay * backoff ** (attempt - 2))
    assert longest / 2 <= wait_before(policy, attempt, lambda: chance) <= longest
    assert wait_before(policy, attempt, lambda: 0.0) <= wait_before(policy, attempt + 1, lambda: 0.0)


def named(name: str, base: type[BaseException] = Exception) -> BaseException:
    """An exception like one of a package that need not be installed."""
    module, _, qualified = name.rpartition(".")
    return type(qualified, (base,), {"__module__": module})()


@dataclass
class Response:
    status_code: int


class Answered(Exception):
    """As requests and httpx raise."""

    def __init__(self, status: int) -> None:
        self.response = Response(status)


def caused_by(cause: BaseException) -> BaseException:
    error = ValueError("no rates")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ConnectionResetError(), "transient"),
        (TimeoutError(), "transient"),
        (caused_by(ConnectionError()), "transient"),
        (named("requests.exceptions.ConnectionError", OSError), "transient"),
        (named("httpx.ConnectTimeout", type("TransportError", (Exception,), {"__module__": "httpx"})), "transient"),
        (named("sqlalchemy.exc.OperationalError"), "transient"),
        (Answered(503), "transient"),
        (Answered(429), "transient"),
        (Answered(404), "code"),
        (MemoryError(), "infrastructure"),
        (OSError(errno.ENOSPC, "full"), "infrastructure"),
        (duckdb.OutOfMemoryException(), "infrastructure"),
        (duckdb.ConversionException(), "data"),
        (ValueError(), "code"),
        (SystemExit(503), "code"),
        (FileNotFoundError(), "code"),
    ],
)
def test_what_kind_of_failure_it_was(error: BaseException, expected: str) -> None:
    assert failure_class(CodeFailed(Diagnostic("VP406", "it failed"), error)) == expected
