"""The project on disk that the tests of running use, and how it is made to write down what it has done."""

from tests.run.conftest import new_project, progress_at_once, project

__all__ = ["new_project", "progress_at_once", "project"]
