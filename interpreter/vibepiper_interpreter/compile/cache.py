"""Loads and compiles a project, or gives what that gave before: all of it, or what has not been touched since.

An unchanged project is told by the identity of its files alone: no TOML is parsed, and DuckDB is not imported.
"""

from __future__ import annotations

import json
import posixpath
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vibepiper_interpreter.compile.applied_sources import AppliedSource, AppliedSources
from vibepiper_interpreter.compile.compiled import Compiled, FileDefinition
from vibepiper_interpreter.compile.project_bytes import compiled_from_bytes, compiled_to_bytes, names_of_pieces
from vibepiper_interpreter.compile.serial import definition_to_json
from vibepiper_interpreter.compile.witness import Changes, Witness, compare, current_code, seen_files, sha256_of
from vibepiper_interpreter.local_cache import LocalCache
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import has_errors
from vibepiper_spec.load.scan import PROJECT_FILE

if TYPE_CHECKING:
    from vibepiper_interpreter.compile.compilation import Compilation, Workshop
    from vibepiper_interpreter.compile.incremental import Recompiled
    from vibepiper_spec.load.loaded import LoadedProject

_WITNESS, _FRAME, _PIECE = "project_witness", "project", "project_piece"


def compile_root(root: Path, environment: str, applied: AppliedSources) -> Compiled:
    """The compiled project at `root`; its diagnostics hold those of loading too."""
    with LocalCache(root) as cache:
        return _Memory(root, environment, cache, applied).compile()


@dataclass(frozen=True, slots=True)
class _Known:
    """A remembered result, and what has changed since."""

    witness: Witness
    changes: Changes
    compiled: Compiled
    frame: bytes


class _Memory:
    """What is remembered of one project in one environment. Only results without errors are: what was not found may
    be there the next time."""

    def __init__(self, root: Path, environment: str, cache: LocalCache, applied: AppliedSources) -> None:
        self._root, self._environment, self._cache, self._applied = root, environment, cache, applied

    def compile(self) -> Compiled:
        started = time.time_ns()
        known = self._recall()
        if known is None:
            return self._compile_anew(started)
        if known.changes.none:
            if known.changes.moved:
                self._note_moved(known)
            return known.compiled
        return self._recompile(known, started) or self._compile_anew(started)

    def _recall(self) -> _Known | None:
        """What compiling gave last time, and what has changed since."""
        stored = self._cache.get(_WITNESS, self._environment)
        if stored is None:
            return None
        try:
            witness = Witness.from_bytes(stored)
            changes = compare(self._root, witness, self._cache)
            frame = None if changes.all else self._cache.get(_FRAME, witness.frame)
            if frame is None:
                return None
            compiled = compiled_from_bytes(frame, lambda names: self._cache.get_many(_PIECE, names))
            compiled = replace(compiled, identity=witness.frame)
            if applied_otherwise := self._applied_otherwise(witness, compiled.state_url):
                changes = replace(changes, specs=changes.specs | applied_otherwise)
            return _Known(witness, changes, compiled, frame)
        except (ValueError, KeyError, IndexError, TypeError):  # damaged: compile anew
            return None

    def _applied_otherwise(self, witness: Witness, state_url: str | None) -> frozenset[str]:
        """The spec files of sources that hang on what is published, where that is not as it was any more."""
        if not witness.applied:
            return frozenset()
        asked = {address: Address.parse(address) for address in witness.applied}
        found = self._applied(self._root, state_url, self._environment, asked.values())
        others = {
            text
            for text, address in asked.items()
            if _written(found.get(address), files=_with_files(witness.applied[text])) != witness.applied[text]
        }
        return frozenset(path for path, declared in witness.declares.items() if not others.isdisjoint(declared))

    def _note_moved(self, known: _Known) -> None:
        witness = known.witness
        for files in (witness.specs, witness.sql, witness.modules):
            files.update((path, seen) for path, seen in known.changes.moved.items() if path in files)
        self._cache.put(_WITNESS, self._environment, witness.to_bytes())

    def _compile_anew(self, started: int) -> Compiled:
        from vibepiper_interpreter.compile.compilation import Compilation, Recalled, Workshop
        from vibepiper_interpreter.compile.project import finish, in_order_of_place, run_passes
        from vibepiper_spec.load.project import load_project

        workshop = Workshop(self._root, self._cache, self._environment, applied=self._applied)
        try:
            loaded = load_project(self._root, modules=workshop.read_modules)
            state, diagnostics = run_passes(Compilation.begin(loaded, self._environment, Recalled()), workshop)
        finally:
            workshop.close()
        found = finish(state, in_order_of_place((*loaded.diagnostics, *diagnostics)))
        if not has_errors(found.diagnostics):
            return self._remember(found, _witness(self._root, loaded, state, workshop, started), {})
        return found

    def _recompile(self, known: _Known, started: int) -> Compiled | None:
        from vibepiper_interpreter.compile.compilation import Workshop
        from vibepiper_interpreter.compile.incremental import recompile

        workshop = Workshop(self._root, self._cache, self._environment, applied=self._applied)
        try:
            found = recompile(self._root, self._environment, known.witness, known.compiled, known.changes, workshop)
        finally:
            workshop.close()
        if found is None or has_errors(found.compiled.diagnostics):
            return None if found is None else found.compiled
        new = _witness(self._root, found.loaded, found.state, workshop, started)
        kept = {path: name for path, name in names_of_pieces(known.frame).items() if path not in found.reread}
        merged = _merged(known.witness, new, found, python=known.changes.python)
        return self._remember(found.compiled, merged, kept)

    def _remember(self, found: Compiled, witness: Witness, kept: dict[str, str]) -> Compiled:
        remembered = compiled_to_bytes(found, kept)
        name = sha256_of(remembered.frame)
        self._cache.put_many(_PIECE, remembered.pieces.items())
        self._cache.put(_FRAME, name, remembered.frame)
        self._cache.put(_WITNESS, self._environment, replace(witness, frame=name).to_bytes())
        return replace(found, identity=name)


def _witness(root: Path, loaded: LoadedProject, state: Compilation, workshop: Workshop, started: int) -> Witness:
    """All that the result hangs on as far as it was compiled now, as it was when it was read."""
    declares: dict[str, list[str]] = {path: [] for path in loaded.headers}
    for declared in loaded.project.assets:
        declares[declared.origin.path].append(str(declared.address))
    sql_of: dict[str, list[str]] = {}
    for origin, path in loaded.sql_files.items():
        sql_of.setdefault(origin.path, []).append(path)
    for test in loaded.project.tests:
        sql_of.setdefault(test.origin.path, []).extend(posixpath.normpath(path) for path in test.files)
    for path, imported in loaded.python_imports.items():
        sql_of.setdefault(path, []).extend(imported)
    hashes = [(file.path, file.sha256) for file in loaded.files]
    modules = ((module.path, sha256_of(module.content)) for module in workshop.python.read())
    return Witness(
        code=current_code(),
        frame="",
        specs=seen_files(root, (file for file in hashes if _is_spec(file[0], loaded)), started),
        headers={path: dict(table) for path, table in loaded.headers.items()},
        declares={path: addresses for path, addresses in declares.items() if addresses},
        sql=seen_files(root, (file for file in hashes if not _is_spec(file[0], loaded)), started),
        sql_of=sql_of,
        modules=seen_files(root, modules, started),
        looked_for=workshop.python.looked_for,
        reached={str(address): dict(files) for address, files in state.python_files.items()},
        sources={
            str(address): [
                definition_to_json(asset.definition),
                [[file.path, file.sha256] for file in workshop.source_files[address]],
                asset.settings is not None and workshop.applied_sources.get(address) is not None,
            ]
            for address, asset in state.assets.items()
            if isinstance(asset.definition, FileDefinition) and address in workshop.source_files
        },
        applied={
            str(address): _written(before, files=address in workshop.files_mattered)
            for address, before in workshop.applied_sources.items()
        },
        every_module=None if workshop.python.every is None else list(workshop.python.every),
    )


def _is_spec(path: str, loaded: LoadedProject) -> bool:
    return path.endswith(PROJECT_FILE) or path in loaded.python_imports


def _written(applied: AppliedSource | None, *, files: bool) -> Any:
    """As JSON: the definition, and where that matters what was read, as a hash."""
    if applied is None:
        return [None, "" if files else None]
    read = json.dumps([[file.path, file.sha256] for file in applied.files])
    definition = json.loads(json.dumps(definition_to_json(applied.definition)))
    return [definition, sha256_of(read.encode()) if files else None]


def _with_files(written: Any) -> bool:
    return written[1] is not None


def _merged(old: Witness, new: Witness, found: Recompiled, *, python: bool) -> Witness:
    """`old` as far as it is still about the project, and `new`. Where `python` changed, all of that is new."""
    reread = found.reread
    here = {path for path in old.specs if path not in reread}
    sql_of = {path: named for path, named in old.sql_of.items() if path in here} | new.sql_of
    named = {path for paths in sql_of.values() for path in paths}
    recalled = {str(address) for address in found.state.recalled.assets}
    return replace(
        new,
        specs={path: seen for path, seen in old.specs.items() if path in here} | new.specs,
        headers={path: table for path, table in old.headers.items() if path in here} | new.headers,
        declares={path: each for path, each in old.declares.items() if path in here} | new.declares,
        sql={path: seen for path, seen in (old.sql | new.sql).items() if path in named},
        sql_of=sql_of,
        modules=new.modules if python else old.modules | new.modules,
        looked_for=new.looked_for if python else old.looked_for | new.looked_for,
        every_module=new.every_module if python else new.every_module or old.every_module,
        sources={each: source for each, source in old.sources.items() if each in recalled} | new.sources,
        applied={each: before for each, before in old.applied.items() if each in recalled} | new.applied,
    )
