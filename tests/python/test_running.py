"""Plans and runs from Python, and looks at what is published."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import polars as pl
import pytest
from tests.python.conftest import PythonProject

import vibepiper as vp
from vibepiper.results import Listed

ISSUE = '''\
import pandas as pd
from vibepiper import NotNull, Pipeline, Unique, asset, sql_asset, validate

pipeline = Pipeline("shop")


def load_customers():
    return pd.DataFrame({"id": [1, 2], "email": ["a@x", "b@x"]})


@asset
def clean_users(raw_users):
    return raw_users[raw_users["email"].notnull()]


@sql_asset(dialect="postgresql")
def aggregated_sales(clean_users):
    return """
    SELECT date, SUM(amount) AS total_sales FROM {{ clean_users }} GROUP BY date
    """


@asset
@validate(rules=[NotNull("email"), Unique("id")])
def customers():
    return load_customers()


pipeline.run(executor="sequential")
pipeline.run(executor="parallel", max_workers=4)
'''
USERS = "id,email,amount,date\n1,a@x,3,2024-01-01\n2,,4,2024-01-01\n3,c@x,5,2024-01-02\n"


@pytest.fixture
def shop(project: PythonProject) -> PythonProject:
    project.write("data/users.csv", USERS)
    project.pipeline('[source.file.raw_users]\npath = "data/users.csv"\n', "sources.vp.toml")
    project.write("assets.py", ISSUE.encode())
    return project


def test_a_script_runs_its_pipeline(shop: PythonProject) -> None:
    done = subprocess.run([sys.executable, "assets.py"], cwd=shop.root, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    project = vp.open(shop.root)
    table = project["aggregated_sales"]
    assert sorted(table.arrow().column("total_sales").to_pylist()) == [3, 5]
    with project.state() as state:
        assert len(state.runs()) == 1  # the second one had nothing to do
    assert project.plan().empty


def test_what_failed_is_told_with_its_place(shop: PythonProject) -> None:
    shop.write("assets.py", ISSUE.replace('["a@x", "b@x"]', '["a@x", None]').encode())
    with pytest.raises(vp.RunFailed, match="not_null") as failed:
        vp.open(shop.root).run(executor="inline")
    assert {str(each.address): each.outcome for each in failed.value.report.tasks}["shop.customers"] == "failed"


def test_mistakes_are_told_all_at_once(shop: PythonProject) -> None:
    shop.pipeline("[sql.b]\nquery = 'select nothing from raw_users'\n[sql.c]\nquery = 'selec'\n", "bad.vp.toml")
    with pytest.raises(vp.SpecError) as told:
        vp.open(shop.root).plan()
    assert [each.severity for each in told.value.diagnostics].count("error") == 2
    assert "bad.vp.toml:4" in str(told.value) or "bad.vp.toml:3" in str(told.value)


def test_a_table_is_read_in_the_readers_own_form(shop: PythonProject) -> None:
    project = vp.open(shop.root)
    report = project.run(executor="sequential")
    assert {each.outcome for each in report.tasks} == {"built"}
    table = project["shop.clean_users"]
    assert isinstance(table.polars(), pl.DataFrame) and isinstance(table.pandas(), pd.DataFrame)
    assert table.polars(limit=1).height == 1
    assert [column.name for column in table.columns] == ["id", "email", "amount", "date"]
    (version,) = table.history()
    assert version.rows == 2
    edges = [(edge.source, edge.reader, edge.columns) for edge in table.lineage()]
    assert ("shop.clean_users", "shop.aggregated_sales", None) in edges
    assert ("shop.raw_users", "shop.clean_users", None) in edges
    assert project.sql("select count(*) as n from shop.customers").to_pylist() == [{"n": 2}]
    assert "a@x" in table._repr_html_() and "built" in report._repr_html_()


def test_texts_are_escaped_in_a_notebook(shop: PythonProject) -> None:
    shop.write("data/users.csv", USERS.replace("a@x", "<script>"))
    project = vp.open(shop.root)
    project.run("raw_users")
    assert "<script>" not in project["raw_users"]._repr_html_()


def test_what_there_is_and_was_is_a_table_in_a_notebook(shop: PythonProject) -> None:
    project = vp.open(shop.root)
    project.run()
    assert "<td>shop.customers</td>" in project._repr_html_()
    history, lineage = project["customers"].history(), project["clean_users"].lineage()
    assert "<th>made_at</th>" in Listed(history)._repr_html_() and isinstance(history, Listed)
    assert "<th>reader</th>" in Listed(lineage)._repr_html_() and isinstance(lineage, Listed)
    assert Listed(project["customers"].lineage())._repr_html_() == "<p>nothing</p>"
    assert "<i>NULL</i>" in project["raw_users"]._repr_html_()
    with pytest.raises(ValueError, match=r'the query cannot be run: syntax error at or near "selec"'):
        project.sql("selec 1")


def test_what_is_not_there_is_said(shop: PythonProject, tmp_path: Path) -> None:
    project = vp.open(shop.root)
    with pytest.raises(KeyError, match=r"Did you mean `shop.customers`"):
        project["custmers"]
    with pytest.raises(LookupError, match=r"nothing of `shop.customers` is published"):
        project["customers"].arrow()
    with pytest.raises(ValueError, match="no executor `thread`"):
        project.run(executor="thread")
    with pytest.raises(vp.SpecError, match="VP111"):
        vp.open(tmp_path.parent)


def test_a_cluster_has_a_name_or_an_address(shop: PythonProject) -> None:
    shop.write(
        "vp.toml",
        '[project]\nname = "test"\nmodules = ["assets"]\n[executor.clusters]\nmine = "localhost:1"\n',
    )
    settings = vp.open(shop.root)._settings("ray", 2, "mine").executor
    assert (settings.kind, settings.workers, settings.ray.address) == ("ray", 2, "localhost:1")
    assert vp.open(shop.root)._settings(None, None, "ray://other:10001").executor.ray.address == "ray://other:10001"


@pytest.mark.parametrize(("file", "name"), [("other.py", "other"), ("src/jobs/more.py", "jobs.more")])
def test_a_script_that_the_project_does_not_list_is_told_so(shop: PythonProject, file: str, name: str) -> None:
    shop.write(file, ISSUE.replace("raw_users", "orders").encode())
    done = subprocess.run([sys.executable, file], cwd=shop.root, capture_output=True, text=True, timeout=300)
    assert done.returncode == 1
    assert f"{file}:4: VP412: `{file}` runs a pipeline that it declares" in done.stderr, done.stderr
    assert f'Write `modules = ["assets", "{name}"]` below `[project]` in vp.toml.' in done.stderr
    shop.write("vp.toml", f'[project]\nname = "test"\nmodules = ["{name}"]\n')
    done = subprocess.run([sys.executable, file], cwd=shop.root, capture_output=True, text=True, timeout=300)
    assert "VP412" not in done.stderr
