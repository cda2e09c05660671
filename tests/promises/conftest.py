"""The project on disk that the tests of running use, and how it is made to write down what it has done."""

import pytest
from tests.run.conftest import new_project, project

from vibepiper_interpreter.run.tasks import pace

__all__ = ["new_project", "project"]


@pytest.fixture
def progress_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Progress is written down after every batch, so that an interrupted apply is gone on with."""
    monkeypatch.setattr(pace, "RECORD_EVERY", 0.0)
    monkeypatch.setattr(pace, "RECORD_SHARE", 0.0)
