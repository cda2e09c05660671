"""`Pipeline`: what a module's decorators declare belongs to, and the way to plan and run it from Python."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Unpack, cast

from vibepiper.declared import IMPORTING, calling_frame, declare_here
from vibepiper.keys import PipelineKeys
from vibepiper.rules import written

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from vibepiper.project import Project
    from vibepiper.results import MadePlan, RunReport


class Pipeline:
    """The pipeline of the module that makes it. `keys` are those of `[pipeline]`."""

    def __init__(self, name: str, **keys: Unpack[PipelineKeys]) -> None:
        self.name = name
        frame = calling_frame()
        self._file, self._line = frame.f_code.co_filename, frame.f_lineno
        declare_here(("pipeline",), name, written(cast("Mapping[str, Any]", keys)))

    def __repr__(self) -> str:
        return f"Pipeline({self.name!r})"

    def plan(self, *, env: str | None = None) -> MadePlan | None:
        """What an apply of this pipeline, and of what it reads, would do. Touches nothing.

        None while its own module is imported as part of a project: then only the declarations are wanted.

        Raises vibepiper.SpecError where the project has mistakes, or does not list the module (VP412).
        """
        if _is_being_imported(self._file):
            return None
        return self._project().plan(f"+{self.name}.*", env=env)

    def run(
        self,
        executor: str | None = None,
        *,
        max_workers: int | None = None,
        cluster: str | None = None,
        env: str | None = None,
    ) -> RunReport | None:
        """Plans this pipeline, and what it reads, and does it.

        `executor` is one of `threads`, `processes`, `ray` and `inline`, or their other names `parallel` and
        `sequential`; what `[executor]` says if not given. `cluster` is a name of `[executor.clusters]`, or an address.

        Does nothing, and returns None, while its own module is imported as part of a project: then only the
        declarations are wanted.

        Raises vibepiper.SpecError where the project has mistakes, or does not list the module (VP412),
        vibepiper.RunFailed where something failed.
        """
        if _is_being_imported(self._file):
            return None
        return self._project().run(
            f"+{self.name}.*", executor=executor, max_workers=max_workers, cluster=cluster, env=env
        )

    def _project(self) -> Project:
        # They bring the compiler, which who only declares does without.
        from vibepiper.listed import require_listed
        from vibepiper.project import open_project

        project = open_project(Path(self._file).parent)
        require_listed(project, Path(self._file), self._line)
        return project


def _is_being_imported(file: str) -> bool:
    """Whether the module in `file` is on the stack, running its top level, and not as the script of the process."""
    if IMPORTING in os.environ:
        return True
    frame = sys._getframe(1)
    while frame.f_back is not None:
        frame = frame.f_back
        code = frame.f_code
        if code.co_filename == file and code.co_name == "<module>" and frame.f_globals.get("__name__") != "__main__":
            return True
    return False
