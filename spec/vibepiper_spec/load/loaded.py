"""What loading yields: the declared project, every file that was read, and all there is to say about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic
from vibepiper_spec.load.origin import Origin

if TYPE_CHECKING:
    # Scanning for files must not wait for the model.
    from vibepiper_spec.load.locator import Locator
    from vibepiper_spec.model.asset_test import AssetTest
    from vibepiper_spec.model.document import AnyAsset, AnyChange, AssetKind
    from vibepiper_spec.model.pipeline import PipelineHeader
    from vibepiper_spec.model.settings import ProjectSettings
    from vibepiper_spec.model.task import TaskModel


@dataclass(frozen=True, slots=True)
class LoadedFile:
    """A file of the project as it was read. `path` is relative to the root, with `/`."""

    path: str
    sha256: str


@dataclass(frozen=True, slots=True)
class DeclaredAsset:
    """An asset as it is declared, with what it inherits from its pipeline and from `[defaults]` filled in."""

    address: Address
    kind: AssetKind
    connector: str | None  # "file" for sources, None for the other kinds
    spec: AnyAsset
    origin: Origin


@dataclass(frozen=True, slots=True)
class DeclaredTask:
    """A task operator as it is declared, with what it inherits filled in."""

    address: Address
    kind: str  # "shell", "wait.file"
    spec: TaskModel
    origin: Origin


@dataclass(frozen=True, slots=True)
class DeclaredTest:
    """A test as it is declared. `files`: the texts of the CSV files that it names, by their paths as it names them."""

    address: Address
    spec: AssetTest
    origin: Origin
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DeclaredChange:
    """A change to what is published; bare names in it are assets of `pipeline`. See `ChangeBlock`."""

    pipeline: str
    spec: AnyChange
    origin: Origin
    index: int


@dataclass(frozen=True, slots=True)
class ProjectSpec:
    """The project as declared: all that could be read. Assets and tasks are in the order of files, kinds and blocks."""

    root: Path
    settings: ProjectSettings
    pipelines: Mapping[str, PipelineHeader]
    assets: tuple[DeclaredAsset, ...]
    changes: tuple[DeclaredChange, ...] = ()
    tasks: tuple[DeclaredTask, ...] = ()
    tests: tuple[DeclaredTest, ...] = ()


@dataclass(frozen=True, slots=True)
class LoadedProject:
    """The result of loading. `broken` are assets that are declared but left out, because their blocks have errors."""

    project: ProjectSpec
    diagnostics: tuple[Diagnostic, ...]
    locator: Locator
    files: tuple[LoadedFile, ...]
    broken: frozenset[Address] = frozenset()
    # The same of tasks.
    broken_tasks: frozenset[Address] = frozenset()
    # And of tests.
    broken_tests: frozenset[Address] = frozenset()
    # The `[pipeline]` table of every file, by path, as TOML gave it.
    headers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    # The files that hold the SQL of assets with `file`.
    sql_files: Mapping[Origin, str] = field(default_factory=dict)
    # Variables that `vp.toml` declares in a way that cannot be read; None where it cannot be told which.
    lost_variables: frozenset[str] | None = frozenset()
    # By Python module that declares assets, the project's other files that importing it runs.
    python_imports: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def may_declare(self, variable: str) -> bool:
        """Whether that there is no such variable may only be the echo of a mistake in `vp.toml`."""
        return self.lost_variables is None or variable.lower() in self.lost_variables
