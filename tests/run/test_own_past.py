"""Assets whose intervals are made upon their own earlier ones: in order, without a hole, as if from nothing."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from tests.run.conftest import VP_TOML, Project

from vibepiper_interpreter.plan.asked import Asked
from vibepiper_interpreter.plan.plan import Action
from vibepiper_interpreter.storage.slices import Range, built_ranges
from vibepiper_interpreter.storage.version import Version
from vibepiper_spec.address import Address

SOURCE = """
[source.file.movements]
path = "movements.csv"
"""
BALANCES = """
[sql.balances]
query = '''
select account, cast($start as date) as day, cast(sum(amount) as decimal(18, 2)) as balance
from (
  select account, balance as amount from balances where day = cast($start as date) - 1
  union all
  select account, amount from movements where moved >= $start and moved < $end
)
group by account
'''
build = { mode = "interval", column = "day", grain = "day", start = 2024-01-01 }
columns.account = "varchar"
columns.day = "date"
columns.balance = "decimal(18, 2)"
"""
# All earlier intervals: nothing in the query says that an old one cannot matter.
HIGHEST = """
[sql.highest]
query = '''
select cast($start as date) as day,
  greatest(coalesce((select max(highest) from highest), 0), coalesce(max(amount), 0))::bigint as highest
from movements where moved >= $start and moved < $end
'''
build = { mode = "interval", column = "day", grain = "day", start = 2024-01-01 }
columns.highest = "bigint"
"""
PYTHON = """
[python.running]
function = "bank_code:run"
build = { mode = "interval", column = "day", grain = "day", start = 2024-01-01 }
inputs.movements = { time_column = "moved" }
columns.day = "date"
columns.total = "bigint"
"""
CODE = """
import pyarrow as pa
import pyarrow.compute as pc


def run(running: pa.Table, movements: pa.Table, context) -> pa.Table:
    assert running.schema.names == ["day", "total"]
    before = running.sort_by("day")["total"].to_pylist()
    moved = movements["moved"]
    now = movements.filter(pc.and_(pc.greater_equal(moved, context.start), pc.less(moved, context.end)))
    total = (before[-1] if before else 0) + sum(now["amount"].to_pylist())
    return pa.table({"day": [context.start.date()], "total": [total]})
"""
FIRST = ("a,2024-01-01 08:00:00,10", "b,2024-01-02 09:00:00,5", "a,2024-01-04 10:00:00,-3")


def at(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


def day(number: int) -> datetime:
    return datetime(2024, 1, number)


def movements(project: Project, *rows: str) -> None:
    project.write("movements.csv", "\n".join(["account,moved,amount", *rows]) + "\n")


@pytest.fixture
def bank(project: Project) -> Project:
    project.write("vp.toml", VP_TOML + "[environment.prod]\n")
    project.write("bank_code.py", CODE)
    project.pipeline(SOURCE + BALANCES)
    movements(project, *FIRST)
    project.now = at(2024, 1, 7)
    return project


def action(project: Project, name: str = "balances", asked: Asked | None = None) -> Action:
    return next(each for each in project.plan(asked=asked).actions if each.address.name == name)


def version(project: Project, name: str = "balances", environment: str = "dev") -> Version:
    version_id = project.state.pointers(environment)[Address("shop", name)].version_id
    return project.state.versions([version_id])[version_id]


def balances(project: Project, name: str = "balances") -> dict[tuple[str, int], int]:
    return {(account, when.day): int(balance) for account, when, balance in project.rows(f"shop.{name}")}


def different(project: Project, before: Version, name: str = "balances") -> tuple[Range, ...]:
    """The intervals that are others now than in the version `before`, or are new."""
    known = {each.since for each in before.built}
    return built_ranges(each for each in version(project, name).built if each.since not in known)


def test_each_interval_is_made_upon_the_one_before(bank: Project) -> None:
    planned = action(bank)
    assert (planned.verb, planned.slices) == ("create", (Range(day(1), day(7)),))
    assert bank.apply().status == "succeeded"
    a = {("a", number): 10 if number < 4 else 7 for number in range(1, 7)}
    assert balances(bank) == a | {("b", number): 5 for number in range(2, 7)}
    assert bank.rows("shop.balances")[0][2] == Decimal("10.00")
    assert bank.plan().empty


def test_time_that_passes_goes_on_from_the_last_one(bank: Project) -> None:
    bank.apply()
    before = version(bank)
    movements(bank, *FIRST, "b,2024-01-08 09:00:00,100")
    bank.now = at(2024, 1, 9)
    assert action(bank).slices == (Range(day(7), day(9)),)
    bank.apply()
    assert balances(bank)["b", 7] == 5
    assert balances(bank)["b", 8] == 105
    assert different(bank, before) == (Range(day(7), day(9)),)


def test_a_late_row_reaches_all_that_was_made_upon_its_interval(bank: Project) -> None:
    bank.apply()
    before = version(bank)
    movements(bank, *FIRST, "b,2024-01-03 23:00:00,100")
    bank.apply()
    assert balances(bank)["b", 2] == 5
    assert [balances(bank)["b", number] for number in range(3, 7)] == [105] * 4
    assert different(bank, before) == (Range(day(3), day(7)),)
    assert bank.plan().empty


def test_the_wave_stops_where_an_interval_comes_out_as_it_was(bank: Project) -> None:
    bank.apply()
    before = version(bank)
    movements(bank, *FIRST, "a,2024-01-02 08:00:00,50", "a,2024-01-03 08:00:00,-50")
    bank.apply()
    assert [balances(bank)["a", number] for number in range(1, 5)] == [10, 60, 10, 7]
    assert different(bank, before) == (Range(day(2), day(3)),)  # the third was made again, and is what it was
    assert bank.plan().empty


def test_a_query_that_may_look_at_all_of_its_past_sees_a_change_of_long_ago(bank: Project) -> None:
    bank.pipeline(SOURCE + HIGHEST)
    bank.apply()
    assert [highest for _, highest in bank.rows("shop.highest")] == [10] * 6
    movements(bank, *FIRST, "c,2024-01-02 08:00:00,20", "c,2024-01-05 08:00:00,15")
    bank.apply()
    assert [highest for _, highest in bank.rows("shop.highest")] == [10, 20, 20, 20, 20, 20]
    movements(bank, *FIRST, "c,2024-01-05 08:00:00,15")
    bank.apply()
    assert [highest for _, highest in bank.rows("shop.highest")] == [10, 10, 10, 10, 15, 15]
    assert bank.plan().empty


def test_a_function_gets_its_own_earlier_rows(bank: Project) -> None:
    bank.pipeline(SOURCE + PYTHON)
    assert bank.apply().status == "succeeded"
    assert [total for _, total in bank.rows("shop.running")] == [10, 15, 15, 12, 12, 12]
    movements(bank, *FIRST, "b,2024-01-03 23:00:00,100")
    bank.apply()
    assert [total for _, total in bank.rows("shop.running")] == [10, 15, 115, 112, 112, 112]
    assert bank.plan().empty


def test_a_later_beginning_leaves_no_hole(bank: Project) -> None:
    asked = Asked(start=day(4), end=day(5))
    planned = action(bank, asked=asked)
    assert planned.slices == (Range(day(1), day(5)),)
    assert [reason.words for reason in planned.reasons if reason.code == "slices"] == [
        "3 days (2024-01-01 to 2024-01-04) are made too: those asked for are made upon them"
    ]
    bank.apply(bank.plan(asked=asked))
    assert built_ranges(version(bank).built) == (Range(day(1), day(5)),)
    planned = action(bank, asked=Asked(start=day(6)))
    assert planned.slices == (Range(day(5), day(7)),)
    bank.apply()
    assert balances(bank)["a", 6] == 7
    assert bank.plan().empty


def test_another_first_interval_makes_all_of_them_anew(bank: Project) -> None:
    bank.apply()
    bank.pipeline(SOURCE + BALANCES.replace("start = 2024-01-01", "start = 2024-01-02"))
    planned = action(bank)
    assert planned.verb == "rebuild"
    assert planned.reasons[0].words == (
        "its first interval begins 2024-01-02 and no more 2024-01-01: all others are made upon it"
    )
    bank.apply()
    assert balances(bank) == {("a", 4): -3, ("a", 5): -3, ("a", 6): -3} | {("b", number): 5 for number in range(2, 7)}
    assert bank.plan().empty
    bank.pipeline(SOURCE + BALANCES)
    bank.apply()
    assert balances(bank)["a", 6] == 7


def test_what_is_restated_is_made_upon_what_is_there(bank: Project) -> None:
    """A function whose rows hang on something that nobody sees."""
    bank.pipeline(SOURCE + PYTHON)
    bank.apply()
    bank.write("bank_code.py", CODE.replace("else 0)", "else 1000)") + "\n# edited")
    assert action(bank, "running").verb == "rebuild"
    bank.write("bank_code.py", CODE)
    before = version(bank, "running")
    asked = Asked(start=day(2), end=day(3), rebuild=("running",))
    planned = action(bank, "running", asked=asked)
    assert planned.slices == (Range(day(2), day(3)),)
    assert "up to 4 days behind" in planned.reasons[-1].words
    bank.apply(bank.plan(asked=asked))
    assert version(bank, "running").id == before.id  # it came out as it was, and no other was made
    assert bank.plan().empty


def test_another_environment_shows_the_same_and_goes_on(bank: Project) -> None:
    bank.apply()
    files = bank.part_files()
    bank.apply(bank.plan(environment="prod"))
    assert bank.part_files() == files
    bank.now = at(2024, 1, 9)
    bank.apply(bank.plan(environment="prod"))
    assert version(bank, environment="prod").rows == 15
    assert built_ranges(version(bank).built) == (Range(day(1), day(7)),)
    before = bank.part_files()
    bank.apply()
    assert bank.part_files() == before
    assert bank.rows("shop.balances") == bank.rows("shop.balances", "prod")


def test_it_goes_on_under_another_name(bank: Project) -> None:
    bank.apply()
    files = bank.part_files()
    renamed = BALANCES.replace("sql.balances", "sql.accounts").replace("from balances where", "from accounts where")
    bank.pipeline(SOURCE + renamed + '[[moved]]\nfrom = "balances"\nto = "accounts"\n')
    assert action(bank, "accounts").verb == "record"
    bank.apply()
    assert bank.part_files() == files
    assert bank.plan().empty
    bank.now = at(2024, 1, 8)
    bank.apply()
    assert balances(bank, "accounts")["a", 7] == 7


def test_what_it_reads_may_get_other_names(bank: Project) -> None:
    bank.pipeline(SOURCE + BALANCES)
    bank.apply()
    files = bank.part_files()
    moved = '[[moved]]\nfrom = "movements"\nto = "moves"\n'
    bank.pipeline(
        (SOURCE + BALANCES).replace("file.movements", "file.moves").replace("from movements", "from moves") + moved
    )
    bank.apply()
    assert bank.part_files() == files
    assert bank.plan().empty
    bank.now = at(2024, 1, 8)
    bank.apply()
    assert balances(bank)["a", 7] == 7


def test_a_column_of_it_gets_another_name(bank: Project) -> None:
    bank.apply()
    files = bank.part_files()
    renamed = BALANCES.replace("balance as amount", "total as amount").replace("as balance", "as total")
    block = '[[moved]]\nfrom = "balances.balance"\nto = "balances.total"\n'
    bank.pipeline(SOURCE + renamed.replace("columns.balance", "columns.total") + block)
    assert action(bank).verb == "record"
    bank.apply()
    assert bank.part_files() == files
    assert bank.plan().empty
    bank.now = at(2024, 1, 8)
    bank.apply()
    assert balances(bank)["a", 7] == 7
    assert bank.plan().empty


def test_a_table_is_no_past_to_go_on_from(bank: Project) -> None:
    table = """
[sql.balances]
query = "select account, cast(moved as date) as day, cast(amount as decimal(18, 2)) as balance from movements"
"""
    bank.pipeline(SOURCE + table)
    bank.apply()
    bank.pipeline(SOURCE + BALANCES)
    planned = action(bank)
    assert planned.verb == "rebuild"
    assert "each of its intervals is made upon those before it" in planned.reasons[-1].words
    bank.apply()
    assert balances(bank)["a", 6] == 7


def test_several_are_never_made_at_once(bank: Project) -> None:
    bank.pipeline(SOURCE + BALANCES.replace("start = 2024-01-01", "start = 2024-01-01, batch_size = 3"))
    bank.apply()
    assert balances(bank)["a", 6] == 7
    assert version(bank).rows == 11


def test_an_edit_of_one_column_reaches_those_made_of_it_in_later_intervals(bank: Project) -> None:
    marked = BALANCES.replace(
        "as balance\nfrom",
        "as balance,\n  coalesce(max(rich), false) as rich\nfrom",
    ).replace(
        "select account, balance as amount from",
        "select account, balance as amount, balance > 5 as rich from",
    )
    marked = marked.replace("select account, amount from", "select account, amount, false from")
    reader = '[sql.who]\nquery = "select distinct account from balances where rich"\n'
    bank.pipeline(SOURCE + marked + 'columns.rich = "boolean"\n' + reader)
    bank.apply()
    assert bank.rows("shop.who") == [("a",)]
    bank.pipeline(SOURCE + marked.replace("sum(amount)", "sum(2 * amount)") + 'columns.rich = "boolean"\n' + reader)
    assert action(bank, "who").expected == "run"
    bank.apply()
    assert bank.rows("shop.who") == [("a",), ("b",)]


def test_the_guide_shows_what_works(bank: Project) -> None:
    guide = (Path(__file__).parents[2] / "docs" / "guides" / "incremental.md").read_text()
    [example] = [block for block in re.findall(r"```toml\n(.*?)```", guide, re.DOTALL) if "[sql.balances]" in block]
    bank.pipeline(SOURCE.replace("movements.csv", "moved.csv") + example)
    bank.write("moved.csv", "\n".join(["account,moved_at,amount", *FIRST]) + "\n")
    assert bank.apply().status == "succeeded"
    assert [balances(bank)["a", number] for number in range(1, 7)] == [10, 10, 10, 7, 7, 7]
    before = version(bank)
    late = "a,2024-01-02 08:00:00,50", "a,2024-01-03 08:00:00,-50"
    bank.write("moved.csv", "\n".join(["account,moved_at,amount", *FIRST, *late]) + "\n")
    bank.apply()
    assert different(bank, before) == (Range(day(2), day(3)),)


def test_before_its_first_interval_is_over_it_is_empty(bank: Project) -> None:
    bank.now = at(2023, 12, 31)
    bank.apply()
    assert bank.rows("shop.balances") == []
    bank.now = at(2024, 1, 2)
    bank.apply()
    assert balances(bank) == {("a", 1): 10}
