"""The project on disk that the tests of running use, and how it is made to write down what it has done."""

from tests.run.conftest import always_divided, new_project, progress_at_once, project

__all__ = ["always_divided", "new_project", "progress_at_once", "project"]
