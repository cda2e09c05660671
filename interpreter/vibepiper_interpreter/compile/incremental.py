"""Compiles what an edit can have touched, and recalls the rest.

The unit is the spec file. Files that changed are read again; so are, round by round, those with assets that what was
found there can matter to: readers of columns that are others now, files that inherit from another header. Only a
result without errors is ever recalled from, so whatever an edit breaks is found in what it touched.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vibepiper_interpreter.compile.asset_tests import touched_tests
from vibepiper_interpreter.compile.build_settings import Append
from vibepiper_interpreter.compile.compilation import Compilation, Recalled, TouchesRecalled, Workshop
from vibepiper_interpreter.compile.compiled import Column, Compiled
from vibepiper_interpreter.compile.compiled_operator import TEST
from vibepiper_interpreter.compile.project import finish, in_order_of_place, run_passes
from vibepiper_interpreter.compile.witness import Changes, Witness
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic
from vibepiper_spec.load.loaded import LoadedProject
from vibepiper_spec.load.project import load_files
from vibepiper_spec.load.scan import PROJECT_FILE, spec_paths

# An edit that reaches further than this, reader by reader, is compiled anew in one go.
_MOST_ROUNDS = 6


@dataclass(frozen=True, slots=True)
class Recompiled:
    """`reread` are the spec files that were read again, or are gone; `loaded` is what was found there."""

    compiled: Compiled
    loaded: LoadedProject
    state: Compilation
    reread: frozenset[str]


def recompile(
    root: Path, environment: str, witness: Witness, known: Compiled, changes: Changes, workshop: Workshop
) -> Recompiled | None:
    """What compiling everything would give; None where that is the better way."""
    if any(diagnostic.place is None for diagnostic in known.diagnostics):
        return None  # nobody knows what it is about
    here = (set(spec_paths(root)) - {PROJECT_FILE}) | witness.python_files()
    files = _Files(witness, known)
    # Whether what is said to have moved or left is still declared is judged over all files, and these are few.
    reread = set(changes.specs) | known.project.files_of_changes()
    # Any asset may be what a task comes after, and tasks are few: their files are always read again.
    reread |= {operator.declared_in for operator in known.project.operators.values() if operator.kind != TEST}
    for _ in range(_MOST_ROUNDS):
        if 2 * len(reread & here) > len(here) + 2:
            return None
        reread |= files.told_about(reread)
        headers = {path: table for path, table in witness.headers.items() if path in here - reread}
        loaded = load_files(root, reread & here, headers, workshop.read_modules)
        recalled = _recall(witness, known, loaded, reread)
        more = files.inheriting(loaded, reread) | {files.of[each] for each in _declared_twice(loaded, recalled)}
        if more <= reread:
            try:
                state, diagnostics = run_passes(Compilation.begin(loaded, environment, recalled), workshop)
                compiled = finish(state, (*loaded.diagnostics, *diagnostics, *files.kept_diagnostics(reread)))
                compiled = replace(compiled, diagnostics=in_order_of_place(compiled.diagnostics))
                more = {files.of[each] for each in _touched(state, known)} | files.silenced(state)
                more |= {test.declared_in for test in touched_tests(state, known.project.operators)}
                if not more:
                    return Recompiled(compiled, loaded, state, frozenset(reread))
            except TouchesRecalled as touches:
                more = {files.of[each] for each in touches.addresses}
        reread |= more
    return None


class _Files:
    """What is remembered of the spec files."""

    def __init__(self, witness: Witness, known: Compiled) -> None:
        self._witness, self._known = witness, known
        self.of = {address: asset.declared_in for address, asset in known.project.assets.items()}
        self.of |= {address: operator.declared_in for address, operator in known.project.operators.items()}

    def inheriting(self, loaded: LoadedProject, reread: Iterable[str]) -> set[str]:
        """The files of pipelines whose `[pipeline]` says something else in one of `reread`."""
        pipelines: set[str] = set()
        for path in reread:
            before, after = self._witness.headers.get(path, {}), loaded.headers.get(path, {})
            if before != after and (before.keys() | after.keys()) - {"name"}:
                pipelines |= {_name(before), _name(after)}
        return {path for path, table in self._witness.headers.items() if _name(table) in pipelines}

    def told_about(self, reread: set[str]) -> set[str]:
        """The files of all diagnostics that say something about one of `reread`."""
        found: set[str] = set()
        for diagnostic in self._known.diagnostics:
            about = self._about(diagnostic)
            if not about.isdisjoint(reread):
                found |= about
        return found

    def silenced(self, state: Compilation) -> set[str]:
        """The files that there is something to say about, of assets that are not judged any more."""
        told = {path for diagnostic in self._known.diagnostics for path in self._about(diagnostic)}
        return told & {self.of[address] for address in state.recalled.assets if address not in state.assets}

    def kept_diagnostics(self, reread: set[str]) -> list[Diagnostic]:
        """Those about files that are not read again. (`vp.toml` always is.)"""
        return [
            diagnostic
            for diagnostic in self._known.diagnostics
            if (about := self._about(diagnostic)) and about.isdisjoint(reread) and PROJECT_FILE not in about
        ]

    def _about(self, diagnostic: Diagnostic) -> set[str]:
        """The spec files that a diagnostic speaks of, also by way of SQL files and Python modules."""
        about: set[str] = set()
        for path in _paths(diagnostic):
            if path in self._witness.specs:
                about.add(path)
            elif path in self._witness.sql:
                about |= {spec for spec, named in self._witness.sql_of.items() if path in named}
            else:
                about |= self._witness.python_specs()
        return about


def _paths(diagnostic: Diagnostic) -> Iterator[str]:
    if diagnostic.place is not None:
        yield diagnostic.place.path
    for related in diagnostic.related:
        yield related.place.path


def _name(header: Mapping[str, Any]) -> str:
    return str(header.get("name", "")).lower()


def _recall(witness: Witness, known: Compiled, loaded: LoadedProject, reread: set[str]) -> Recalled:
    kept = {address: asset for address, asset in known.project.assets.items() if asset.declared_in not in reread}
    in_file: dict[str, list[Address]] = {}
    for declared in loaded.project.assets:
        in_file.setdefault(declared.origin.path, []).append(declared.address)
    for path, addresses in witness.declares.items():
        if path not in reread:
            in_file[path] = [Address.parse(address) for address in addresses]
    by_pipeline: dict[str, list[Address]] = {pipeline: [] for pipeline in loaded.project.pipelines}
    for path in sorted(in_file):
        by_pipeline[in_file[path][0].pipeline] += in_file[path]
    named = {path for spec, paths in witness.sql_of.items() if spec not in reread for path in paths}
    files = {path: seen[0] for path, seen in witness.specs.items() if path not in reread}
    files |= {path: seen[0] for path, seen in witness.sql.items() if path in named}
    reached = ((address, Address.parse(address)) for address in witness.reached)
    return Recalled(
        kept,
        tuple(address for addresses in by_pipeline.values() for address in addresses),
        files,
        {address: witness.reached[text] for text, address in reached if address in kept},
        {
            address: operator
            for address, operator in known.project.operators.items()
            if operator.kind == TEST and operator.declared_in not in reread
        },
    )


def _declared_twice(loaded: LoadedProject, recalled: Recalled) -> set[Address]:
    project = loaded.project
    read = {asset.address for asset in project.assets} | {task.address for task in project.tasks}
    read |= {test.address for test in project.tests}
    read |= loaded.broken | loaded.broken_tasks | loaded.broken_tests
    return read & (recalled.assets.keys() | recalled.tests.keys())


def _touched(state: Compilation, known: Compiled) -> Iterator[Address]:
    """The recalled assets for which what was compiled anew may matter."""
    before, recalled = known.project.assets, state.recalled.assets
    there = state.declared.keys() | recalled.keys() | state.loaded.broken
    other: set[Address] = {address for address in before if address not in there}
    unreadable: set[Address] = {address for address in before if address not in state.assets}
    for address in state.declared.keys() & before.keys() & state.assets.keys():
        now, was = state.assets[address], before[address]
        # Intervals may begin where the cursor of what they read does; of what only grows new rows alone are seen.
        grows, grew = isinstance(now.settings, Append), isinstance(was.settings, Append)
        if _typed(now.columns) != _typed(was.columns) or now.cursor != was.cursor or grows != grew:
            other.add(address)
    python = {address for address, declared in state.declared.items() if declared.kind == "python"}
    for address, asset in recalled.items():
        reads = {read.address for read in asset.inputs}
        if not (
            reads.isdisjoint(other)
            and other.union(unreadable).isdisjoint(asset.check_inputs)
            # SQL may read a Python asset only if that declares all its columns, types included.
            and (asset.kind != "sql" or reads.isdisjoint(python))
        ):
            yield address
    for address in state.sql:
        for read in state.reads.get(address, ()):
            if read in recalled and recalled[read].kind == "python":
                yield read


def _typed(columns: Iterable[Column]) -> list[tuple[str, str]]:
    return [(column.name, column.type) for column in columns]
