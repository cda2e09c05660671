"""The registry of diagnostic codes and the pages of `vp explain` are the same list."""

from __future__ import annotations

from importlib.resources import files

import pytest

from vibepiper_spec.diagnostics import CODES, explanation


def test_every_code_has_a_page_and_every_page_a_code() -> None:
    pages = {entry.name.removesuffix(".md") for entry in (files("vibepiper_spec.diagnostics") / "pages").iterdir()}
    assert pages == set(CODES)


@pytest.mark.parametrize("code", CODES)
def test_a_page_begins_with_its_code_and_summary(code: str) -> None:
    assert explanation(code).startswith(f"# {code}: {CODES[code].summary}\n")
