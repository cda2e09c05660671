"""The pages of the language's codes: each wrong example gives just that code, each right one gives none."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from vibepiper_spec import load_project
from vibepiper_spec.diagnostics import CODES, explanation

# Codes that this layer gives. The rest of VP1xx and VP6xx is told by the compiler or when a command runs.
TOLD_BY_LOADING = [
    *("VP002", "VP003", "VP004", "VP005"),
    *("VP101", "VP102", "VP103", "VP104", "VP105", "VP106", "VP107", "VP109", "VP110", "VP603"),
]
FENCE = re.compile(r"^```toml\n(.*?)^```", re.MULTILINE | re.DOTALL)


def codes_of(example: str, folder: Path) -> set[str]:
    texts = {"vp.toml": '[project]\nname = "case"\n'}
    if example.startswith("# vp.toml"):
        texts["vp.toml"] = example
    elif "[pipeline]" in example:
        texts["case.vp.toml"] = example
    else:
        texts["case.vp.toml"] = f'[pipeline]\nname = "case"\n\n{example}'
    return {diagnostic.code for diagnostic in load_project(folder, texts=texts).diagnostics}


@pytest.mark.parametrize("code", TOLD_BY_LOADING)
def test_examples_show_what_they_say(code: str, tmp_path: Path) -> None:
    wrong, right, *_ = FENCE.findall(explanation(code))
    assert codes_of(wrong, tmp_path) == {code}
    assert codes_of(right, tmp_path) == set()


@pytest.mark.parametrize("code", [code for code in CODES if code[2] in "01"])
def test_pages_have_one_form(code: str) -> None:
    page = explanation(code)
    assert page.startswith(f"# {code}: {CODES[code].summary}\n")
    for part in ("## Example", "\nWrong", "\nRight", "## How to fix"):
        assert part in page
