"""The project on disk that the tests of running use."""

from tests.run.conftest import new_project, project

__all__ = ["new_project", "project"]
