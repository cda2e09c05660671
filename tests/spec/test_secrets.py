"""Secrets are references until the moment of use."""

from __future__ import annotations

from pathlib import Path

import pytest

from vibepiper_spec import resolve_secret
from vibepiper_spec.diagnostics import DiagnosticError


def test_the_environment_stands_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("# secrets\nTOKEN=from-file\nexport OTHER = 'quoted # text'\n")
    monkeypatch.delenv("TOKEN", raising=False)
    assert resolve_secret(tmp_path, "secret:TOKEN") == "from-file"
    assert resolve_secret(tmp_path, "secret:OTHER") == "quoted # text"
    monkeypatch.setenv("TOKEN", "from-environment")
    assert resolve_secret(tmp_path, "secret:TOKEN") == "from-environment"


def test_other_texts_are_no_references(tmp_path: Path) -> None:
    assert resolve_secret(tmp_path, "plain") == "plain"


def test_a_missing_secret_is_named_and_nothing_else_is_told(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("OTHER=hidden-value\n")
    with pytest.raises(DiagnosticError) as raised:
        resolve_secret(tmp_path, "secret:NOT_SET_ANYWHERE")
    (diagnostic,) = raised.value.diagnostics
    assert diagnostic.code == "VP602"
    assert "NOT_SET_ANYWHERE" in diagnostic.detail
    assert "hidden-value" not in str(diagnostic.to_json())
