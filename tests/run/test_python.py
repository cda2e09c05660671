"""Python assets: every flavour in and out, streamed results, and failures with the user's own frames."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from vibepiper_interpreter.run.events import Event
from vibepiper_interpreter.run.result import RunResult
from vibepiper_spec.diagnostics import Diagnostic

if TYPE_CHECKING:
    from tests.run.conftest import Project

ORDERS = "[sql.orders]\nquery = \"select range as id, range / 2 as half, 'x' || range as name from range(5)\"\n"
COPY = '[python.copy]\nfunction = "shop_code:copy"\ncolumns.id = "bigint"\ncolumns.name = "varchar"\n'


def only(result: RunResult) -> Diagnostic:
    [diagnostic] = [diagnostic for task in result.tasks for diagnostic in task.diagnostics]
    return diagnostic


FLAVOURS = {
    "pyarrow": ("import pyarrow", "pyarrow.Table", "orders.select(['id', 'name'])"),
    "pandas": ("import pandas", "pandas.DataFrame", "orders[['id', 'name']]"),
    "polars": ("import polars", "polars.DataFrame", "orders.select('id', 'name')"),
    "lazy": ("import polars", "polars.LazyFrame", "orders.select('id', 'name')"),
    "duckdb": ("import duckdb", "duckdb.DuckDBPyRelation", "orders.project('id, name')"),
    "batches": ("import pyarrow", "pyarrow.Table", "iter(orders.select(['id', 'name']).to_batches(max_chunksize=2))"),
    "reader": ("import pyarrow", "pyarrow.Table", "orders.select(['id', 'name']).to_reader()"),
}


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_flavour(project: Project, flavour: str) -> None:
    line, annotation, expression = FLAVOURS[flavour]
    project.write("shop_code.py", f"{line}\n\ndef copy(orders: {annotation}):\n    return {expression}\n")
    project.pipeline(ORDERS + COPY)
    result = project.apply()
    assert result.status == "succeeded", result
    assert project.rows("shop.copy") == [(i, f"x{i}") for i in range(5)]


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_flavour_of_a_view(project: Project, flavour: str) -> None:
    line, annotation, expression = FLAVOURS[flavour]
    project.write("src/shop_code.py", f"{line}\n\ndef copy(orders: {annotation}):\n    return {expression}\n")
    project.pipeline(ORDERS + 'build = "view"\n' + COPY)
    assert project.apply().status == "succeeded"
    assert project.rows("shop.copy") == [(i, f"x{i}") for i in range(5)]


def test_only_the_declared_columns_are_given(project: Project) -> None:
    project.write(
        "shop_code.py",
        "import pyarrow as pa\n\ndef copy(o: pa.Table) -> pa.Table:\n    return pa.table({'seen': o.column_names})\n",
    )
    project.pipeline(
        ORDERS + '[python.copy]\nfunction = "shop_code:copy"\ncolumns.seen = "varchar"\n'
        'inputs = { o = { asset = "orders", columns = ["name", "id"] } }\n'
    )
    assert project.apply().status == "succeeded"
    assert project.rows("shop.copy") == [("id",), ("name",)]


def test_batches_are_streamed(project: Project) -> None:
    project.write(
        "shop_code.py",
        """
import pyarrow as pa

written = []

def copy():
    for number in range(300):
        yield pa.record_batch({"id": range(number * 1000, number * 1000 + 1000), "name": ["n"] * 1000})
""",
    )
    project.pipeline(COPY)
    assert project.apply().status == "succeeded"
    assert project.query("SELECT count(*), sum(id)::BIGINT FROM shop.copy") == [(300_000, sum(range(300_000)))]


def test_an_iterator_of_nothing_is_an_empty_table(project: Project) -> None:
    project.write("shop_code.py", "def copy():\n    return iter(())\n")
    project.pipeline(COPY)
    assert project.apply().status == "succeeded"
    assert project.rows("shop.copy") == []
    assert [row[:2] for row in project.query("DESCRIBE shop.copy")] == [("id", "BIGINT"), ("name", "VARCHAR")]


def test_the_context_tells_where_it_runs_and_logs(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_PASSWORD", "hunter2!")
    project.write(
        "vp.toml",
        '[project]\nname = "trial"\n[variables]\ncountry = "DE"\n'
        '[connection.postgres.erp]\nhost = "db"\npassword = "secret:SHOP_PASSWORD"\n',
    )
    project.write(
        "shop_code.py",
        """
import os
import pyarrow as pa

def told(context):
    context.logger.warning("password is %s", os.environ["SHOP_PASSWORD"])
    return pa.table({"environment": [context.environment], "country": [context.variables["country"]]})
""",
    )
    project.pipeline('[python.told]\nfunction = "shop_code:told"\n')
    result = project.apply()
    assert result.status == "succeeded", result
    assert project.rows("shop.told") == [("dev", "DE")]
    [log] = [event for event in project.events if event.type == "log"]
    assert log.data == {"level": "warning", "message": "password is •••"}


RAISING = """
import os
import json

def copy():
    return deeper()

def deeper():
    json.loads("{" + os.environ["SHOP_PASSWORD"])
"""


def test_an_exception_shows_the_users_own_frames_and_no_secret(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_PASSWORD", "hunter2!")
    project.write(
        "vp.toml", '[project]\nname = "trial"\n[connection.postgres.erp]\npassword = "secret:SHOP_PASSWORD"\n'
    )
    project.write("shop_code.py", RAISING.replace('json.loads("{" +', "raise ValueError(").strip() + "\n")
    project.pipeline(COPY)
    diagnostic = only(project.apply())
    assert diagnostic.code == "VP406"
    assert diagnostic.detail == "`shop.copy` raised ValueError: •••"
    assert diagnostic.notes == (
        'File "shop_code.py", line 5, in copy',
        "    return deeper()",
        'File "shop_code.py", line 8, in deeper',
        '    raise ValueError( os.environ["SHOP_PASSWORD"])',
    )


def test_frames_of_libraries_are_left_out(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_PASSWORD", "1")
    project.write("shop_code.py", RAISING)
    project.pipeline(COPY)
    diagnostic = only(project.apply())
    assert diagnostic.detail.startswith("`shop.copy` raised json.decoder.JSONDecodeError")
    assert all("json/" not in line for line in diagnostic.notes)
    assert len(diagnostic.notes) == 4


def test_a_generator_that_raises_midway(project: Project) -> None:
    project.write(
        "shop_code.py",
        'import pyarrow as pa\n\ndef copy():\n    yield pa.record_batch({"id": [1], "name": ["a"]})\n'
        '    raise KeyError("mine")\n',
    )
    project.pipeline(COPY)
    diagnostic = only(project.apply())
    assert diagnostic.code == "VP406"
    assert diagnostic.detail == "`shop.copy` raised KeyError: 'mine'"
    assert diagnostic.notes == ('File "shop_code.py", line 5, in copy', '    raise KeyError("mine")')
    assert project.part_files() == set()


NO_TABLES = [("None", "None"), ("3", "an `int`"), ("'text'", "a `str`"), ("iter([1])", "an iterator of an `int`")]


@pytest.mark.parametrize(("expression", "described"), NO_TABLES)
def test_a_return_value_that_is_no_table(project: Project, expression: str, described: str) -> None:
    project.write("shop_code.py", f"def copy():\n    return {expression}\n")
    project.pipeline(COPY)
    diagnostic = only(project.apply())
    assert diagnostic.code == "VP404"
    assert f"returned {described} for `shop.copy`" in diagnostic.detail


def test_an_iterator_that_changes_its_mind(project: Project) -> None:
    project.write(
        "shop_code.py",
        'import pyarrow as pa\n\ndef copy():\n    yield pa.record_batch({"id": [1], "name": ["a"]})\n    yield 5\n',
    )
    project.pipeline(COPY)
    assert only(project.apply()).code == "VP404"


DIFFERENT = [
    ('{"id": [1], "title": ["a"]}', "Column `name` is missing. Column `title` is not declared."),
    ('{"id": ["1"], "name": ["a"]}', "Column `id` is VARCHAR, and BIGINT is declared."),
    ('{"id": [1.5], "name": ["a"]}', "Column `id` holds `1.5`, which is no BIGINT, as is declared."),
]


@pytest.mark.parametrize(("table", "words"), DIFFERENT)
def test_returned_columns_that_differ(project: Project, table: str, words: str) -> None:
    project.write("shop_code.py", f"import pyarrow as pa\n\ndef copy():\n    return pa.table({table})\n")
    project.pipeline(COPY)
    diagnostic = only(project.apply())
    assert diagnostic.code == "VP405"
    assert words in diagnostic.detail


def test_changed_code_of_the_same_length_runs_in_the_same_process(project: Project) -> None:
    project.pipeline('[python.one]\nfunction = "shop_code:one"\ncolumns.a = "bigint"\n')
    project.write("helper.py", "VALUE = 1\n")
    project.write(
        "shop_code.py",
        "import pyarrow as pa\nimport helper\n\ndef one():\n    return pa.table({'a': [helper.VALUE]})\n",
    )
    project.apply()
    assert project.rows("shop.one") == [(1,)]
    project.write("helper.py", "VALUE = 2\n")
    project.apply()
    assert project.rows("shop.one") == [(2,)]


EDITED = """
import pyarrow as pa
from pathlib import Path

def one():
    return table()

def table():
    import helper
    return pa.table({"a": [helper.VALUE]})

def edits(one):
    Path(__file__).with_name("helper.py").write_text("VALUE = 2\\n")
    return table()

def reads(edits):
    return table()
"""
ONE = '[python.one]\nfunction = "shop_code:one"\ncolumns.a = "bigint"\n'
EDITS = '[python.edits]\nfunction = "shop_code:edits"\ncolumns.a = "bigint"\n'
READS = '[python.reads]\nfunction = "shop_code:reads"\ncolumns.a = "bigint"\n'


@pytest.mark.parametrize("edit", ["VALUE = 2\n", "VALUE = = 2\n", ""])
@pytest.mark.parametrize("file", ["helper.py", "shop_code.py"])
def test_code_edited_after_the_plan_is_not_published(project: Project, edit: str, file: str) -> None:
    project.pipeline(ONE)
    project.write("helper.py", "VALUE = 1\n")
    project.write("shop_code.py", EDITED)
    plan = project.plan()
    project.write(file, edit if file == "helper.py" else EDITED.replace("return table()", edit.strip() or "return"))
    diagnostic = only(project.apply(plan))
    assert diagnostic.code == "VP505"
    assert project.part_files() == set()
    project.write("shop_code.py", EDITED)
    project.write("helper.py", "VALUE = 2\n")
    assert project.apply().status == "succeeded"
    assert project.rows("shop.one") == [(2,)]


def test_comments_written_after_the_plan_change_nothing(project: Project) -> None:
    project.pipeline(ONE)
    project.write("helper.py", "VALUE = 1\n")
    project.write("shop_code.py", EDITED)
    plan = project.plan()
    project.write("helper.py", "# The value.\nVALUE = 1\n")
    assert project.apply(plan).status == "succeeded"


def test_code_that_edits_code_it_imports_is_not_published(project: Project) -> None:
    project.pipeline('[sql.one]\nquery = "select 1 as a"\n' + EDITS)
    project.write("helper.py", "VALUE = 1\n")
    project.write("shop_code.py", EDITED)
    assert only(project.apply()).code == "VP505"
    assert all(path.startswith("shop/one/") for path in project.part_files())


def test_a_module_stays_as_it_was_imported(project: Project) -> None:
    project.pipeline(ONE + EDITS + READS)
    project.write("helper.py", "VALUE = 1\n")
    project.write("shop_code.py", EDITED)
    result = project.apply()
    assert result.status == "succeeded", result
    assert project.rows("shop.reads") == [(1,)]
    assert {action.address.name for action in project.plan().actions} == {"one", "edits", "reads"}


ENDINGS = ["sys.exit()", "sys.exit(3)", "raise KeyboardInterrupt", "raise asyncio.CancelledError"]


@pytest.mark.parametrize("first", ["", '    yield pa.record_batch({"id": [1], "name": ["a"]})\n'])
@pytest.mark.parametrize("ending", ENDINGS)
def test_nothing_that_user_code_raises_ends_the_run(project: Project, first: str, ending: str) -> None:
    project.write(
        "shop_code.py", f"import asyncio\nimport sys\nimport pyarrow as pa\n\ndef copy():\n{first}    {ending}\n"
    )
    project.pipeline(ORDERS + COPY)
    result = project.apply()
    assert result.status == "failed"
    assert only(result).code == "VP406"


def test_a_module_that_exits_in_the_run_only(project: Project) -> None:
    project.write(
        "shop_code.py", "import os, sys\n\nif 'SHOP_EXITS' in os.environ:\n    sys.exit()\n\ndef copy(): ...\n"
    )
    project.pipeline(COPY)
    plan = project.plan()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHOP_EXITS", "1")
        assert only(project.apply(plan)).code == "VP401"


UNLIKE = [
    ('{"id": ["1"], "name": ["a"]}', "Batch 2 has `id` string, `name` string, and the first one `id` int64,"),
    ('{"id": [1]}', "Batch 2 has `id` int64, and the first one"),
    ('{"id": [1], "name": [None]}', "`name` null"),
]


@pytest.mark.parametrize(("table", "words"), UNLIKE)
def test_batches_that_differ(project: Project, table: str, words: str) -> None:
    project.write(
        "shop_code.py",
        'import pyarrow as pa\n\ndef copy():\n    yield pa.record_batch({"id": [1], "name": ["a"]})\n'
        f"    yield pa.table({table})\n",
    )
    project.pipeline(COPY)
    diagnostic = only(project.apply())
    assert diagnostic.code == "VP405"
    assert words in diagnostic.detail


@pytest.mark.parametrize(("specs", "code"), [(COPY, "VP405"), (COPY.partition("columns")[0], "VP404")])
def test_a_table_without_columns(project: Project, specs: str, code: str) -> None:
    project.write("shop_code.py", "import pyarrow as pa\n\ndef copy():\n    return pa.table({})\n")
    project.pipeline(specs)
    assert only(project.apply()).code == code


@pytest.mark.parametrize("kind", ["pa.decimal256(70)", "pa.sparse_union([pa.field('a', pa.int32())])"])
def test_a_type_that_the_engine_does_not_know_is_no_failure_of_sql(project: Project, kind: str) -> None:
    project.write(
        "shop_code.py",
        f"import pyarrow as pa\n\ndef copy():\n    return pa.schema([pa.field('a', {kind})]).empty_table()\n",
    )
    project.pipeline(COPY.partition("columns")[0])
    diagnostic = only(project.apply())
    assert diagnostic.code == "VP406"
    assert "try_cast" not in str(diagnostic.fix)


LEAVING = """
import duckdb
import polars as pl
import pyarrow as pa

def unlike(orders: duckdb.DuckDBPyRelation):
    yield pa.record_batch({"id": [1]})
    yield pa.record_batch({"x": [1]})

def other(orders: duckdb.DuckDBPyRelation):
    return orders.project("id AS x")

def framed(orders: pl.LazyFrame):
    return pl.DataFrame({"x": [1]})

def bare(orders: duckdb.DuckDBPyRelation):
    return pa.table({})

def raises(orders: duckdb.DuckDBPyRelation):
    yield pa.record_batch({"id": [1]})
    orders.project("no_such").fetchall()

def exits(orders: duckdb.DuckDBPyRelation):
    raise SystemExit
"""
LEFT = ("unlike", "other", "framed", "bare", "raises", "exits")


def test_failed_results_leave_nothing_of_the_engine_behind(project: Project) -> None:
    """The engine's bindings count at exit what is still alive, and complain on stderr."""
    project.write("shop_code.py", LEAVING)
    project.pipeline(
        'publish = "each"\n'
        + ORDERS
        + "".join(f'[python.{name}]\nfunction = "shop_code:{name}"\ncolumns.id = "bigint"\n' for name in LEFT)
    )
    done = subprocess.run(
        [sys.executable, "-m", "vibepiper_cli.main", "apply", "--yes", "--quiet"],
        cwd=project.root,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 1
    assert "1 built, 6 failed" in done.stdout + done.stderr
    assert "nanobind" not in done.stderr
    assert "partially initialized" not in done.stderr


def test_a_package_missing_inside_the_function(project: Project) -> None:
    project.write("shop_code.py", "def copy():\n    import no_such_package_anywhere\n")
    project.pipeline(COPY)
    diagnostic = only(project.apply())
    assert diagnostic.code == "VP407"
    assert "`no_such_package_anywhere`" in diagnostic.detail


def test_a_dataset_is_asked_for_where_ray_is_not_installed(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.setitem(sys.modules, "ray.data", None)  # an earlier test may have imported it
    project.write(
        "shop_code.py",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import ray.data\n\n"
        "def copy(orders: 'ray.data.Dataset'):\n    return orders\n",
    )
    project.pipeline(ORDERS + COPY)
    diagnostic = only(project.apply())
    assert diagnostic.code == "VP407"
    assert diagnostic.place is not None
    assert "`ray.data`" in diagnostic.detail
    assert diagnostic.fix is not None and "pip install 'vibepiper[ray-data]'" in diagnostic.fix.title


def test_relations_can_be_read_while_the_result_is_written(project: Project) -> None:
    project.write(
        "shop_code.py",
        """
import duckdb
import pyarrow as pa

def copy(orders: duckdb.DuckDBPyRelation):
    for number in range(3):
        rows = orders.filter(f"id = {number}").fetchall()
        yield pa.record_batch({"id": [rows[0][0]], "name": [rows[0][2]]})
""",
    )
    project.pipeline(ORDERS + COPY)
    result = project.apply()
    assert result.status == "succeeded", result
    assert len(project.rows("shop.copy")) == 3


def test_cancelling_stops_a_generator_between_batches(project: Project) -> None:
    project.write(
        "shop_code.py",
        'import pyarrow as pa\n\ndef copy(context):\n    context.logger.info("begun")\n    while True:\n'
        '        yield pa.record_batch({"id": [1], "name": ["a"]})\n',
    )
    project.pipeline(COPY)
    cancel = threading.Event()

    def stop(event: Event) -> Any:
        if event.type == "log":
            cancel.set()

    result = project.apply(cancel=cancel, listener=stop)
    assert result.status == "cancelled"
    assert project.part_files() == set()
