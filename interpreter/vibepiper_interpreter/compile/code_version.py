"""Which code compiled something: cached results of another code are not this code's."""

from __future__ import annotations

import hashlib
import os
import sys
from functools import cache
from pathlib import Path

import vibepiper_interpreter
import vibepiper_spec
from vibepiper_interpreter.engine_version import duckdb_version


@cache
def code_version() -> str:
    """A hash over this code (by size and time of its files) and the versions of Python and DuckDB."""
    digest = hashlib.sha256(repr((sys.version_info[:2], duckdb_version())).encode())
    for package in (vibepiper_spec, vibepiper_interpreter):
        for found in sorted(_sources(Path(package.__file__ or "").parent)):
            digest.update(repr(found).encode())
    return digest.hexdigest()


def _sources(folder: str | Path) -> list[tuple[str, int, int]]:
    found = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                found += _sources(entry.path)
            elif entry.name.endswith(".py"):
                stat = entry.stat()
                found.append((entry.name, stat.st_size, stat.st_mtime_ns))
    return found
