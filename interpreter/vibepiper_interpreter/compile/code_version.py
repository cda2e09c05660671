"""Which code compiled something: cached results of another code are not this code's."""

from __future__ import annotations

import hashlib
import sys
from functools import cache
from importlib.metadata import version
from pathlib import Path

import vibepiper_interpreter
import vibepiper_spec


@cache
def code_version() -> str:
    """A hash over this code (by size and time of its files) and the versions of Python and DuckDB."""
    digest = hashlib.sha256(repr((sys.version_info[:2], version("duckdb"))).encode())
    for package in (vibepiper_spec, vibepiper_interpreter):
        folder = Path(package.__file__ or "").parent
        for path in sorted(folder.rglob("*.py")):
            stat = path.stat()
            digest.update(repr((path.name, stat.st_size, stat.st_mtime_ns)).encode())
    return digest.hexdigest()
