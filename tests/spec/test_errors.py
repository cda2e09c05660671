"""Bad specs as data: each `# ERROR: CODE words` in `errors/` stands on the very line that must be underlined."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from vibepiper_spec import load_project
from vibepiper_spec.diagnostics import Diagnostic

CASES = sorted((Path(__file__).parent / "errors").iterdir())
MARK = re.compile(r"# ERROR: (VP\d{3}) (.*?)(?=\s*# ERROR:|$)")


def place_project(case: Path, folder: Path) -> Path:
    """A case is a whole project, or one file of a pipeline."""
    if case.is_dir():
        shutil.copytree(case, folder / "project")
    else:
        (folder / "project").mkdir()
        (folder / "project" / "vp.toml").write_text('[project]\nname = "case"\n')
        shutil.copy(case, folder / "project")
    return folder / "project"


def expected_in(project: Path) -> list[tuple[str, int, str, str]]:
    return [
        (path.relative_to(project).as_posix(), number, code, words)
        for path in sorted(project.rglob("*.toml"))
        for number, line in enumerate(path.read_text().split("\n"), start=1)
        for code, words in MARK.findall(line)
    ]


def said(diagnostic: Diagnostic) -> str:
    return diagnostic.detail + (f" {diagnostic.fix.title}" if diagnostic.fix else "")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_mistake_is_told_on_its_line(case: Path, tmp_path: Path) -> None:
    project = place_project(case, tmp_path)
    expected = expected_in(project)
    found = load_project(project).diagnostics
    places = sorted((d.place.path, d.place.range.start_line, d.code) for d in found if d.place is not None)
    assert places == sorted((path, line, code) for path, line, code, _ in expected), "\n".join(
        f"{d.place}: {d.code} {said(d)}" for d in found
    )
    for path, line, code, words in expected:
        messages = [
            said(d) for d in found if d.place and (d.place.path, d.place.range.start_line, d.code) == (path, line, code)
        ]
        assert any(words in message for message in messages), (words, messages)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_mistake_says_what_to_do(case: Path, tmp_path: Path) -> None:
    for diagnostic in load_project(place_project(case, tmp_path)).diagnostics:
        assert diagnostic.fix is not None
        assert diagnostic.fix.title
        assert "pydantic" not in said(diagnostic)


def test_edits_mend_what_they_belong_to(tmp_path: Path) -> None:
    """Every misspelling with an exact place carries the edit that corrects it."""
    project = place_project(Path(__file__).parent / "errors" / "unknown_key.vp.toml", tmp_path)
    path = project / "unknown_key.vp.toml"
    lines = path.read_text().split("\n")
    before = load_project(project).diagnostics
    edits = [edit for d in before if d.fix for edit in d.fix.edits]
    assert len(edits) == len([d for d in before if "Did you mean" in d.detail])
    for edit in sorted(edits, key=lambda edit: edit.place.range, reverse=True):
        span = edit.place.range
        line = lines[span.start_line - 1]
        lines[span.start_line - 1] = line[: span.start_column - 1] + edit.new_text + line[span.end_column - 1 :]
    path.write_text("\n".join(lines))
    assert [d.detail for d in load_project(project).diagnostics if "Did you mean" in d.detail] == []
