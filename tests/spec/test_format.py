"""`vp fmt` gives one layout, keeps every comment, and never changes what a spec means."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibepiper_spec.diagnostics import DiagnosticError
from vibepiper_spec.fmt.format import format_text

CASES = sorted((Path(__file__).parent / "format").glob("*.before.toml"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_cases(case: Path) -> None:
    expected = case.with_name(case.name.replace(".before.", ".after.")).read_text()
    path = "vp.toml" if case.name.startswith("project") else "shop.vp.toml"
    assert format_text(case.read_text(), path) == expected
    assert format_text(expected, path) == expected


def meaning(text: str) -> Any:
    """The data, with NaN comparable and without the order of keys."""
    return re.sub(r"nan", "NaN", repr(ordered(tomllib.loads(text))))


def ordered(value: Any) -> Any:
    if isinstance(value, dict):
        return sorted((key, ordered(item)) for key, item in value.items())
    return [ordered(item) for item in value] if isinstance(value, list) else value


@given(data=st.data())
def test_formatting_keeps_the_meaning_and_is_idempotent(
    toml_documents: st.SearchStrategy[str], data: st.DataObject
) -> None:
    text = data.draw(toml_documents)
    try:
        before = meaning(text)
    except tomllib.TOMLDecodeError:
        return
    formatted = format_text(text, "shop.vp.toml")
    assert meaning(formatted) == before
    assert format_text(formatted, "shop.vp.toml") == formatted


@given(data=st.data())
def test_no_comment_is_lost(toml_documents: st.SearchStrategy[str], data: st.DataObject) -> None:
    text = data.draw(toml_documents)
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    formatted = format_text(text, "shop.vp.toml")
    for comment in ("# a comment with ' and \"", "# a [comment] = '''"):
        assert formatted.count(comment) == text.count(comment)


def test_invalid_toml_is_told_with_its_place() -> None:
    with pytest.raises(DiagnosticError) as raised:
        format_text('[pipeline]\nname = "shop\n', "shop.vp.toml")
    (diagnostic,) = raised.value.diagnostics
    assert (diagnostic.code, str(diagnostic.place)) == ("VP003", "shop.vp.toml:2:8")
