"""Finds a project's root and its spec files."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError, Fix
from vibepiper_spec.load.loaded import LoadedFile

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

PROJECT_FILE = "vp.toml"
PIPELINE_SUFFIX = ".vp.toml"
PYTHON_SUFFIX = ".py"  # of modules that declare assets
# Where generated types of Python are, if `[codegen]` does not say.
STUBS_FOLDER = "vp_stubs"


def find_project_root(start: Path) -> Path:
    """The nearest folder, from `start` upward, that holds a `vp.toml`. Raises DiagnosticError (VP111)."""
    folder = start.resolve()
    for candidate in (folder, *folder.parents):
        if (candidate / PROJECT_FILE).is_file():
            return candidate
    raise DiagnosticError(
        Diagnostic(
            "VP111",
            f"There is no `{PROJECT_FILE}` in `{start}` or in any folder above it.",
            fix=Fix("Go to your project's folder or name it with `--project DIR`; `vp new` makes a new project."),
        )
    )


def spec_paths(root: Path) -> tuple[str, ...]:
    """Every spec file below `root`, relative with `/`: `vp.toml` first, then the pipelines' files by name."""
    found = sorted(_walk(root, "", ()))
    return (PROJECT_FILE, *found) if (root / PROJECT_FILE).is_file() else tuple(found)


def scan_files(root: Path) -> tuple[LoadedFile, ...]:
    """Every spec file below `root` with the hash of its content, without parsing any. Unreadable files are left out."""
    files = []
    for path in spec_paths(root):
        try:
            content = (root / path).read_bytes()
        except OSError:
            continue
        files.append(LoadedFile(path, hashlib.sha256(content).hexdigest()))
    return tuple(files)


# A folder's `.gitignore` with the folder it speaks about, relative with `/`, "" or ending in `/`.
_Ignore = tuple[str, "GitIgnoreSpec"]


def _walk(root: Path, folder: str, ignores: tuple[_Ignore, ...]) -> Iterator[str]:
    try:
        with os.scandir(root / folder) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
    except OSError:
        return
    names = {entry.name for entry in entries}
    if folder and PROJECT_FILE in names:
        return  # a nested `vp.toml` is another project
    if ".gitignore" in names:
        ignores = (*ignores, (folder, _read_ignore(root / folder / ".gitignore")))
    for entry in entries:
        if entry.name.startswith("."):
            continue
        path = folder + entry.name
        if entry.is_dir(follow_symlinks=False):
            if not _ignored(path + "/", ignores):
                yield from _walk(root, path + "/", ignores)
        elif entry.name.endswith(PIPELINE_SUFFIX) and not _ignored(path, ignores):
            yield path


def _read_ignore(path: Path) -> GitIgnoreSpec:
    from pathspec import GitIgnoreSpec  # only projects that have a `.gitignore` pay for it

    return GitIgnoreSpec.from_lines(path.read_text(encoding="utf-8", errors="replace").splitlines())


def _ignored(path: str, ignores: tuple[_Ignore, ...]) -> bool:
    """The deepest `.gitignore` that says anything about `path` decides, as in git."""
    for folder, spec in reversed(ignores):
        verdict = spec.check_file(path.removeprefix(folder)).include
        if verdict is not None:
            return verdict
    return False
