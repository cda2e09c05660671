from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from tests.executors.cluster import shared_cluster
from tests.run.conftest import new_project, project

__all__ = ["new_project", "project"]  # fixtures


_NO_PARAMETERS = SimpleNamespace(params={})


@pytest.fixture(scope="session")
def ray_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    base = tmp_path_factory.getbasetemp()
    with shared_cluster(base.parent if "popen" in base.name else base) as address:
        yield address


@pytest.fixture(autouse=True)
def on_the_cluster(request: pytest.FixtureRequest) -> None:
    """What runs on Ray finds this process connected already, and so starts none of its own."""
    if "ray" in getattr(request.node, "callspec", _NO_PARAMETERS).params.values():
        request.getfixturevalue("ray_cluster")
