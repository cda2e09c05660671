"""Puts the files of the pipelines together: one header and unique names for each pipeline."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from vibepiper_spec.address import Address
from vibepiper_spec.load.blocks import DeclaredBlock, article
from vibepiper_spec.load.loaded import DeclaredAsset, DeclaredChange, DeclaredTask, DeclaredTest
from vibepiper_spec.load.origin import Origin
from vibepiper_spec.load.pipeline_file import PipelineFile
from vibepiper_spec.load.problem import Problem
from vibepiper_spec.model.asset_test import AssetTest, AssetTestKind
from vibepiper_spec.model.document import AnyAsset
from vibepiper_spec.model.pipeline import PipelineHeader
from vibepiper_spec.model.settings import Defaults
from vibepiper_spec.model.sql_asset import SqlAsset
from vibepiper_spec.model.task import TaskModel
from vibepiper_spec.model.task_kinds import TaskKind


@dataclass(slots=True)
class JoinedPipelines:
    """All pipelines with their sound assets, tasks and tests, and the addresses of the unsound ones."""

    pipelines: dict[str, PipelineHeader] = field(default_factory=dict)
    assets: list[DeclaredAsset] = field(default_factory=list)
    changes: list[DeclaredChange] = field(default_factory=list)
    tasks: list[DeclaredTask] = field(default_factory=list)
    tests: list[DeclaredTest] = field(default_factory=list)
    broken: set[Address] = field(default_factory=set)
    broken_tasks: set[Address] = field(default_factory=set)
    broken_tests: set[Address] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)


def join_files(files: Iterable[PipelineFile], defaults: Defaults) -> JoinedPipelines:
    joined = JoinedPipelines()
    by_pipeline: dict[str, list[PipelineFile]] = {}
    for file in files:
        if file.header is not None:
            by_pipeline.setdefault(file.header.name, []).append(file)
    for name, members in by_pipeline.items():
        pipeline = _join_headers(name, members, joined.problems)
        joined.pipelines[name] = pipeline
        _join_assets(name, members, pipeline, defaults, joined)
        joined.changes += [
            DeclaredChange(name, change.spec, change.origin, change.index)
            for file in members
            for change in file.changes
        ]
    return joined


def _join_headers(name: str, files: list[PipelineFile], problems: list[Problem]) -> PipelineHeader:
    """The keys of all files' headers together; the first file that sets a key wins."""
    values: dict[str, Any] = {"name": name}
    set_in: dict[str, str] = {}
    for file in files:
        assert file.header is not None
        for key in file.header.model_fields_set - {"name"}:
            if key not in set_in:
                values[key], set_in[key] = getattr(file.header, key), file.path
                continue
            problems.append(
                Problem(
                    "VP206",
                    f"The pipeline `{name}` has its `{key}` in `{set_in[key]}` already, "
                    "and only one of the two could be meant.",
                    Origin(file.path, ("pipeline",)),
                    (key,),
                    part="key",
                    fix="Remove one of the two; every file names its pipeline, the other keys stand in one file.",
                    related=[(Origin(set_in[key], ("pipeline",)), (key,), "key", "First set here")],
                )
            )
    return PipelineHeader.model_construct(_fields_set=set(values), **values)


def _join_assets(
    pipeline_name: str,
    files: list[PipelineFile],
    pipeline: PipelineHeader,
    defaults: Defaults,
    joined: JoinedPipelines,
) -> None:
    first: dict[str, DeclaredBlock] = {}
    for file in files:
        for block in file.blocks:
            address = Address(pipeline_name, block.name)
            if block.name in first:
                joined.problems.append(_duplicate(address, block, first[block.name]))
                continue
            first[block.name] = block
            if isinstance(block.kind, TaskKind):
                _join_task(address, block, pipeline, defaults, joined)
                continue
            if isinstance(block.kind, AssetTestKind):
                _join_test(address, block, joined)
                continue
            if block.spec is None:
                joined.broken.add(address)
                continue
            assert not isinstance(block.spec, TaskModel | AssetTest)
            spec = _inherit(block.spec, pipeline, defaults)
            joined.assets.append(DeclaredAsset(address, block.kind.kind, block.kind.connector, spec, block.origin))


def _join_task(
    address: Address, block: DeclaredBlock, pipeline: PipelineHeader, defaults: Defaults, joined: JoinedPipelines
) -> None:
    if block.spec is None:
        joined.broken_tasks.add(address)
        return
    assert isinstance(block.kind, TaskKind) and isinstance(block.spec, TaskModel)
    spec = block.spec.model_copy(update=_inherited(block.spec, pipeline, defaults))
    joined.tasks.append(DeclaredTask(address, block.kind.kind, spec, block.origin))


def _join_test(address: Address, block: DeclaredBlock, joined: JoinedPipelines) -> None:
    if block.spec is None:
        joined.broken_tests.add(address)
        return
    assert isinstance(block.spec, AssetTest)
    joined.tests.append(DeclaredTest(address, block.spec, block.origin))


def _duplicate(address: Address, block: DeclaredBlock, first: DeclaredBlock) -> Problem:
    known = "" if block.kind.noun == first.kind.noun else f", as {article(first.kind)}"
    return Problem(
        "VP201",
        f"The {block.kind.noun} `{address}` is declared already{known}: names are unique in a pipeline, across kinds "
        "and files, and case makes no difference.",
        block.origin,
        part="header",
        fix="Rename or remove one of the two.",
        related=[(first.origin, (), "header", "First declared here")],
    )


def _inherit(spec: AnyAsset, pipeline: PipelineHeader, defaults: Defaults) -> AnyAsset:
    """The asset with what it does not say itself, the defaults included."""
    inherited = _inherited(spec, pipeline, defaults)
    if isinstance(spec, SqlAsset) and (ignored := dict.fromkeys((*spec.ignore, *defaults.ignore))):
        inherited["ignore"] = tuple(ignored)
    # Python assets cannot be views, so the default is not meant for them.
    if defaults.build is not None and "build" not in spec.model_fields_set and not hasattr(spec, "function"):
        inherited["build"] = defaults.build
    return spec.model_copy(update=inherited) if inherited else spec


def _inherited(spec: AnyAsset | TaskModel, pipeline: PipelineHeader, defaults: Defaults) -> dict[str, Any]:
    """What assets and tasks get that say nothing else: the nearest owner, all tags, retries, priority."""
    inherited: dict[str, Any] = {}
    owner = spec.owner or pipeline.owner or defaults.owner
    if owner != spec.owner:
        inherited["owner"] = owner
    tags = tuple(dict.fromkeys((*spec.tags, *pipeline.tags, *defaults.tags)))
    if tags != spec.tags:
        inherited["tags"] = tags
    if spec.retry is None:
        inherited["retry"] = defaults.retry
    if spec.timeout is None and defaults.timeout is not None:
        inherited["timeout"] = defaults.timeout
    if spec.priority is None and pipeline.priority:
        inherited["priority"] = pipeline.priority
    return inherited
