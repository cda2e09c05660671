"""Loads and compiles a project, or gives what that gave before if nothing it hangs on has changed.

An unchanged project is told by the identity of its files alone: no TOML is parsed, and DuckDB is not imported.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vibepiper_interpreter.compile.code_version import code_version
from vibepiper_interpreter.compile.compiled import Compiled, FileDefinition
from vibepiper_interpreter.compile.project_bytes import compiled_from_bytes, compiled_to_bytes
from vibepiper_interpreter.compile.serial import definition_from_json, definition_to_json
from vibepiper_interpreter.connectors.file.listing import list_files
from vibepiper_interpreter.local_cache import LocalCache
from vibepiper_spec.diagnostics import DiagnosticError, has_errors
from vibepiper_spec.load.scan import PROJECT_FILE, spec_paths

if TYPE_CHECKING:
    from vibepiper_interpreter.compile.compilation import Workshop
    from vibepiper_spec.load.loaded import LoadedProject

_WITNESS, _RESULT = "project_witness", "project"
# A file touched this shortly before it was read may change again within the clock's grain: its content is compared.
_RACY_NS = 2_000_000_000


def compile_root(root: Path, environment: str) -> Compiled:
    """The compiled project at `root`; its diagnostics hold those of loading too."""
    with LocalCache(root) as cache:
        known = _recall(root, environment, cache)
        return _compile(root, environment, cache) if known is None else known


def _recall(root: Path, environment: str, cache: LocalCache) -> Compiled | None:
    """What compiling gave last time, if all that it hung on is as it was."""
    stored = cache.get(_WITNESS, environment)
    try:
        witness = None if stored is None else json.loads(stored)
        if witness is None or witness["code"] != _code() or not _holds(root, witness, environment, cache):
            return None
        result = cache.get(_RESULT, environment)
        return None if result is None else compiled_from_bytes(result)
    except (ValueError, KeyError, IndexError, TypeError):  # damaged: compile anew
        return None


def _code() -> list[str]:
    return [code_version(), sys.executable]


def _holds(root: Path, witness: Mapping[str, Any], environment: str, cache: LocalCache) -> bool:
    if sorted(spec_paths(root)) != witness["specs"]:
        return False
    if any((root / path).is_file() != was_there for path, was_there in witness["looked_for"].items()):
        return False
    moved = {}
    for path, (sha256, *identity) in witness["files"].items():
        if _identity(root / path) != identity:
            if _sha256(root / path) != sha256:
                return False
            moved[path] = sha256
    if not _same_sources(root, witness["sources"], cache):
        return False
    if moved:
        files = {**witness["files"], **_identities(root, moved, time.time_ns())}
        cache.put(_WITNESS, environment, json.dumps({**witness, "files": files}).encode())
    return True


def _same_sources(root: Path, sources: list[Any], cache: LocalCache) -> bool:
    for written, content in sources:
        definition = definition_from_json(written)
        assert isinstance(definition, FileDefinition)
        try:
            if [[file.path, file.sha256] for file in list_files(root, definition, cache=cache)] != content:
                return False
        except (DiagnosticError, OSError):
            return False
    return True


def _identities(root: Path, hashes: Mapping[str, str], now: int) -> dict[str, list[Any]]:
    """By path: the content's hash, and what tells that the file was not touched since. Nothing tells that too soon."""
    found: dict[str, list[Any]] = {}
    for path, sha256 in hashes.items():
        identity = _identity(root / path)
        racy = not identity or now - max(identity[1:3]) < _RACY_NS
        found[path] = [sha256] if racy else [sha256, *identity]
    return found


def _identity(path: Path) -> list[int]:
    try:
        stat = path.stat()
    except OSError:
        return []
    return [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino]


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""


def _compile(root: Path, environment: str, cache: LocalCache) -> Compiled:
    """Load and compile; remembered only without errors, for what was not found may be there the next time."""
    from vibepiper_interpreter.compile.compilation import Workshop
    from vibepiper_interpreter.compile.project import compile_loaded
    from vibepiper_spec.load.project import load_project

    started = time.time_ns()
    loaded = load_project(root)
    workshop = Workshop(root, cache)
    compiled = compile_loaded(loaded, environment, workshop)
    found = replace(compiled, diagnostics=tuple(dict.fromkeys((*loaded.diagnostics, *compiled.diagnostics))))
    if not has_errors(found.diagnostics):
        cache.put(_WITNESS, environment, json.dumps(_witness(root, loaded, found, workshop, started)).encode())
        cache.put(_RESULT, environment, compiled_to_bytes(found))
    return found


def _witness(root: Path, loaded: LoadedProject, found: Compiled, workshop: Workshop, started: int) -> dict[str, Any]:
    """All that `found` hangs on, as it was when it was read."""
    hashes = {file.path: file.sha256 for file in loaded.files}
    hashes |= {module.path: hashlib.sha256(module.content).hexdigest() for module in workshop.python.read()}
    sources = [
        [definition_to_json(asset.definition), [[file.path, file.sha256] for file in workshop.source_files[address]]]
        for address, asset in found.project.assets.items()
        if isinstance(asset.definition, FileDefinition)
    ]
    return {
        "code": _code(),
        "specs": [file.path for file in loaded.files if file.path.endswith(PROJECT_FILE)],
        "looked_for": workshop.python.looked_for,
        "files": _identities(root, hashes, started),
        "sources": sources,
    }
