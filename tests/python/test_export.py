"""What Python declares comes out as specs that mean the same."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.cli.conftest import Vp
from tests.python.conftest import PythonProject

import vibepiper as vp
from vibepiper_spec.fmt.write import write_text

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
PLAIN = st.one_of(
    TEXTS,
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, width=64),
    st.dates(),
    st.datetimes(),
    st.times(),
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=4,
)


# A loaded machine makes any strategy slow.
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@pytest.mark.law
@given(
    st.dictionaries(TEXTS.filter(lambda key: key != "columns"), VALUES, max_size=4),
    st.dictionaries(TEXTS, VALUES, max_size=3),
)
def test_what_is_written_reads_as_it_was(table: dict[str, Any], columns: dict[str, Any]) -> None:
    data = {"pipeline": {"name": "shop"}, "sql": {"a": {**table, **({"columns": columns} if columns else {})}}}
    assert tomllib.loads(write_text(data)) == data


def test_the_text_is_as_a_person_would_write_it() -> None:
    data = {
        "pipeline": {"name": "shop"},
        "sql": {"a": {"query": "select 1 as id\n", "columns": {"id": {"type": "int", "checks": ["unique"]}}}},
        "task": {"python": {"told": {"function": "m:f", "after": ["a"]}}},
    }
    assert write_text(data) == (
        '[pipeline]\nname = "shop"\n\n'
        "[sql.a]\nquery = '''\nselect 1 as id\n'''\n"
        'columns.id = { type = "int", checks = ["unique"] }\n\n'
        '[task.python.told]\nfunction = "m:f"\nafter = ["a"]\n'
    )


MODULE = '''\
@asset(columns={"id": "bigint", "day": {"type": "date", "checks": [NotNull("day")]}}, retry=2)
def a(orders):
    return orders[["id", "day"]]


@sql_asset(dialect="mysql", columns={"day": {"checks": [Between("day", date(2024, 1, 1))]}})
@validate(rules=[Unique("id"), RowCount(1)])
def b(a):
    return """
    select ifnull(`id`, 0) as id, day from {{ a }}
    """


@task(after=["b"])
def tell():
    return None
'''


def test_the_plan_is_empty_once_the_specs_stand_for_the_module(project: PythonProject, command: Vp) -> None:
    project.module("from datetime import date\n\n" + MODULE)
    vp.open(project.root).run(executor="inline")
    command("export", "toml", "--out", "specs")
    project.write("vp.toml", '[project]\nname = "test"\n')
    assert vp.open(project.root).plan().empty
    again = command("export", "toml")
    assert again.out == "" and "No module declares anything" in again.err


def test_no_file_is_overwritten(project: PythonProject, command: Vp) -> None:
    project.module("from datetime import date\n\n" + MODULE)
    kept = project.write("specs/assets.vp.toml", '[pipeline]\nname = "shop"\n')
    refused = command("export", "toml", "--out", "specs")
    assert refused.status == 4 and "is there already" in refused.err
    assert kept.read_text() == '[pipeline]\nname = "shop"\n'
