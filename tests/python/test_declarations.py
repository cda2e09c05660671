"""What decorators declare is what TOML declares: the same assets, the same mistakes, with a place in the module."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from tests.compile.conftest import Project
from tests.python.conftest import PythonProject

from vibepiper import keys
from vibepiper_interpreter.compile.compiled import CompiledAsset, SqlDefinition
from vibepiper_spec import Address
from vibepiper_spec.diagnostics import Diagnostic
from vibepiper_spec.model.document import BLOCK_KINDS
from vibepiper_spec.model.pipeline import PipelineHeader
from vibepiper_spec.model.shape import keys_of
from vibepiper_spec.model.task_python import PythonTask

MODELS = {kind.header: kind.model for kind in BLOCK_KINDS}


@pytest.mark.parametrize(
    ("typed", "model", "said_otherwise"),
    [
        (keys.PythonAssetKeys, MODELS["python",], {"function"}),
        (keys.SqlAssetKeys, MODELS["sql",], {"query", "file", "dialect"}),
        (keys.FileSourceKeys, MODELS["source", "file"], set()),
        (keys.PythonTaskKeys, PythonTask, {"function"}),
        (keys.PipelineKeys, PipelineHeader, {"name"}),
    ],
)
def test_decorators_take_the_keys_that_toml_has(typed: Any, model: Any, said_otherwise: set[str]) -> None:
    assert typed.__optional_keys__ == set(keys_of(model)) - said_otherwise


def the(project: Project, name: str = "shop.a") -> CompiledAsset:
    compiled = project.recall()
    assert not compiled.diagnostics, compiled.diagnostics
    return compiled.project.assets[Address.parse(name)]


def told(project: Project) -> list[Diagnostic]:
    return list(project.recall().diagnostics)


SAME = {
    "sql": (
        '@sql_asset(description="d", tags=["x"], checks=[RowCount(1)])\ndef a(orders):\n'
        '    return "select id, amount from {{ orders }}"\n',
        '[sql.a]\nquery = \'select id, amount from "orders"    \'\ndescription = "d"\ntags = ["x"]\n'
        "checks = [{ row_count = { min = 1 } }]\n",
    ),
    "rules": (
        '@sql_asset(columns={"id": "bigint"})\n'
        '@validate(rules=[NotNull("id"), Unique("id"), Unique("id", "amount"), Between("amount", 0, 10,'
        ' severity="warn"), Expression("amount > 0")])\ndef a(orders):\n'
        '    return "select id, amount from {{ orders }}"\n',
        "[sql.a]\nquery = 'select id, amount from \"orders\"    '\n"
        'columns.id = { type = "bigint", checks = ["not_null", "unique"] }\n'
        'columns.amount.checks = [{ min = 0, max = 10, severity = "warn" }]\n'
        'checks = [{ unique = ["id", "amount"] }, { expression = "amount > 0" }]\n',
    ),
    "python": (
        '@asset(columns={"id": "bigint"}, inputs={"orders": ["id"]}, retry=3, timeout="5m", executor="processes")\n'
        "def a(orders):\n    return orders\n",
        '[python.a]\nfunction = "assets:a"\ncolumns.id = "bigint"\ninputs = { orders = ["id"] }\nretry = 3\n'
        'timeout = "5m"\nexecutor = "processes"\n',
    ),
    "interval": (
        '@sql_asset(build={"mode": "interval", "column": "day", "grain": "day", "start": date(2024, 1, 1)})\n'
        "def a(orders):\n"
        '    return "select * from {{ orders }} where day >= $start and day < $end"\n',
        "[sql.a]\nquery = 'select * from \"orders\"     where day >= $start and day < $end'\n"
        'build = { mode = "interval", column = "day", grain = "day", start = 2024-01-01 }\n',
    ),
    "source": (
        'source.file("a", path="data/*.csv", options={"delimiter": ","})\n',
        '[source.file.a]\npath = "data/*.csv"\noptions = { delimiter = "," }\n',
    ),
}


@pytest.mark.parametrize("case", SAME)
def test_the_same_asset_comes_out_of_both_faces(project: PythonProject, tmp_path: Path, case: str) -> None:
    declared, written = SAME[case]
    project.module("from datetime import date\n\n" + declared)
    toml = Project(tmp_path / "toml")
    toml.sources()
    # The code is the same, but what it declares is not asked for.
    toml.write("assets.py", (project.root / "assets.py").read_text())
    toml.pipeline(written)
    nowhere = {"declared_in": "", "declared_at_line": 1}
    assert replace(the(project), **nowhere) == replace(the(toml), **nowhere)


def test_a_check_is_a_query_of_the_rows_that_are_wrong(project: PythonProject) -> None:
    project.module(
        '@sql_asset\ndef a(orders):\n    return "select * from {{ orders }}"\n\n\n'
        '@check("a", severity="warn")\ndef no_debts(a):\n    return "select * from {{ a }} where amount < 0"\n'
    )
    (check,) = the(project).checks
    assert (check.id, check.rule, check.severity) == ("no_debts", "query", "warn")


def test_a_source_is_asked_in_every_plan(project: PythonProject) -> None:
    project.module("@source\ndef a():\n    return None\n")
    assert the(project).rebuild_always


def test_another_dialect_is_translated(project: PythonProject) -> None:
    project.module(
        '@sql_asset(dialect="mysql")\ndef a(orders):\n    return "select ifnull(`id`, 0) as id from {{ orders }}"\n'
    )
    definition = the(project).definition
    assert isinstance(definition, SqlDefinition)
    assert definition.query == 'SELECT COALESCE("id", 0) AS id FROM "orders"'


def test_an_input_may_be_another_pipelines(project: PythonProject) -> None:
    project.pipeline("[sql.people]\nquery = 'select 1 as id'\n", "crm.vp.toml", "crm")
    project.module(
        '@sql_asset(inputs={"people": "crm.people"})\ndef a(people):\n    return f"select id from {people}"\n'
    )
    assert [str(read.address) for read in the(project).inputs] == ["crm.people"]


def test_what_a_decorator_says_changes_nothing_of_the_code(project: PythonProject) -> None:
    def fingerprint(body: str) -> str:
        project.module(body)
        return the(project).fingerprint

    bare = fingerprint("@asset\ndef a(orders):\n    return orders\n")
    assert fingerprint('@asset(description="d")\ndef a(orders):\n    return orders\n') == bare
    assert fingerprint('@asset\ndef a(orders):\n    return orders\n\n\npipeline.run(executor="inline")\n') == bare
    assert fingerprint("@asset\ndef a(orders):\n    return orders.head()\n") != bare


def test_what_is_quoted_is_text_and_what_has_a_default_no_input(project: PythonProject) -> None:
    project.module(
        "@sql_asset\ndef a(orders, least=3):\n"
        "    return f\"select '{{{{ orders }}}}' as t from {orders} where id > {least} -- {{{{ what }}}}\"\n"
    )
    definition = the(project).definition
    assert isinstance(definition, SqlDefinition)
    assert definition.query == "select '{{ orders }}' as t from \"orders\"     where id > 3 -- {{ what }}"


def test_a_plan_at_the_top_of_a_module_does_nothing(project: PythonProject) -> None:
    project.module("print(pipeline.plan())\npipeline.run()\n\n\n@asset\ndef a(orders): ...\n")
    assert the(project).kind == "python"


def test_an_edit_is_seen_wherever_it_is(project: PythonProject) -> None:
    project.write("texts.py", 'QUERY = "select id from {{ orders }}"\n')
    project.module(
        "from texts import QUERY\n\n\n@sql_asset\ndef a(orders):\n    return QUERY\n\n\n"
        '@sql_asset\ndef b(a):\n    return "select * from {{ a }}"\n'
    )
    assert [column.name for column in the(project, "shop.b").columns] == ["id"]
    project.write("texts.py", 'QUERY = "select id, amount from {{ orders }}"\n')
    assert [column.name for column in the(project, "shop.b").columns] == ["id", "amount"]
    # And beside an edit of TOML, of which alone what it touches is compiled anew.
    project.pipeline("[sql.c]\nquery = 'select id from b'\n", "more.vp.toml")
    again = project.recall().project
    (project.root / ".vp" / "cache").rename(project.root / ".vp" / "before")
    anew = project.recall().project
    assert again.assets == anew.assets
    assert again.digest == anew.digest


MISTAKES = [
    ("VP101 5 8", '@asset(ownr="me")\ndef a(orders): ...\n'),
    ("VP103 5 14", "@asset(tags=[1])\ndef a(orders): ...\n"),
    ("VP103 5 20", '@asset(description=open("vp.toml"))\ndef a(orders): ...\n'),
    ("VP202 7 27", '@sql_asset\ndef a(orders):\n    return "select * from nothing"\n'),
    ("VP302 8 16", '@sql_asset\ndef a(orders):\n    return """\n        select idd from {{ orders }}\n    """\n'),
    ("VP403 5 1", '@sql_asset\ndef a(orders):\n    return "select * from {{ order }}"\n'),
    ("VP409 6 1", "def make():\n    @asset\n    def a(orders): ...\n\n\nmake()\n"),
    ("VP306 5 1", '@sql_asset(dialect="mysql")\ndef a(orders):\n    return "select from where"\n'),
    ("VP409 5 1", '@validate(rules=[NotNull("id")])\ndef a(orders): ...\n'),
    ("VP103 5 20", '@sql_asset(dialect=["mysql"])\ndef a(orders):\n    return "select 1 as x"\n'),
    ("VP403 5 1", '@sql_asset(inputs={"z": "orders"})\ndef a(orders):\n    return "select * from {{ orders }}"\n'),
    ("VP401 5 1", "@check\ndef a(orders):\n    return ''\n"),
    ("VP401 7 1", "import vibepiper\n\nvibepiper.open('.')\n"),
    ("VP404 6 1", "@asset\nasync def a(orders): ...\n"),
    ("VP401 5 1", "@sql_asset\ndef a(orders):\n    return 7\n"),
    ("VP401 6 1", "\nraise ValueError(1)\n"),
    ("VP401 1 1", "import os\n\nos._exit(3)\n"),
]


@pytest.mark.parametrize(("expected", "body"), MISTAKES)
def test_a_mistake_has_its_place_in_the_module(project: PythonProject, expected: str, body: str) -> None:
    project.module(body, head="from vibepiper import *\n\npipeline = Pipeline('shop')\n\n")
    (found,) = told(project)
    assert found.place is not None
    place = found.place
    assert f"{found.code} {place.range.start_line} {place.range.start_column}" == expected
    assert place.path == "assets.py"


def test_two_functions_of_one_name(project: PythonProject) -> None:
    project.module("@asset\ndef a(orders): ...\n\n\n@asset\ndef a(orders): ...\n")
    (found,) = told(project)
    assert found.code == "VP201" and found.related[0].place.range.start_line == 6


def test_a_function_that_clashes_with_toml(project: PythonProject) -> None:
    project.module("@asset\ndef orders(): ...\n")
    (found,) = told(project)
    assert found.code == "VP201"
    assert {each.place.path for each in (found, *found.related) if each.place} == {"assets.py", "sources.vp.toml"}


def test_a_module_without_a_pipeline(project: PythonProject) -> None:
    project.module("@asset\ndef a(orders): ...\n", head="from vibepiper import asset\n\n\n")
    (found,) = told(project)
    assert found.code == "VP104" and "Pipeline(" in (found.fix.title if found.fix else "")


def test_a_module_that_is_not_there_is_told_where_it_is_named(project: PythonProject) -> None:
    project.module("")
    project.write("vp.toml", dedent('[project]\nname = "test"\nmodules = ["assets", "asets"]\n'))
    (found,) = told(project)
    assert found.code == "VP401" and found.place is not None and found.place.path == "vp.toml"
    assert found.place.range.start_line == 3 and "`assets`" in found.detail


def test_a_module_that_is_no_python(project: PythonProject) -> None:
    project.module("def a(:\n")
    (found,) = told(project)
    assert found.code == "VP401" and found.place is not None and found.place.range.start_line == 6
