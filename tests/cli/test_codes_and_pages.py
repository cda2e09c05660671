"""The registry of diagnostic codes and the pages of `vp explain` are the same list."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

from vibepiper_spec.diagnostics import CODES, explanation


def test_every_code_has_a_page_and_every_page_a_code() -> None:
    pages = {entry.name.removesuffix(".md") for entry in (files("vibepiper_spec.diagnostics") / "pages").iterdir()}
    assert pages == set(CODES)


def test_every_code_is_given_somewhere() -> None:
    root = Path(__file__).resolve().parents[2]
    texts = [
        path.read_text(encoding="utf-8")
        for package in ("spec", "interpreter", "codegen", "python", "cli")
        for path in (root / package).rglob("*.py")
        if path.name != "codes.py"
    ]
    assert [code for code in CODES if not any(f'"{code}"' in text for text in texts)] == []


@pytest.mark.parametrize("code", CODES)
def test_a_page_begins_with_its_code_and_summary(code: str) -> None:
    assert explanation(code).startswith(f"# {code}: {CODES[code].summary}\n")
