"""Reads the blocks of one `*.vp.toml` file: its `[pipeline]`, its assets, tasks and tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vibepiper_spec.diagnostics import did_you_mean, nearest
from vibepiper_spec.load.blocks import DeclaredBlock, read_blocks, without_echoes
from vibepiper_spec.load.origin import Origin
from vibepiper_spec.load.parse import ParsedFile
from vibepiper_spec.load.problem import Problem
from vibepiper_spec.load.tasks import read_tasks
from vibepiper_spec.load.validate import validate, wrong_type
from vibepiper_spec.model.asset_test import TEST_KIND
from vibepiper_spec.model.document import BLOCK_KINDS, CHANGE_KINDS, AnyChange, NamedKind
from vibepiper_spec.model.pipeline import PipelineHeader
from vibepiper_spec.model.settings import ProjectSettings
from vibepiper_spec.model.shape import keys_of

_CONNECTORS = {kind.connector: kind for kind in BLOCK_KINDS if kind.kind == "source" and kind.connector}
_PLAIN_KINDS = {kind.kind: kind for kind in BLOCK_KINDS if kind.kind != "source"}
_ROOTS = ("pipeline", "source", *_PLAIN_KINDS, "task", "test", *CHANGE_KINDS)


@dataclass(frozen=True, slots=True)
class ChangeBlock:
    """A block that tells a change to what is published; it stands at `index` of the list at `origin`."""

    spec: AnyChange
    origin: Origin
    index: int


@dataclass(slots=True)
class PipelineFile:
    """What one file declares. `header` is None where the file does not name its pipeline (with a problem)."""

    path: str
    header: PipelineHeader | None = None
    table: Mapping[str, Any] = field(default_factory=dict)  # the header as TOML gave it
    blocks: list[DeclaredBlock] = field(default_factory=list)
    changes: list[ChangeBlock] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def read_pipeline_file(path: str, parsed: ParsedFile, context: Mapping[str, Any]) -> PipelineFile:
    file = PipelineFile(path)
    data = parsed.data
    _read_header(file, parsed, data.get("pipeline"))
    for key, value in data.items():
        if key in _PLAIN_KINDS:
            _read_blocks(file, parsed, _PLAIN_KINDS[key], value, context)
        elif key == "task":
            blocks, problems = read_tasks(path, parsed, value)
            file.blocks += blocks
            file.problems += problems
        elif key == "test":
            _read_blocks(file, parsed, TEST_KIND, value, {})
        elif key == "source":
            _read_sources(file, parsed, value, context)
        elif key in CHANGE_KINDS:
            _read_changes(file, parsed, key, value)
        elif key != "pipeline":
            file.problems.append(_unknown_root(path, key, value))
    return file


def _read_header(file: PipelineFile, parsed: ParsedFile, table: object) -> None:
    whole, origin = Origin(file.path), Origin(file.path, ("pipeline",))
    if table is None:
        # A misspelled or unreadable header is reported already.
        if () not in parsed.broken and nearest("pipeline", parsed.data) is None:
            file.problems.append(
                Problem(
                    "VP104",
                    "This file does not name its pipeline, so its assets have no address.",
                    whole,
                    fix='Start the file with `[pipeline]` and `name = "…"`; several files may name the same pipeline.',
                )
            )
        return
    file.table = table if isinstance(table, dict) else {}
    file.header, problems = validate(PipelineHeader, table, origin)
    if file.header is None and isinstance(table, dict) and "name" in table:
        # Other keys are wrong, but the assets can still be named and judged.
        file.header, _ = validate(PipelineHeader, {"name": table["name"]}, origin)
    file.problems += without_echoes(problems, parsed.is_broken(("pipeline",)))


def _read_sources(file: PipelineFile, parsed: ParsedFile, table: object, context: Mapping[str, Any]) -> None:
    origin = Origin(file.path, ("source",))
    if not isinstance(table, dict):
        file.problems.append(wrong_type("a table", table, origin, ()))
        return
    for connector, blocks in table.items():
        if connector in _CONNECTORS:
            _read_blocks(file, parsed, _CONNECTORS[connector], blocks, context)
            continue
        below = Origin(file.path, ("source", connector))
        looks_like_asset = not isinstance(blocks, dict) or any(not isinstance(value, dict) for value in blocks.values())
        if looks_like_asset and nearest(connector, _CONNECTORS) is None:
            detail = f"The header of a source says what it is read with: `[source.file.{connector}]`."
            fix = f"Write `[source.file.{connector}]`."
        else:
            detail = f"There is no kind of source named `{connector}`.{did_you_mean(connector, _CONNECTORS)}"
            fix = f"Known kinds: {_listed(_CONNECTORS)}."
        file.problems.append(Problem("VP105", detail, below, part="header", fix=fix))


def _read_blocks(
    file: PipelineFile, parsed: ParsedFile, kind: NamedKind, table: object, context: Mapping[str, Any]
) -> None:
    blocks, problems = read_blocks(file.path, parsed, kind, table, context)
    file.blocks += blocks
    file.problems += problems


def _read_changes(file: PipelineFile, parsed: ParsedFile, kind: str, value: object) -> None:
    origin = Origin(file.path, (kind,))
    if not isinstance(value, list):
        file.problems.append(
            Problem(
                "VP103",
                f"`[{kind}]` with single brackets makes one table, but there may be several of this kind.",
                origin,
                part="header",
                fix=f"Write `[[{kind}]]`.",
            )
        )
        return
    for index, item in enumerate(value):
        spec, problems = validate(CHANGE_KINDS[kind], item, origin, (index,))
        file.problems += without_echoes(problems, parsed.is_broken(origin.keys))
        if spec is not None and not parsed.is_broken(origin.keys):
            file.changes.append(ChangeBlock(spec, origin, index))


def _unknown_root(path: str, key: str, value: object) -> Problem:
    whole = Origin(path)
    if key in keys_of(ProjectSettings):
        return Problem(
            "VP105",
            f"`[{key}]` belongs into `vp.toml`, because it holds for the whole project.",
            Origin(path, (key,)),
            part="header",
            fix="Move the block to `vp.toml`.",
        )
    if isinstance(value, dict) or (isinstance(value, list) and value and isinstance(value[0], dict)):
        return Problem(
            "VP105",
            f"There is no kind of block named `{key}`.{did_you_mean(key, _ROOTS)}",
            Origin(path, (key,)),
            part="header",
            fix="Known kinds: `[pipeline]`, "
            + ", ".join(f"`[{'.'.join(kind.header)}.NAME]`" for kind in BLOCK_KINDS)
            + ", `[task.KIND.NAME]`, `[test.NAME]`"
            + "".join(f", `[[{kind}]]`" for kind in CHANGE_KINDS)
            + ".",
        )
    if key in keys_of(PipelineHeader):
        return Problem(
            "VP102",
            f"`{key}` is a key of `[pipeline]`, but it stands above every header.",
            whole,
            (key,),
            part="key",
            fix="Move the line below the header `[pipeline]`.",
        )
    return Problem(
        "VP101",
        f"`{key}` stands above every header, where no keys are allowed.",
        whole,
        (key,),
        part="key",
        fix="Move the line below the header of its table.",
    )


def _listed(names: Mapping[str, object]) -> str:
    return ", ".join(f"`{name}`" for name in names)
