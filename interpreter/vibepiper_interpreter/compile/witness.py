"""What a remembered result hangs on: every file that was read or looked for, as it was; and which of them changed."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from vibepiper_interpreter.compile.code_version import code_version
from vibepiper_interpreter.compile.compiled import FileDefinition
from vibepiper_interpreter.compile.serial import definition_from_json
from vibepiper_interpreter.connectors.file.listing import list_files
from vibepiper_interpreter.local_cache import LocalCache
from vibepiper_spec.diagnostics import DiagnosticError
from vibepiper_spec.load.scan import PROJECT_FILE, PYTHON_SUFFIX, spec_paths

# A file touched this shortly before it was read may change again within the clock's grain: its content is compared.
_RACY_NS = 2_000_000_000

# A file's hash, and what tells that it was not touched since: size, times, number. Only the hash where that is unsure.
Seen = list[Any]


@dataclass(frozen=True, slots=True)
class Witness:
    """Paths are relative to the project's root. All values are plain JSON."""

    code: list[str]
    frame: str  # names the result in the cache
    specs: dict[str, Seen]  # `vp.toml` and the files of the pipelines
    headers: dict[str, dict[str, Any]]  # the `[pipeline]` table of each such file
    declares: dict[str, list[str]]  # the addresses each of them declares, in its order
    sql: dict[str, Seen]
    sql_of: dict[str, list[str]]  # the SQL files that each spec file names
    modules: dict[str, Seen]  # the project's Python modules that were read
    looked_for: dict[str, bool]  # and whether a file was where one could have been
    reached: dict[str, dict[str, str]]  # by Python asset: the modules that are part of it, with their hashes
    sources: dict[str, list[Any]]  # by source: its definition, its files with their hashes, whether files may lack
    applied: dict[str, Any]  # by source that hangs on it: how it was read for what is published, and which files
    every_module: list[str] | None = None  # all Python modules there were, where code may reach any of them

    def to_bytes(self) -> bytes:
        return json.dumps({each.name: getattr(self, each.name) for each in fields(self)}).encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> Witness:
        return cls(**json.loads(content))

    def python_files(self) -> set[str]:
        """The Python modules that are spec files themselves."""
        return {path for path in self.specs if path.endswith(PYTHON_SUFFIX)}

    def python_specs(self) -> set[str]:
        """The spec files that declare Python assets."""
        return {path for path, addresses in self.declares.items() if any(each in self.reached for each in addresses)}


@dataclass(frozen=True, slots=True)
class Changes:
    """What is not as it was. Empty where everything is; `all` where nothing of it can be kept."""

    all: bool = False
    specs: frozenset[str] = frozenset()  # spec files that are new, gone, other, or name something that is
    python: bool = False
    # Touched, but of the same content: to be noted, so that it is not read again.
    moved: Mapping[str, Seen] = field(default_factory=dict)

    @property
    def none(self) -> bool:
        return not (self.all or self.specs or self.python)


def current_code() -> list[str]:
    return [code_version(), sys.executable]


def compare(root: Path, witness: Witness, cache: LocalCache) -> Changes:
    """What has changed below `root` since the witness was taken."""
    if witness.code != current_code():
        return Changes(all=True)
    moved: dict[str, Seen] = {}
    changed = set(_changed(root, {**witness.specs, **witness.sql, **witness.modules}, moved))
    if PROJECT_FILE in changed:
        return Changes(all=True)
    here = set(spec_paths(root))
    specs = (changed & witness.specs.keys()) | (here ^ (witness.specs.keys() - witness.python_files()))
    specs |= {path for path, named in witness.sql_of.items() if not changed.isdisjoint(named)}
    specs |= _other_sources(root, witness, cache)
    python = not changed.isdisjoint(witness.modules) or any(
        (root / path).is_file() != was_there for path, was_there in witness.looked_for.items()
    )
    python = python or _other_modules(root, witness)
    if python and witness.python_files():
        return Changes(all=True)  # what they declare may hang on anything that they import
    if python:
        specs |= witness.python_specs()
    return Changes(specs=frozenset(specs), python=python, moved=moved)


def _other_modules(root: Path, witness: Witness) -> bool:
    """Whether modules came or went where code may reach any of them."""
    if witness.every_module is None:
        return False
    from vibepiper_interpreter.compile.python_source import PythonSources  # parses Python, which few projects need here

    return witness.every_module != list(PythonSources(root).names())


def _changed(root: Path, files: Mapping[str, Seen], moved: dict[str, Seen]) -> Iterable[str]:
    now = time.time_ns()
    base = f"{root}{os.sep}"
    for path, (sha256, *identity) in files.items():
        found = _identity(base + path)
        if not found or found != identity:
            if _sha256(base + path) != sha256:
                yield path
            else:
                moved[path] = _seen(sha256, found, now)


def _other_sources(root: Path, witness: Witness, cache: LocalCache) -> set[str]:
    """The spec files of sources whose data are not as they were."""
    others = {address for address, source in witness.sources.items() if not _same_source(root, source, cache)}
    if not others:
        return set()
    return {path for path, addresses in witness.declares.items() if not others.isdisjoint(addresses)}


def _same_source(root: Path, source: list[Any], cache: LocalCache) -> bool:
    written, content, goes_on = source
    definition = definition_from_json(written)
    assert isinstance(definition, FileDefinition)
    try:
        found = list_files(root, definition, cache=cache, may_lack=goes_on)
    except (DiagnosticError, OSError):
        return False
    return bool(content == [[file.path, file.sha256] for file in found])


def seen_files(root: Path, hashes: Iterable[tuple[str, str]], started: int) -> dict[str, Seen]:
    """Files by path, as they are; `started`: when reading them began, in nanoseconds."""
    return {path: _seen(sha256, _identity(f"{root}{os.sep}{path}"), started) for path, sha256 in hashes}


def _seen(sha256: str, identity: list[int], now: int) -> Seen:
    racy = not identity or now - max(identity[1:3]) < _RACY_NS
    return [sha256] if racy else [sha256, *identity]


def _identity(path: str) -> list[int]:
    try:
        stat = os.stat(path)  # noqa: PTH116  # thousands of files: a Path for each takes longer than the call
    except OSError:
        return []
    return [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino]


def sha256_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _sha256(path: str) -> str:
    try:
        return sha256_of(Path(path).read_bytes())
    except OSError:
        return ""
