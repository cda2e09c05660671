"""The project as it stands in the editor at one moment, and everything there is to say about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from vibepiper_interpreter.compile.compilation import Workshop
from vibepiper_interpreter.compile.declared_modules import read_modules
from vibepiper_interpreter.compile.project import compile_loaded
from vibepiper_interpreter.local_cache import LocalCache
from vibepiper_interpreter.state import applied_sources
from vibepiper_spec import load_project
from vibepiper_spec.diagnostics import Diagnostic


@dataclass(frozen=True)
class Unsaved:
    """The text of an open document, and the version that the editor gave it."""

    text: str
    version: int


@dataclass(frozen=True)
class Snapshot:
    """`unsaved` are the open documents by path from `root`, with `/`; `diagnostics` those that `vp validate` tells."""

    root: Path
    unsaved: Mapping[str, Unsaved]
    diagnostics: tuple[Diagnostic, ...] = field(default=())

    @cached_property
    def by_path(self) -> Mapping[str, tuple[Diagnostic, ...]]:
        """The diagnostics of each file; what stands in none is told at the project file."""
        found: dict[str, list[Diagnostic]] = {}
        for each in self.diagnostics:
            found.setdefault("vp.toml" if each.place is None else each.place.path, []).append(each)
        return {path: tuple(listed) for path, listed in found.items()}

    def text(self, path: str) -> str:
        """What the file holds, unsaved changes included; nothing where it cannot be read."""
        if path in self.unsaved:
            return self.unsaved[path].text
        try:
            return (self.root / path).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""


def check(root: Path, unsaved: Mapping[str, Unsaved], environment: str) -> Snapshot:
    """Load and compile, with the texts of open documents in the place of files.

    Functions are read, and not imported; modules that declare assets are, in a process of its own, when they changed.
    """
    texts = {path: each.text for path, each in unsaved.items()}
    with LocalCache(root) as cache:
        workshop = Workshop(root, cache, environment, applied=applied_sources, offline_python=True)
        loaded = load_project(
            root, texts=texts, modules=lambda names: read_modules(names, workshop.python, workshop.imports)
        )
        compiled = compile_loaded(loaded, environment, workshop)
    told = dict.fromkeys((*loaded.diagnostics, *compiled.diagnostics))
    return Snapshot(root, unsaved, tuple(told))
