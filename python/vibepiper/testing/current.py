"""Which project the test that runs is about."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vibepiper.project import Project


@dataclass(frozen=True, slots=True)
class Where:
    """A folder from which the project is looked for, upward, and its environment."""

    folder: Path
    env: str = "dev"

    def project(self) -> Project:
        """Raises vibepiper.SpecError where there is none."""
        from vibepiper.project import open_project

        return open_project(self.folder, env=self.env)


_WHERE: ContextVar[Where | None] = ContextVar("where", default=None)


@contextmanager
def at(where: Where) -> Iterator[None]:
    """Meanwhile the test is about the project there."""
    token = _WHERE.set(where)
    try:
        yield
    finally:
        _WHERE.reset(token)


def here() -> Where:
    """Where the test that runs is; the working folder outside of pytest."""
    return _WHERE.get() or Where(Path.cwd())
