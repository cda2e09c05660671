"""Remembers for which project the files were written, so that nothing at all is done where neither has changed."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vibepiper_interpreter.local_cache import LocalCache
from vibepiper_spec.load.scan import PROJECT_FILE

if TYPE_CHECKING:
    from vibepiper_interpreter.compile.compiled import Compiled

_KIND = "stubs"


@dataclass(frozen=True, slots=True)
class Freshness:
    """`unchanged` is how many files there are where all are as they were when they were written for this project."""

    root: Path
    key: str  # empty: nobody can tell whether it is the same project
    unchanged: int | None

    @classmethod
    def of(cls, root: Path, compiled: Compiled) -> Freshness:
        if not compiled.identity:
            return cls(root, "", None)
        own = [(found.name, found.stat().st_mtime_ns) for found in sorted(Path(__file__).parent.glob("*.py"))]
        parts = [compiled.identity, hashlib.sha256((root / PROJECT_FILE).read_bytes()).hexdigest(), own]
        key = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
        with LocalCache(root) as cache:
            known = cache.get(_KIND, str(root))
        try:
            remembered, folder, files = json.loads(known) if known else ("", "", {})
        except ValueError:
            return cls(root, key, None)
        same = remembered == key and _seen(root / folder) == files
        return cls(root, key, len(files) if same else None)

    def remember(self, folder: Path) -> None:
        if self.key:
            value = json.dumps([self.key, folder.relative_to(self.root).as_posix(), _seen(folder)])
            with LocalCache(self.root) as cache:
                cache.put(_KIND, str(self.root), value.encode())


def _seen(folder: Path) -> dict[str, list[int]]:
    """Size and time of every Python file below `folder`, by path."""
    found: dict[str, list[int]] = {}
    waiting = [(folder, "")]
    while waiting:
        here, prefix = waiting.pop()
        try:
            entries = list(os.scandir(here))
        except OSError:
            continue
        for entry in entries:
            if entry.is_dir():
                waiting.append((here / entry.name, f"{prefix}{entry.name}/"))
            elif entry.name.endswith(".py"):
                stat = entry.stat()
                found[f"{prefix}{entry.name}"] = [stat.st_size, stat.st_mtime_ns]
    return found
