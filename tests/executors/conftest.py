from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.executors.cluster import agree_on_token, shared_cluster
from tests.run.conftest import new_project, project

__all__ = ["new_project", "project"]  # fixtures


_NO_PARAMETERS = SimpleNamespace(params={})


@pytest.fixture(scope="session", autouse=True)
def meeting_place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where all processes that run these tests find what they share."""
    base = tmp_path_factory.getbasetemp()
    folder = base.parent if "popen" in base.name else base
    agree_on_token(folder)
    return folder


@pytest.fixture(scope="session")
def ray_cluster(meeting_place: Path) -> Iterator[str]:
    with shared_cluster(meeting_place) as address:
        yield address


@pytest.fixture(autouse=True)
def on_the_cluster(request: pytest.FixtureRequest) -> None:
    """What runs on Ray finds this process connected already, and so starts none of its own."""
    if "ray" in getattr(request.node, "callspec", _NO_PARAMETERS).params.values():
        request.getfixturevalue("ray_cluster")
