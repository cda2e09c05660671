"""Python assets: parameters, annotations, missing modules and functions, and what importing shows."""

from __future__ import annotations

import pytest
from tests.compile.conftest import Project, told

from vibepiper_interpreter.compile.compiled import PythonDefinition
from vibepiper_interpreter.compile.serial import definition_from_json, definition_to_json


def python(project: Project, module: str | bytes, more: str = "", function: str = "jobs.m:f") -> None:
    project.sources()
    project.write("jobs/m.py", module)
    project.pipeline(f'[python.a]\nfunction = "{function}"\n{more}\n')


def parameters(project: Project) -> list[tuple[str, str | None, str, tuple[str, ...] | None]]:
    definition = project.asset("shop.a").definition
    assert isinstance(definition, PythonDefinition)
    return [
        (item.name, None if item.address is None else str(item.address), item.flavour, item.columns)
        for item in definition.parameters
    ]


def test_parameters_are_assets_and_the_context(project: Project) -> None:
    python(project, "def f(orders, context, *, limit=3): ...\n")
    assert parameters(project) == [("orders", "shop.orders", "pandas", None), ("context", None, "context", None)]


def test_inputs_name_other_assets_and_columns(project: Project) -> None:
    python(project, "def f(rows, orders): ...\n", 'inputs = { rows = "shop.orders", orders = ["ID", "day"] }')
    assert parameters(project)[0][1] == "shop.orders"
    assert [read.columns for read in project.asset("shop.a").inputs] == [None, ("day", "id")]


@pytest.mark.parametrize(
    ("imports", "annotation", "flavour"),
    [
        ("import pyarrow as pa", "pa.Table", "pyarrow"),
        ("import pandas", "pandas.DataFrame", "pandas"),
        ("from pandas import DataFrame as Frame", "Frame", "pandas"),
        ("import polars as pl", "'pl.DataFrame'", "polars"),
        ("import polars as pl", "pl.LazyFrame | None", "polars_lazy"),
        ("import duckdb", "duckdb.DuckDBPyRelation", "duckdb"),
        ("import ray.data", "ray.data.Dataset", "ray"),
        ("from ray.data import Dataset", "Dataset", "ray"),
        ("import pyarrow as pa\nTable = pa.Table", "Table", "pyarrow"),
        ("from typing import Annotated, Optional\nimport polars as pl", "Annotated[pl.DataFrame, 1]", "polars"),
        ("from typing import Optional\nimport polars as pl", "Optional[pl.DataFrame]", "polars"),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import polars as pl", '"pl.DataFrame"', "polars"),
    ],
)
def test_annotations_say_how_a_table_is_wanted(project: Project, imports: str, annotation: str, flavour: str) -> None:
    python(project, f"{imports}\ndef f(orders: {annotation}): ...\n")
    assert parameters(project)[0][2] == flavour


@pytest.mark.parametrize(
    ("function", "uses"),
    [
        ("def f(orders: ray.data.Dataset): ...", True),
        ("def f() -> ray.data.Dataset: ...", True),
        ("def f(orders) -> dict: ...", False),
    ],
)
def test_annotations_say_whether_a_function_only_leads_tasks_of_rays(
    project: Project, function: str, uses: bool
) -> None:
    python(project, f"import ray.data\n{function}\n")
    definition = project.asset("shop.a").definition
    assert isinstance(definition, PythonDefinition)
    assert definition.uses_datasets is uses
    assert definition_from_json(definition_to_json(definition)) == definition


def test_a_module_below_src_and_a_function_that_is_only_imported(project: Project) -> None:
    project.write("src/lib/deep.py", "def f(orders): ...\n")
    python(project, "from lib.deep import f\n")
    assert parameters(project) == [("orders", "shop.orders", "pandas", None)]


@pytest.mark.parametrize(
    ("module", "function", "code", "place", "said"),
    [
        ("def f(ordrs): ...\n", "jobs.m:f", "VP403", "jobs/m.py:1:7", "Did you mean `orders`?"),
        ("x = 'ö'\ndef f(orders: dict): ...\n", "jobs.m:f", "VP408", "jobs/m.py:2:15", "`dict`"),
        ("def f(orders, /): ...\n", "jobs.m:f", "VP403", "jobs/m.py:1:7", "by position"),
        ("def f(*orders): ...\n", "jobs.m:f", "VP403", "jobs/m.py:1:8", "`*orders` names no asset"),
        ("def f(orders, **rest): ...\n", "jobs.m:f", "VP403", "jobs/m.py:1:17", "`**rest` names no asset"),
        ("async def f(orders): ...\n", "jobs.m:f", "VP404", "jobs/m.py:1:1", "gives a coroutine"),
        ("def f(a): ...\n", "jobs.m:f", "VP403", "jobs/m.py:1:7", "itself"),
        ("def func(orders): ...\n", "jobs.m:funk", "VP402", "shop.vp.toml:4:12", "Did you mean `func`?"),
        ("def f(orders): ...\n", "jobs.n:f", "VP401", "shop.vp.toml:4:12", "Did you mean `jobs.m`?"),
        ("def f(orders:\n", "jobs.m:f", "VP401", "jobs/m.py:1:6", "not valid Python"),
        (b"x = '\xff'\n", "jobs.m:f", "VP401", "jobs/m.py:1", "utf-8"),
    ],
)
def test_mistakes_that_the_text_shows(
    project: Project, module: str | bytes, function: str, code: str, place: str, said: str
) -> None:
    python(project, module, function=function)
    found = project.only()
    assert found.code == code
    assert str(found.place).startswith(place)
    assert said in found.detail


def test_an_input_that_is_no_parameter(project: Project) -> None:
    python(project, "def f(orders): ...\n", 'inputs = { oders = "shop.orders" }')
    found = project.only()
    assert (found.code, str(found.place)) == ("VP403", "shop.vp.toml:5:12")
    assert "Did you mean `orders`?" in found.detail


def test_an_input_that_names_no_asset_or_column(project: Project) -> None:
    python(project, "def f(x, orders): ...\n", 'inputs = { x = "crm.people", orders = ["idd"] }')
    unknown_pipeline, unknown_column = project.compile().diagnostics
    assert (unknown_pipeline.code, str(unknown_pipeline.place)) == ("VP205", "shop.vp.toml:5:16")
    assert (unknown_column.code, str(unknown_column.place)) == ("VP302", "shop.vp.toml:5:39")
    assert "Did you mean `id`?" in unknown_column.detail


def test_sql_needs_the_declared_columns_of_a_python_asset(project: Project) -> None:
    python(project, "def f(orders): ...\n", "[sql.b]\nquery = 'select * from a'")
    found = project.only()
    assert (found.code, found.severity, str(found.place)) == ("VP315", "warning", "shop.vp.toml:3:1")
    python(project, "def f(orders): ...\n", "columns.x = 'int'\n[sql.b]\nquery = 'select x from a'")
    assert [column.type for column in project.asset("shop.b").columns] == ["INTEGER"]


@pytest.mark.parametrize(
    ("module", "place", "said"),
    [
        ("import no_such_package_x\ndef f(orders): ...\n", "jobs/m.py:1", "No module named 'no_such_package_x'"),
        ("def f(orders): ...\n\n1 / 0\n", "jobs/m.py:3", "ZeroDivisionError: division by zero"),
        ("import sys\ndef f(orders): ...\nsys.exit(3)\n", "jobs/m.py:3", "SystemExit: 3"),
        ("import os\ndef f(orders): ...\nos._exit(3)\n", "shop.vp.toml:4:12", "ended the process"),
        ("def g():\n    raise ValueError('x')\ndef f(orders): ...\ng()\n", "jobs/m.py:2", "ValueError: x"),
    ],
)
def test_mistakes_that_importing_shows(project: Project, module: str, place: str, said: str) -> None:
    python(project, module)
    found = project.only(imports=True)
    assert found.code == "VP401"
    assert str(found.place).startswith(place)
    assert said in found.detail


def test_a_function_that_is_gone_after_importing(project: Project) -> None:
    python(project, "def f(orders): ...\n\ndel f\n")
    found = project.only(imports=True)
    assert (found.code, str(found.place)) == ("VP402", "shop.vp.toml:4:12")


def test_one_bad_module_does_not_hide_the_others(project: Project) -> None:
    project.sources()
    for name, text in {"good": "", "dies": "import os\nos._exit(1)\n", "bad": "1 / 0\n"}.items():
        project.write(f"jobs/{name}.py", f"print('noise {{')\ndef f(orders): ...\n{text}")
    project.pipeline("".join(f'[python.{name}]\nfunction = "jobs.{name}:f"\n' for name in ("dies", "good", "bad")))
    compiled = project.compile(imports=True)
    assert told(compiled) == [("VP401", "jobs/bad.py:3:1"), ("VP401", "shop.vp.toml:4:12")]
    assert [str(address) for address in compiled.project.assets] == ["shop.orders", "shop.good"]


def test_a_module_is_imported_once_per_content(project: Project) -> None:
    marker = project.root / "imported"
    python(project, f"open({str(marker)!r}, 'a').write('x')\ndef f(orders): ...\n")
    project.compile(imports=True)
    project.compile(imports=True)
    assert marker.read_text() == "x"
