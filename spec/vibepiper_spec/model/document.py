"""A whole `*.vp.toml` file, and the table of the kinds of blocks that may stand in one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, Strict

from vibepiper_spec.model.asset_test import TEST_KIND, AssetTest, AssetTestKind
from vibepiper_spec.model.change import Adopt, Moved, Removed
from vibepiper_spec.model.file_source import FileSource
from vibepiper_spec.model.names import NAME_PATTERN
from vibepiper_spec.model.pipeline import PipelineHeader
from vibepiper_spec.model.python_asset import PythonAsset
from vibepiper_spec.model.spec_model import SpecModel
from vibepiper_spec.model.sql_asset import SqlAsset
from vibepiper_spec.model.task import TaskModel
from vibepiper_spec.model.task_kinds import TASK_KINDS, TaskKind, Tasks

AssetKind = Literal["source", "sql", "python"]
AnyAsset = FileSource | SqlAsset | PythonAsset
AnyChange = Moved | Adopt | Removed


@dataclass(frozen=True, slots=True)
class BlockKind:
    """A kind of block: `header` is what stands before the name, `("source", "file")` for `[source.file.NAME]`."""

    header: tuple[str, ...]
    kind: AssetKind
    connector: str | None
    model: type[FileSource] | type[SqlAsset] | type[PythonAsset]
    noun: ClassVar = "asset"


BLOCK_KINDS = (
    BlockKind(("source", "file"), "source", "file", FileSource),
    BlockKind(("sql",), "sql", None, SqlAsset),
    BlockKind(("python",), "python", None, PythonAsset),
)

# Blocks whose header ends in a name.
NamedKind = BlockKind | TaskKind | AssetTestKind
AnyNamed = AnyAsset | TaskModel | AssetTest
NAMED_KINDS: tuple[NamedKind, ...] = (*BLOCK_KINDS, *TASK_KINDS, TEST_KIND)

# Lists of tables that tell a change to what is published.
CHANGE_KINDS: Mapping[str, type[Moved] | type[Adopt] | type[Removed]] = {
    "moved": Moved,
    "adopt": Adopt,
    "removed": Removed,
}

_NAMES: Any = Field(json_schema_extra={"propertyNames": {"pattern": NAME_PATTERN}})


class Sources(SpecModel):
    """Assets whose rows come from outside."""

    file: Annotated[dict[str, FileSource], _NAMES] = Field(default_factory=dict)
    """Rows that are read from files."""


class PipelineDocument(SpecModel):
    """A `*.vp.toml` file: its pipeline, assets, tasks, tests, and changes to what is published."""

    pipeline: PipelineHeader
    """What is common to the assets of the pipeline."""
    source: Sources = Sources()
    """Assets whose rows come from outside."""
    sql: Annotated[dict[str, SqlAsset], _NAMES] = Field(default_factory=dict)
    """Assets that are the result of a SELECT."""
    python: Annotated[dict[str, PythonAsset], _NAMES] = Field(default_factory=dict)
    """Assets that a Python function returns."""
    task: Tasks = Tasks()
    """Things to do that make no table."""
    test: Annotated[dict[str, AssetTest], _NAMES] = Field(default_factory=dict)
    """What assets must give for rows that are written down."""
    moved: Annotated[tuple[Moved, ...], Strict(False)] = ()
    """Assets and columns that have another name now."""
    adopt: Annotated[tuple[Adopt, ...], Strict(False)] = ()
    """Files that become the first version of an asset."""
    removed: Annotated[tuple[Removed, ...], Strict(False)] = ()
    """Assets that leave on purpose."""
