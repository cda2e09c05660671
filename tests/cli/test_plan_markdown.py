"""A plan as Markdown, and the workflow that comments it: what the guide promises runs."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from markdown_it import MarkdownIt
from tests.cli.conftest import Vp, edit

WORKFLOW = Path(__file__).parents[2] / "docs" / "guides" / "ci" / "plan.yml"


@pytest.fixture
def shop(vp: Vp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    assert vp("new", "shop").status == 0
    monkeypatch.chdir(tmp_path / "shop")
    return tmp_path / "shop"


def test_every_action_is_a_row_of_the_table(shop: Path, vp: Vp) -> None:
    seen = vp("plan", "--markdown")
    assert seen.status == 0
    html = MarkdownIt("commonmark").enable("table").render(seen.out)
    assert html.count("<tr>") == 1 + seen.out.count("| create |")
    assert "<h3>VibePiper: plan for <code>dev</code></h3>" in html


def test_an_edit_names_its_columns_and_whom_it_reaches(shop: Path, vp: Vp) -> None:
    assert vp("apply", "--yes", "--quiet").status == 0
    assert "No changes." in vp("plan", "--markdown").out
    edit(shop / "pipelines" / "shop.vp.toml", "cast(sum(amount) as", "cast(sum(amount) + 1 as")
    out = vp("plan", "--markdown").out
    assert "<details><summary>Columns</summary>" in out
    assert "`revenue` is computed otherwise" in out


def test_a_name_with_a_bar_stays_in_its_cell(shop: Path, vp: Vp) -> None:
    (shop / "pipelines" / "odd.vp.toml").write_text(
        "[pipeline]\nname = \"odd\"\n[sql.bars]\nquery = '''select 1 as \"a|b\"'''\n"
    )
    assert vp("apply", "--yes", "--quiet").status == 0
    edit(shop / "pipelines" / "odd.vp.toml", "select 1", "select 2")
    html = MarkdownIt("commonmark").enable("table").render(vp("plan", "--markdown").out)
    rows = [row.count("<td>") for row in html.split("<tr>")[2:]]
    assert rows == [4] * len(rows)


def test_two_forms_at_once_are_refused(shop: Path, vp: Vp) -> None:
    assert vp("plan", "--markdown", "--json").status == 4


def test_the_steps_of_the_workflow_run(shop: Path, vp: Vp, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands of both jobs, as they stand in the file; GitHub's own are left to GitHub."""
    edit(shop / "vp.toml", "[project]", "[environment.prod]\nprotected = true\n\n[project]")
    monkeypatch.setenv("VP_ENVIRONMENT", "prod")
    jobs = yaml.safe_load(WORKFLOW.read_text())["jobs"]
    commands = [step["run"] for job in ("plan", "apply") for step in jobs[job]["steps"] if "run" in step]
    ours = [command for command in commands if command.startswith("vp ")]
    assert [command.split()[1] for command in ours] == ["validate", "plan", "plan", "apply"]
    for command in ours:
        words = command.partition(">")[0].replace('"$VP_ENVIRONMENT"', "prod").split()[1:]
        assert vp(*words).status == 0, command
    assert "No changes." in vp("plan", "--env", "prod", "--markdown").out
