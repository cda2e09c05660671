"""The slices of one asset, made by several workers at once: the table is the one that a single worker makes."""

from __future__ import annotations

import random
from collections import Counter
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.proof_steps import PROOF_STEPS
from tests.run.conftest import Project
from tests.run.killing import apply_until, calls

from vibepiper_interpreter.compile.build_settings import Intervals
from vibepiper_interpreter.grains import cut
from vibepiper_interpreter.run.tasks.shares import Survey, divide_intervals, divide_values
from vibepiper_interpreter.storage.slices import Range, merged, only_ranges

SPECS = """
[source.file.orders]
path = "orders.csv"
columns.id = "bigint"
columns.at = "timestamp"
columns.kind = "varchar"
columns.amount = "bigint"

[python.daily]
function = "shop_code:daily"
build = { mode = "interval", column = "day", grain = "day", start = 2024-01-01, end = 2024-02-01, batch_size = 2 }
inputs.orders = { time_column = "at" }
columns.day = { type = "date", checks = ["not_null"] }
columns.amount = "bigint"
checks = [{ row_count = { min = 1 } }]

[python.by_kind]
function = "shop_code:by_kind"
build = { mode = "partition", column = "kind", values = ["a", "b", "c", "d", "e", "f", "g"] }
inputs.orders = { partition_column = "kind" }
columns.kind = "varchar"
columns.amount = "bigint"

[sql.behind]
query = "select d.day, d.amount + k.amount as amount from daily as d, by_kind as k"
"""
CODE = """
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

HERE = Path(__file__).parent
SLOW = 0.0

def called(name, piece):
    with (HERE / "calls.txt").open("a") as file:
        file.write(f"{name}@{piece}\\n")
    time.sleep(SLOW)
    if (HERE / "broken").exists() and piece in (HERE / "broken").read_text().split():
        raise ConnectionError(piece)

def daily(orders: pa.Table, context):
    called("daily", str(context.start.date()))
    own = orders.filter(pc.and_(
        pc.greater_equal(orders["at"], context.start), pc.less(orders["at"], context.end)
    ))
    days = pc.cast(own["at"], pa.date32())
    return pa.table({"day": days, "amount": own["amount"]})

def by_kind(orders: pa.Table, context):
    called("by_kind", context.partition)
    own = orders.filter(pc.equal(orders["kind"], context.partition))
    return own.select(["kind", "amount"])
"""
START = datetime(2024, 1, 1)


def order(number: int, chance: random.Random) -> str:
    at = START + timedelta(hours=chance.randrange(31 * 24))
    return f"{number},{at},{chance.choice('abcdefg')},{chance.randrange(9)}"


def orders(project: Project, chance: random.Random, count: int = 40) -> list[str]:
    """Writes some, and gives them; a later call may change or drop some of them."""
    lines = [order(number, chance) for number in range(count)]
    project.write("orders.csv", "\n".join(["id,at,kind,amount", *lines]) + "\n")
    return lines


def shared(project: Project) -> dict[str, int]:
    """Which assets were divided, and into how many shares."""
    return {str(each.address): each.data["shares"] for each in project.events if each.type == "task_divided"}


@pytest.mark.law
@settings(deadline=None, max_examples=max(2, PROOF_STEPS // 40), suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10**9))
def test_several_workers_make_what_one_makes(
    seed: int, tmp_path_factory: pytest.TempPathFactory, progress_at_once: None, always_divided: None
) -> None:
    """After any changes of the rows, and with a failure in between."""
    chance = random.Random(seed)
    alone, together = (Project(tmp_path_factory.mktemp(name) / "shop") for name in ("alone", "together"))
    try:
        for each in (alone, together):
            each.write("shop_code.py", CODE)
            each.pipeline(SPECS)
        lines, divided = orders(alone, chance), set[str]()
        for _ in range(3):
            for each in (alone, together):
                each.write("orders.csv", "\n".join(["id,at,kind,amount", *lines]) + "\n")
            if chance.random() < 0.5:
                together.write(
                    "broken", f"{(START + timedelta(days=chance.randrange(31))).date()} {chance.choice('abc')}"
                )
                together.apply(workers=3)
                divided |= shared(together).keys()
                (together.root / "broken").unlink()
            assert alone.apply(executor="inline").status == "succeeded"
            assert together.apply(workers=3).status == "succeeded"
            divided |= shared(together).keys()
            assert together.tables() == alone.tables()
            assert together.plan().empty
            assert together.state.contradictions() == []
            assert not shared(alone)
            lines.pop(chance.randrange(len(lines)))
            lines.append(order(len(lines), chance))
        assert "shop.daily" in divided
    finally:
        alone.close()
        together.close()


def test_a_failed_share_keeps_the_others_work(project: Project) -> None:
    project.write("shop_code.py", CODE)
    project.pipeline(SPECS)
    orders(project, random.Random(1))
    project.write("broken", "2024-01-09 c")
    result = project.apply(workers=2)
    assert project.outcomes(result) == {"orders": "built", "daily": "failed", "by_kind": "failed", "behind": "skipped"}
    assert shared(project) == {"shop.daily": 8, "shop.by_kind": 7}
    failed = [each for each in project.events if each.type == "share_finished" and each.data["outcome"] == "failed"]
    assert {str(each.address) for each in failed} == {"shop.daily[2024-01-09]", "shop.by_kind[c]"}
    assert [found.code for task in result.tasks for found in task.diagnostics] == ["VP406", "VP406"]
    before = calls(project)
    (project.root / "broken").unlink()
    assert project.apply(workers=2).status == "succeeded"
    again = calls(project) - before
    assert again["by_kind@c"] == 1 and again.total() < before.total() / 2
    assert max((calls(project) - Counter({"by_kind@c": 1, "daily@2024-01-09": 1})).values()) == 1
    assert project.plan().empty


def test_only_the_share_that_failed_is_attempted_again(project: Project) -> None:
    project.write("shop_code.py", CODE.replace("        raise", "        (HERE / 'broken').unlink()\n        raise"))
    project.pipeline(SPECS.replace('function = "shop_code:by_kind"', 'function = "shop_code:by_kind"\nretry = 2'))
    orders(project, random.Random(1))
    project.write("broken", "c")
    assert project.apply(workers=2).status == "succeeded"
    assert [str(each.address) for each in project.events if each.type == "task_retried"] == ["shop.by_kind[c]"]
    assert {name: times for name, times in calls(project).items() if times > 1} == {"by_kind@c": 2}


def test_a_share_may_take_as_long_as_the_asset_says(project: Project) -> None:
    """The asset as a whole may take longer, as this one does: one share alone uses up that time."""
    hangs = (
        "    first = not (HERE / 'begun').exists()\n"
        "    if piece == 'c':\n"
        "        (HERE / 'begun').touch()\n"
        "        while first and not (HERE / 'over').exists():\n"
        "            time.sleep(0.05)\n"
        "        (HERE / 'over').touch()\n"
    )
    project.write("shop_code.py", CODE.replace("    time.sleep(SLOW)\n", hangs))
    limit = 'retry = 2\ntimeout = "2s"\n'
    by_kind = 'function = "shop_code:by_kind"\n'
    project.pipeline(SPECS.replace(by_kind, by_kind + limit))
    orders(project, random.Random(1))
    assert project.apply(workers=2).status == "succeeded"
    assert shared(project)["shop.by_kind"] == 7
    assert [(str(each.address), each.data["code"]) for each in project.events if each.type == "task_retried"] == [
        ("shop.by_kind[c]", "VP802")
    ]
    assert {name: times for name, times in calls(project).items() if times > 1} == {"by_kind@c": 2}
    assert project.plan().empty


def test_a_pool_of_one_lets_one_be_made_at_a_time(project: Project) -> None:
    """Shares claim what their asset claims."""
    code = CODE.replace(
        "def called(name, piece):\n",
        'INSIDE = set()\n\ndef called(name, piece):\n    if name == "by_kind":\n'
        "        assert not INSIDE\n        INSIDE.add(piece)\n        time.sleep(0.02)\n"
        "        INSIDE.discard(piece)\n",
    )
    project.write("shop_code.py", code)
    project.write("vp.toml", '[project]\nname = "trial"\n[executor]\npools = { api = 1 }\n')
    project.pipeline(
        SPECS.replace(
            'function = "shop_code:by_kind"', 'function = "shop_code:by_kind"\nresources = { pools = ["api"] }'
        )
    )
    orders(project, random.Random(1))
    assert project.apply(workers=4).status == "succeeded"
    assert shared(project)["shop.by_kind"] == 7


def test_a_killed_apply_leaves_what_shares_have_finished(project: Project) -> None:
    project.write("shop_code.py", CODE.replace("SLOW = 0.0", "SLOW = 0.25"))
    project.pipeline(SPECS)
    orders(project, random.Random(1))
    apply_until(project, 16)
    before = calls(project)
    assert project.apply(executor="inline").status == "succeeded"
    twice = [name for name, times in calls(project).items() if times > 1]
    assert len(twice) < before.total() - 2
    assert project.plan().empty


def test_what_hangs_on_its_own_past_is_made_by_one(project: Project) -> None:
    project.pipeline(
        "[sql.balances]\nquery = '''select cast($start as date) as day, "
        "cast(coalesce((select max(total) from balances), 0) + 1 as bigint) as total where $start < $end'''\n"
        'build = { mode = "interval", column = "day", grain = "day", start = 2024-01-01, end = 2024-03-01 }\n'
        'columns.day = "date"\ncolumns.total = "bigint"\n'
    )
    assert project.apply(workers=4).status == "succeeded"
    assert shared(project) == {}
    assert project.rows("shop.balances")[-1][1] == 60


SETTINGS = Intervals("day", "day", START)


@pytest.mark.parametrize(
    ("survey", "small", "shares"),
    [
        (Survey(4, apart=False, seconds=None), False, 16),
        (Survey(4, apart=False, seconds=0.1), False, 0),  # it takes too little
        (Survey(4, apart=False, seconds=9.0), True, 16),
        (Survey(4, apart=False, seconds=None), True, 0),
        (Survey(1, apart=False, seconds=None), False, 0),  # there is nobody else
    ],
)
def test_what_is_divided(survey: Survey, small: bool, shares: int) -> None:
    wanted = (Range(START, START + timedelta(days=60)),)
    found = divide_intervals(None, wanted, SETTINGS, survey, small=small)
    assert len(found) <= shares <= len(found) + 1
    if shares:
        assert merged(each for share in found for each in only_ranges(share.slices)) == wanted
    values = tuple(str(number) for number in range(60))
    dealt = divide_values(None, values, survey, small=small)
    assert tuple(value for share in dealt for value in share.slices) == (values if shares else ())


def test_one_query_is_divided_only_between_engines() -> None:
    wanted = (Range(START, START + timedelta(days=60)),)
    separable = Intervals("day", "day", START, separable=True)
    assert divide_intervals(None, wanted, separable, Survey(4, apart=False, seconds=9.0), small=False) == ()
    apart = divide_intervals(None, wanted, separable, Survey(4, apart=True, seconds=9.0), small=False)
    assert [len([*cut(only_ranges(each.slices), "day", each.batch)]) for each in apart] == [1] * 4
