from __future__ import annotations

from tests.run.conftest import new_project, project

__all__ = ["new_project", "project"]  # fixtures
