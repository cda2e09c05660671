"""What pytest loads: the fixtures `vp_project` and `run_asset`, and two settings."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from vibepiper.testing import current

if TYPE_CHECKING:
    from vibepiper.project import Project
    from vibepiper.testing.running import RunAsset

_ROOT, _ENV = "vp_project", "vp_env"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The settings, for `[tool.pytest.ini_options]` or pytest.ini."""
    parser.addini(_ROOT, "folder of the VibePiper project, from pytest's root (default: found from the test's file)")
    parser.addini(_ENV, "environment of VibePiper whose variables the tests have", default="dev")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Tells strategies, which know no fixtures, where they are."""
    with current.at(_where(item.config, item.path)):
        return (yield)


@pytest.fixture(scope="module")
def vp_project(request: pytest.FixtureRequest) -> Project:
    """The project, as `vibepiper.open` gives it: the one that the test's file lies in, or the setting `vp_project`."""
    from vibepiper.errors import SpecError

    where = _where(request.config, request.path)
    try:
        return where.project()
    except SpecError as error:
        pytest.fail(f'{error}\nStart at another folder: `vp_project = "…"` in the settings of pytest.', pytrace=False)


@pytest.fixture(scope="module")
def run_asset(vp_project: Project, _vp_trials: Callable[[Project], RunAsset]) -> RunAsset:
    """Makes one asset of rows that are given: `run_asset("daily", {"orders": [{"id": 1}]}).rows`."""
    from vibepiper.errors import SpecError

    try:
        return _vp_trials(vp_project)
    except SpecError as error:
        told = str(error)
    pytest.fail(f"the project has mistakes:\n{told}", pytrace=False)


@pytest.fixture(scope="session")
def _vp_trials() -> Iterator[Callable[[Project], RunAsset]]:
    """The project is compiled once. One at a time is open: modules of another may have the same names."""
    with ExitStack() as closing:
        current_key: tuple[Path, str] | None = None
        trials: RunAsset | None = None

        def open_trials(project: Project) -> RunAsset:
            nonlocal current_key, trials
            from vibepiper.testing.running import running

            key = project.root, project.env
            if trials is None or key != current_key:
                closing.close()
                trials, current_key = None, None
                trials, current_key = closing.enter_context(running(project)), key
            return trials

        yield open_trials


def _where(config: pytest.Config, test: Path) -> current.Where:
    written = str(config.getini(_ROOT) or "")
    return current.Where(config.rootpath / written if written else test.parent, str(config.getini(_ENV)))
