"""The engine's version, told without importing the engine: fingerprints, plans and caches hang on it."""

from __future__ import annotations

import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path


@cache
def duckdb_version() -> str:
    """The version of the DuckDB that would be imported."""
    module = sys.modules.get("duckdb")
    return _installed() if module is None else str(module.__version__)


def _installed() -> str:
    # The package's own folder has its version in the name of the folder beside it. `importlib.metadata` would tell
    # the same, but importing it takes longer than everything else a plan without changes imports of ours.
    spec = find_spec("duckdb")
    if spec is not None and spec.origin is not None:
        found = [path.stem for path in Path(spec.origin).parents[1].glob("duckdb-*.dist-info")]
        if len(found) == 1:
            return found[0].removeprefix("duckdb-")
    from importlib.metadata import version

    return version("duckdb")
