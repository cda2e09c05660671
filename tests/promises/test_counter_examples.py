"""Edits after which something was skipped that should not have been, or failed that should not have; one test each."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from tests.run.conftest import VP_TOML

from vibepiper_interpreter.plan.asked import Asked

if TYPE_CHECKING:
    from tests.run.conftest import Project

NAMES = """
import pyarrow as pa

def names(pairs: pa.Table) -> pa.Table:
    return pa.table({"first": [pairs.column_names[0]], "values": [str(pairs.column(0).to_pylist())]})
"""
PYTHON = '[python.read]\nfunction = "shop_code:names"\ncolumns.first = "varchar"\ncolumns.values = "varchar"\n'
GIVEN = '[sql.given]\nquery = "select range as id, range * 2 as twice from range(3)"\n'


def test_a_function_feels_the_order_of_the_columns_it_is_given(project: Project) -> None:
    project.write("shop_code.py", NAMES)
    project.pipeline(GIVEN + '[sql.pairs]\nquery = "select id, twice from given"\n' + PYTHON)
    assert project.apply().status == "succeeded"
    project.pipeline(GIVEN + '[sql.pairs]\nquery = "select twice, id from given"\n' + PYTHON)
    assert project.apply().status == "succeeded"
    assert project.rows("shop.read") == [("twice", "[0, 2, 4]")]
    assert project.plan().empty


@pytest.mark.parametrize("inputs", ["", 'inputs = { pairs = { asset = "pairs", columns = ["id"] } }\n'])
def test_a_function_feels_the_spelling_of_a_column(project: Project, inputs: str) -> None:
    project.write("shop_code.py", NAMES)
    project.pipeline(GIVEN + '[sql.pairs]\nquery = "select id + 0 as id, twice from given"\n' + PYTHON + inputs)
    assert project.apply().status == "succeeded"
    project.pipeline(GIVEN + '[sql.pairs]\nquery = "select id + 0 as Id, twice from given"\n' + PYTHON + inputs)
    assert project.apply().status == "succeeded"
    assert project.rows("shop.read") == [("Id", "[0, 1, 2]")]


def test_whoever_counts_rows_feels_a_column_that_is_shown_and_filtered_by(project: Project) -> None:
    rest = (
        '[sql.few]\nquery = "select id from ids where id > 1"\n[sql.tally]\nquery = "select count(*) as n from few"\n'
    )
    for expression, count in (("id", 1), ("id + 1", 2)):
        project.pipeline(f'{GIVEN}[sql.ids]\nquery = "select {expression} as id from given"\n{rest}')
        assert project.apply().status == "succeeded"
        assert project.rows("shop.tally") == [(count,)]


def test_a_view_that_never_shows_the_same_twice_proves_nothing_about_its_readers(project: Project) -> None:
    view = (
        '[sql.luck]\nquery = "select range as id, random() as chance from range(3)"\nbuild = "view"\n'
        '[sql.more_luck]\nquery = "select * from luck"\nbuild = "view"\n'
    )
    read = '[sql.read]\nquery = "select id, chance from table_of_luck"\n'
    for column in ("id + 1", "id + 2"):
        project.pipeline(
            f'{view}[sql.table_of_luck]\nquery = "select {column} as id, chance, id as a from more_luck"\n{read}'
        )
        assert project.apply().status == "succeeded"
        assert project.rows("shop.read") == project.query("select id, chance from shop.table_of_luck order by all")
    project.pipeline(
        f'{view}[sql.table_of_luck]\nquery = "select {column} as id, chance, id + 1 as a from more_luck"\n{read}'
    )
    assert project.apply().status == "succeeded"
    assert project.rows("shop.read") == project.query("select id, chance from shop.table_of_luck order by all")


def test_a_source_read_in_place_whose_file_was_only_touched_can_be_read_anew(project: Project) -> None:
    project.write("given.csv", "id\n1\n2\n")
    source = '[source.file.given]\npath = "given.csv"\nbuild = "view"\n'
    project.pipeline(source + '[sql.read]\nquery = "select id from given"\n')
    assert project.apply().status == "succeeded"
    os.utime(project.root / "given.csv", (1, 1))
    assert project.plan().empty or {action.verb for action in project.plan().actions} == {"repoint"}
    project.pipeline(source + '[sql.read]\nquery = "select id + 1 as id from given"\n')
    assert project.apply().status == "succeeded"
    assert project.rows("shop.read") == [(2,), (3,)]
    assert project.plan().empty


def test_minus_zero_is_another_value_than_zero(project: Project) -> None:
    read = '[sql.read]\nquery = "select cast(a as varchar) as a from given"\n'
    for zero, shown in (("0.0", "0.0"), ("-0.0", "-0.0")):
        project.write("given.csv", f"a\n-1.5\n{zero}\n1.5\n")
        project.pipeline(f'[source.file.given]\npath = "given.csv"\ncolumns.a = "double"\n{read}')
        assert project.apply().status == "succeeded"
        assert project.rows("shop.read") == sorted([("-1.5",), (shown,), ("1.5",)])


def test_what_is_merged_no_more_shows_its_readers_other_rows(project: Project) -> None:
    """The same query, read by a table: merged, the row that is flagged goes; as a table it is there."""
    project.write("given.csv", "id,kind,gone\n1,a,false\n2,a,true\n")
    source = '[source.file.given]\npath = "given.csv"\ncolumns.gone = "boolean"\n'
    state = '[sql.state]\nquery = "select id, kind, gone from given"\n'
    read = '[sql.read]\nquery = "select kind, count(*) as n from state group by 1"\n'
    merge = 'build = { mode = "merge", key = ["id"], delete_flag = "gone" }\n'
    for build, rows in ((merge, 1), ("", 2), (merge, 1)):
        project.pipeline(source + state + build + read)
        assert project.apply().status == "succeeded"
        assert project.rows("shop.read") == [("a", rows)]


def test_a_source_that_is_read_anew_may_hold_other_rows_than_before(project: Project) -> None:
    """Of a file that changed, only its slices were replaced; read anew, the rows that it had before are gone."""
    project.pipeline(
        '[source.file.given]\npath = "given.csv"\nwrite = { mode = "partition", column = "kind" }\n'
        '[sql.read]\nquery = "select kind, id from given"\n'
    )
    project.write("given.csv", "kind,id\na,1\n")
    assert project.apply().status == "succeeded"
    project.write("given.csv", "kind,id\nb,2\n")
    assert project.apply(project.plan(asked=Asked(rebuild=("given",)))).status == "succeeded"
    assert project.rows("shop.given") == project.rows("shop.read") == [("b", 2)]


def test_what_only_grows_begins_anew_as_it_once_did_after_what_it_reads(project: Project) -> None:
    """It was extended by all rows of another log, and so came to hold what a version of before held already."""
    project.write("raw.csv", "id,amount\n1,5\n2,6\n")
    logs = (
        '[source.file.raw]\npath = "raw.csv"\n'
        '[sql.log]\nquery = "select id, amount * {factor} as amount from raw"\nbuild = "append"\n'
        '[sql.second]\nquery = "select id, amount + 1 as amount from log"\nbuild = "append"\n'
    )
    for factor in (1, 2):
        project.pipeline(logs.format(factor=factor))
        assert project.apply().status == "succeeded"
        assert project.plan().empty
    project.pipeline(logs.format(factor=1))
    assert project.outcomes(project.apply()) == {"log": "repointed", "second": "repointed"}
    assert project.rows("shop.second") == [(1, 6), (2, 7)]
    assert project.plan().empty


def test_what_goes_on_stays_where_its_input_began_anew_and_is_equal_in_what_it_uses(project: Project) -> None:
    """It says of each row what it saw when the row came; that another column of the input is other makes no row new."""
    project.write("raw.csv", "id,amount\n1,5\n")
    project.write("labels.csv", "label\na\n")
    project.pipeline(
        '[source.file.raw]\npath = "raw.csv"\nwrite = "append"\ncursor = "modified"\n'
        '[source.file.labels]\npath = "labels.csv"\n'
        '[sql.log]\nquery = "select r.id, l.label, r.amount from raw as r cross join labels as l"\nbuild = "append"\n'
        '[sql.second]\nquery = "select l.id, s.label as first from log as l cross join labels as s"\nbuild = "append"\n'
    )
    assert project.apply().status == "succeeded"
    project.write("labels.csv", "label\nb\n")
    assert project.apply().status == "succeeded"
    assert project.rows("shop.log") == [(1, "a", 5)]
    result = project.apply(project.plan(asked=Asked(None, None, ("log",))))
    assert project.outcomes(result) == {"log": "built", "second": "kept"}
    assert project.rows("shop.log") == [(1, "b", 5)] and project.rows("shop.second") == [(1, "a")]


def test_what_begins_with_its_input_takes_over_what_another_environment_has_gone_on_with(project: Project) -> None:
    """`dev` began its log anew, and went on with it after another table had changed; `prod` is behind, and shows the
    same then: it is no table that `prod` alone would have made, which saw all rows at once."""
    project.write("vp.toml", VP_TOML + "[environment.prod]\n")
    project.write("raw.csv", "id,amount\n1,5\n")
    logs = (
        '[source.file.raw]\npath = "raw.csv"\nwrite = "append"\ncursor = "modified"\n'
        '[sql.factors]\nquery = "select {other} as factor"\n'
        '[sql.log]\nquery = "select id, amount * {factor} as amount from raw"\nbuild = "append"\n'
        '[sql.second]\nquery = "select l.id, l.amount * f.factor as amount from log as l cross join factors as f"\n'
        'build = "append"\n'
    )
    for factor, other, environments in ((1, 1, ("dev", "prod")), (2, 1, ("dev",)), (2, 10, ("dev",))):
        project.pipeline(logs.format(factor=factor, other=other))
        for environment in environments:
            assert project.apply(project.plan(environment=environment)).status == "succeeded"
    assert project.rows("shop.second") == [(1, 10)]  # as it saw the row, with the factor of then
    assert project.apply(project.plan(environment="prod")).status == "succeeded"
    assert project.rows("shop.second", "prod") == [(1, 10)]
    assert project.plan(environment="prod").empty


@pytest.mark.parametrize(
    ("given", "query", "rows"),
    [
        (("id, g", "id"), ("* exclude (g)", "*"), [(1,), (2,)]),
        (("id", "id, g"), ("*", "* exclude (g)"), [(1,), (2,)]),
        (("id, g", "g, id"), ("*", "id, g"), [(1, 5), (2, 6)]),
        (("id, g", "id, g + 1 as h"), ("* exclude (g)", "* exclude (h)"), [(1,), (2,)]),
        (("id, g", "id, g as h"), ("* exclude (g)", "* exclude (h)"), [(1,), (2,)]),
    ],
)
@pytest.mark.parametrize("volatile", ["", " where random() >= 0"])
def test_a_view_that_means_the_same_is_told_anew_where_its_input_has_other_columns(
    project: Project, given: tuple[str, str], query: tuple[str, str], rows: list[tuple[int, ...]], volatile: str
) -> None:
    """It is read by its text, and that of before showed other columns, or named one that was gone."""
    project.write("raw.csv", "id,g\n1,5\n2,6\n")
    text = (
        '[source.file.raw]\npath = "raw.csv"\n[sql.t]\nquery = "select {given} from raw{volatile}"\n'
        '[sql.v]\nquery = "select {query} from t"\nbuild = "view"\n[sql.total]\nquery = "select sum(id) as s from v"\n'
    )
    moved = '[[moved]]\nfrom = "t.g"\nto = "t.h"\n' if given[1] == "id, g as h" else ""
    for index, blocks in enumerate(("", moved)):
        project.pipeline(text.format(given=given[index], query=query[index], volatile=volatile) + blocks)
        assert project.apply().status == "succeeded"
        assert project.rows("shop.v") == rows
    assert project.plan().empty
    project.write("raw.csv", "id,g\n1,5\n2,6\n3,7\n")
    assert project.apply().status == "succeeded"
    assert project.rows("shop.total") == [(6,)]


def test_a_view_is_told_anew_though_its_input_got_other_columns_before(project: Project) -> None:
    project.write("raw.csv", "id,g\n1,5\n2,6\n")
    text = (
        '[source.file.raw]\npath = "raw.csv"\n[sql.t]\nquery = "select {given} from raw"\n'
        '[sql.v]\nquery = "select {query} from t"\nbuild = "view"\n'
    )
    project.pipeline(text.format(given="id", query="*"))
    project.apply()
    project.pipeline(text.format(given="id, g", query="* exclude (g)"))
    assert project.apply(project.plan("t")).status == "succeeded"
    assert project.apply().status == "succeeded"
    assert project.rows("shop.v") == [(1,), (2,)]
    assert project.plan().empty


@pytest.mark.parametrize(("other", "made"), [("amount + 0", []), ("amount * (1 + day)", ["2026-01-02"])])
def test_intervals_that_came_out_right_are_not_made_though_fewer_were_made_of_the_same(
    project: Project, other: str, made: list[str]
) -> None:
    """An earlier version of the very inputs has some of them; of the others, what is published may be right."""
    project.now = datetime(2026, 1, 6, tzinfo=UTC)
    project.write("calls", "")
    project.write(
        "shop_code.py",
        "from pathlib import Path\nimport pyarrow as pa\n"
        "def days(amounts: pa.Table, context):\n"
        "    with Path(__file__).with_name('calls').open('a') as calls:\n"
        "        calls.write(f'{context.start:%Y-%m-%d}\\n')\n"
        "    rows = [each for each in amounts.to_pylist() if each['at'] == context.start.date()]\n"
        "    return pa.table({'at': pa.array([each['at'] for each in rows], pa.date32()),\n"
        "                     'amount': pa.array([each['amount'] for each in rows], pa.int64())})\n",
    )
    text = """
[sql.amounts]
query = "select date '2026-01-01' + i::integer as at, ({expression})::bigint as amount from (select i, 5 as amount, \\
(i = 1)::integer as day from range(5) as r(i))"
[python.days]
function = "shop_code:days"
columns.at = "date"
columns.amount = "bigint"
inputs.amounts = {{ time_column = "at" }}
build = {{ mode = "interval", column = "at", grain = "day", start = {start} }}
"""

    def apply(expression: str, start: str) -> list[str]:
        project.write("calls", "")
        project.pipeline(text.format(expression=expression, start=start).replace("\\\n", ""))
        assert project.apply().status == "succeeded"
        assert project.plan().empty
        return sorted((project.root / "calls").read_text().split())

    assert apply("amount", "2026-01-03") == ["2026-01-03", "2026-01-04", "2026-01-05"]
    assert apply(other, "2026-01-03") == []
    assert apply(other, "2026-01-01") == ["2026-01-01", "2026-01-02"]
    assert apply("amount", "2026-01-01") == made
    assert [amount for _, amount in project.rows("shop.days")] == [5] * 5
