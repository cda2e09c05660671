"""`vp new` makes a project that works at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.conftest import Vp


def test_the_new_project_validates_applies_and_is_laid_out(
    vp: Vp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = vp("new", "My Shop")
    assert made.status == 0
    assert made.err.endswith("Next:\n\n  cd 'My Shop'\n  vp plan\n  vp apply\n")
    monkeypatch.chdir(tmp_path / "My Shop")
    assert vp("validate", "--strict").status == 0
    assert vp("fmt", "--check").status == 0
    assert vp("plan", "--detailed-exitcode").status == 2
    applied = vp("apply", "--yes")
    assert applied.status == 0
    assert "3 built, 1 warning" in applied.err
    assert vp("plan").out == "No changes. `dev` is as the specs say (3 assets).\n"
    assert vp("plan", "--detailed-exitcode").status == 0
    assert vp("query", "select sum(revenue) from shop.daily_revenue", "--format", "csv").out == "sum(revenue)\n560.60\n"


def test_schemas_lie_where_the_schema_lines_look(vp: Vp, tmp_path: Path) -> None:
    vp("new", "shop")
    specs = sorted((tmp_path / "shop").rglob("*.toml"))
    assert [spec.name for spec in specs] == ["shop.vp.toml", "vp.toml"]
    for spec in specs:
        first = spec.read_text().splitlines()[0]
        assert (spec.parent / first.removeprefix("#:schema ")).is_file()
    assert (tmp_path / "shop" / ".vp" / ".gitignore").read_text() == "*\n"


def test_a_folder_with_content_is_refused(vp: Vp, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("precious")
    refused = vp("new", "mine")
    assert refused.status == 4
    assert refused.err == "error: `mine` exists and is not empty. Nothing was written.\n"
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["notes.txt"]


def test_an_empty_folder_is_taken(vp: Vp, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert vp("new", "empty").status == 0
    assert (tmp_path / "empty" / "vp.toml").is_file()


@pytest.mark.parametrize("name", ["2024", "größe", "a.b-c", "SELECT", "日本"])
def test_any_folder_name_gives_a_valid_project(vp: Vp, name: str) -> None:
    assert vp("new", name).status == 0
    assert vp("validate", "--project", name).status == 0
