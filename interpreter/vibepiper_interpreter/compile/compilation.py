"""What the passes of the compiler hand to each other, and the tools they share."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vibepiper_interpreter.compile.applied_sources import AppliedSource, AppliedSources, nothing_applied
from vibepiper_interpreter.compile.build_settings import BuildSettings
from vibepiper_interpreter.compile.compiled import (
    Adoption,
    Check,
    Column,
    ColumnMove,
    CompiledAsset,
    Definition,
    FileDefinition,
    Input,
    Move,
    Removal,
)
from vibepiper_interpreter.compile.names import AssetNames
from vibepiper_interpreter.compile.python_fingerprint import Reached, fingerprint_function, fingerprint_sources
from vibepiper_interpreter.compile.python_imports import Imports
from vibepiper_interpreter.compile.python_references import PythonReferences
from vibepiper_interpreter.compile.python_source import PythonSources
from vibepiper_interpreter.local_cache import LocalCache
from vibepiper_spec.address import Address
from vibepiper_spec.load.loaded import DeclaredAsset, LoadedProject

if TYPE_CHECKING:
    import duckdb

    from vibepiper_interpreter.compile.compiled_operator import CompiledOperator
    from vibepiper_interpreter.compile.operator_functions import FunctionOfTask
    from vibepiper_interpreter.engines.duckdb.errors import SqlProblem
    from vibepiper_interpreter.engines.duckdb.syntax import Syntax
    from vibepiper_interpreter.storage.version import SourceFile
    from vibepiper_spec.load.problem import Problem
    from vibepiper_spec.load.python_file import PythonFile


# Characters of trees, as the engine writes them, that are kept between two passes.
_MOST_KEPT = 64_000_000


@dataclass(frozen=True, slots=True)
class SqlReferences:
    """What one query names: tables as (schema, name, start, end), parameters as (name, start, end)."""

    tables: tuple[tuple[str | None, str, int, int], ...] = ()
    parameters: tuple[tuple[str, int, int], ...] = ()
    problems: tuple[SqlProblem, ...] = ()


@dataclass(frozen=True, slots=True)
class Analysis:
    """What is known of a query beyond its columns (see `compile.lineage`), as far as planning needs it."""

    used: Mapping[Address, tuple[str, ...] | None]
    fingerprint: str
    shape: str
    column_fingerprints: tuple[tuple[str, str], ...]
    deterministic: bool


@dataclass(frozen=True, slots=True)
class Recalled:
    """What needs no compiling: assets whose own text, and all it hangs on, is as it was when they were compiled.

    `addresses` are all of the project, compiled anew or not, in the order in which they are declared.
    """

    assets: Mapping[Address, CompiledAsset] = field(default_factory=dict)
    addresses: tuple[Address, ...] = ()
    # What the digest of the project covers beside the files that are loaded, with the hashes.
    files: Mapping[str, str] = field(default_factory=dict)
    python_files: Mapping[Address, Mapping[str, str]] = field(default_factory=dict)
    tests: Mapping[Address, CompiledOperator] = field(default_factory=dict)


class TouchesRecalled(Exception):
    """A recalled asset must be compiled anew after all, for its place in the text has to be told."""

    def __init__(self, addresses: Iterable[Address]) -> None:
        super().__init__()
        self.addresses = frozenset(addresses)


@dataclass(frozen=True, slots=True)
class Compilation:
    """The project as far as it is compiled. Each pass returns it with its own fields filled in.

    `unknown` are assets whose columns cannot be told, because they have an error or read one that is unknown: their
    readers are not judged, so that one mistake is told once.
    """

    loaded: LoadedProject
    environment: str
    declared: Mapping[Address, DeclaredAsset]
    names: AssetNames
    variables: Mapping[str, Any] = field(default_factory=dict)
    parameter_types: Mapping[str, str] = field(default_factory=dict)  # of everything a query may name as `$name`
    # Declared columns with a type, by asset: name → (as declared, as stored), in DuckDB's spelling.
    declared_types: Mapping[Address, Mapping[str, tuple[str, str]]] = field(default_factory=dict)
    definitions: Mapping[Address, Definition] = field(default_factory=dict)
    sql: Mapping[Address, SqlReferences] = field(default_factory=dict)
    python: Mapping[Address, PythonReferences] = field(default_factory=dict)
    task_functions: Mapping[Address, FunctionOfTask] = field(default_factory=dict)
    reads: Mapping[Address, tuple[Address, ...]] = field(default_factory=dict)
    own_past: frozenset[Address] = frozenset()  # assets that read their own earlier intervals; not among `reads`
    order: tuple[Address, ...] = ()
    columns: Mapping[Address, tuple[Column, ...]] = field(default_factory=dict)
    inputs: Mapping[Address, tuple[Input, ...]] = field(default_factory=dict)
    own: Mapping[Address, Input] = field(default_factory=dict)  # see `CompiledAsset.own`
    analyses: Mapping[Address, Analysis] = field(default_factory=dict)
    settings: Mapping[Address, BuildSettings] = field(default_factory=dict)  # of what is not made at once
    given: Mapping[Address, tuple[Column, ...]] = field(default_factory=dict)  # see `CompiledAsset.given`
    checks: Mapping[Address, tuple[Check, ...]] = field(default_factory=dict)
    check_inputs: Mapping[Address, tuple[Address, ...]] = field(default_factory=dict)
    assets: Mapping[Address, CompiledAsset] = field(default_factory=dict)
    moves: tuple[Move, ...] = ()
    column_moves: tuple[ColumnMove, ...] = ()
    adoptions: Mapping[Address, Adoption] = field(default_factory=dict)
    removals: Mapping[Address, Removal] = field(default_factory=dict)
    operators: Mapping[Address, CompiledOperator] = field(default_factory=dict)
    unknown: frozenset[Address] = frozenset()
    # By Python asset or task, the project's modules that take part in it, with the hash of their text.
    python_files: Mapping[Address, Mapping[str, str]] = field(default_factory=dict)
    recalled: Recalled = Recalled()

    @classmethod
    def begin(cls, loaded: LoadedProject, environment: str, recalled: Recalled) -> Compilation:
        """Nothing but what is loaded, and what is recalled."""
        declared = {asset.address: asset for asset in loaded.project.assets}
        return cls(
            loaded,
            environment,
            declared,
            AssetNames([*declared, *loaded.broken, *recalled.assets]),
            reads={address: tuple(read.address for read in asset.inputs) for address, asset in recalled.assets.items()},
            columns={address: asset.columns for address, asset in recalled.assets.items()},
            unknown=loaded.broken,
            recalled=recalled,
        )

    @property
    def root(self) -> Path:
        return self.loaded.project.root

    @property
    def addresses(self) -> Iterable[Address]:
        """All assets that could be read, in the order in which they are declared."""
        return self.recalled.addresses or self.declared


class Workshop:
    """The tools of one compilation: opened when first needed, closed once at the end."""

    def __init__(
        self,
        root: Path,
        cache: LocalCache,
        environment: str,
        *,
        applied: AppliedSources = nothing_applied,
        offline_python: bool = False,
    ) -> None:
        self.cache = cache
        self.python = PythonSources(root)
        self.imports = Imports(root, self.python, cache)
        # Thousands of tasks may call one function.
        self._reached: dict[tuple[str, str], Reached] = {}
        self._sources: dict[frozenset[str], str] = {}
        # The files of each source as they were when its columns were inferred.
        self.source_files: dict[Address, tuple[SourceFile, ...]] = {}
        # How those were read for what is published that could not be told from their files, or not from them alone.
        self.applied_sources: dict[Address, AppliedSource | None] = {}
        # Those of them for which it mattered which files had been read.
        self.files_mattered: set[Address] = set()
        self.offline_python = offline_python
        self._root, self._environment, self._applied = root, environment, applied
        self._looked_up: dict[Address, AppliedSource | None] = {}
        self._answers: dict[str, str] = {}
        self._kept = 0
        self._connection: duckdb.DuckDBPyConnection | None = None

    def read_modules(self, names: Sequence[str]) -> tuple[Sequence[PythonFile], Sequence[Problem]]:
        """What the modules of `[project] modules` declare; nothing where no module may be imported."""
        if self.offline_python:
            return (), ()
        from vibepiper_interpreter.compile.declared_modules import read_modules  # few projects declare assets so

        return read_modules(names, self.python, self.imports)

    def reached_by(self, module: str, function: str) -> Reached:
        """See `fingerprint_function`."""
        key = module, function
        if key not in self._reached:
            self._reached[key] = fingerprint_function(self.python, module, function)
        return self._reached[key]

    def sources_of(self, modules: frozenset[str]) -> str:
        """See `fingerprint_sources`."""
        if modules not in self._sources:
            self._sources[modules] = fingerprint_sources(self.python, modules)
        return self._sources[modules]

    def look_up_applied(self, addresses: Collection[Address], state_url: str | None) -> None:
        """Ask of all of these at once what may be asked one by one: each time the state is opened. Nothing hangs on
        it before it is asked for."""
        if addresses:
            found = self._applied(self._root, state_url, self._environment, addresses)
            self._looked_up.update((address, found.get(address)) for address in addresses)

    def applied_source(self, address: Address, state_url: str | None) -> FileDefinition | None:
        """How a source was read for what is published in this environment, if it is; the result hangs on it then."""
        found = self._applied_source(address, state_url)
        return None if found is None else found.definition

    def applied_files(self, address: Address, state_url: str | None) -> AppliedSource | None:
        """The same with the files that were read; the result hangs on these too."""
        self.files_mattered.add(address)
        return self._applied_source(address, state_url)

    def _applied_source(self, address: Address, state_url: str | None) -> AppliedSource | None:
        if address not in self._looked_up:
            self.look_up_applied((address,), state_url)
        self.applied_sources[address] = self._looked_up[address]
        return self._looked_up[address]

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """A session without any file: for parsing and binding."""
        if self._connection is None:
            self._connection = self.connect()
            # It runs nothing that it would be worth to optimise; to bind takes half as long without.
            self._connection.execute("SET SESSION enable_optimizer = false")
        return self._connection

    def connect(self, folders: Sequence[Path] = ()) -> duckdb.DuckDBPyConnection:
        """A session that may read `folders`; the caller closes it."""
        # Importing DuckDB costs more than all else when nothing has to be bound.
        from vibepiper_interpreter.engines.duckdb.session import SessionSettings, connect

        return connect(SessionSettings(threads=1, writing_threads=0, allowed_directories=folders))

    def keep_syntax(self, query: str, answer: str) -> None:
        """Keep what the engine said of a sound query from the pass that finds references for the one that analyses."""
        if self._kept + len(answer) <= _MOST_KEPT:
            self._kept += len(answer)
            self._answers[query] = answer

    def take_syntax(self, query: str) -> Syntax:
        """The tree of a sound query, parsed again where nothing was kept; nothing is kept of it any longer."""
        from vibepiper_interpreter.engines.duckdb.syntax import Syntax, judge, serialized

        answer = self._answers.pop(query, None)
        if answer is None:
            (answer,) = serialized(self.connection, [query])
        else:
            self._kept -= len(answer)
        found = judge(query, answer)
        if not isinstance(found, Syntax):
            raise ValueError(f"not a sound query: {found.message}")
        return found

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self.cache.flush()
