"""Specs to compiled project: references, SQL, columns, lineage, fingerprints.

The types of the result are in `compiled`, and cost nothing to import; the compiler itself is imported when it is
called, because it brings DuckDB with it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from vibepiper_interpreter.compile.applied_sources import AppliedSources, nothing_applied
from vibepiper_interpreter.compile.compiled import Compiled
from vibepiper_interpreter.local_cache import LocalCache

if TYPE_CHECKING:
    from vibepiper_spec.load.loaded import LoadedProject

__all__ = ["compile_project", "compile_root"]


def compile_project(
    loaded: LoadedProject,
    environment: str,
    *,
    cache: bool = True,
    offline_python: bool = False,
    applied: AppliedSources = nothing_applied,
) -> Compiled:
    """The compiled project and all there is to say about it; never raises for what a user wrote.

    `offline_python`: user modules are read, not imported (the editor). `cache`: remember results in `.vp/cache`.
    `applied` is asked how sources that go on with what they have read were read for what is published.
    """
    from vibepiper_interpreter.compile.compilation import Workshop
    from vibepiper_interpreter.compile.project import compile_loaded

    root = loaded.project.root
    with LocalCache(root if cache else None) as store:
        workshop = Workshop(root, store, environment, applied=applied, offline_python=offline_python)
        return compile_loaded(loaded, environment, workshop)


def compile_root(root: Path, environment: str, applied: AppliedSources = nothing_applied) -> Compiled:
    """Load and compile the project at `root`; if nothing has changed since the last time, what that gave.

    The diagnostics hold those of loading too. `applied` is asked only where a source's files hold no row.
    """
    from vibepiper_interpreter.compile.cache import compile_root as recall_or_compile

    return recall_or_compile(root, environment, applied)
