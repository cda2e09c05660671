"""Reads the blocks of one `*.vp.toml` file: its `[pipeline]` and its assets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vibepiper_spec.diagnostics import did_you_mean, nearest
from vibepiper_spec.load.origin import Origin
from vibepiper_spec.load.parse import ParsedFile
from vibepiper_spec.load.problem import Problem
from vibepiper_spec.load.validate import validate, wrong_type
from vibepiper_spec.model.document import BLOCK_KINDS, CHANGE_KINDS, AnyAsset, AnyChange, BlockKind
from vibepiper_spec.model.names import NAME_RULE, is_name, suggest_name
from vibepiper_spec.model.pipeline import PipelineHeader
from vibepiper_spec.model.settings import ProjectSettings
from vibepiper_spec.model.shape import keys_of
from vibepiper_spec.model.sql_asset import SqlAsset

_CONNECTORS = {kind.connector: kind for kind in BLOCK_KINDS if kind.kind == "source" and kind.connector}
_PLAIN_KINDS = {kind.kind: kind for kind in BLOCK_KINDS if kind.kind != "source"}
_ROOTS = ("pipeline", "source", *_PLAIN_KINDS, *CHANGE_KINDS)


@dataclass(frozen=True, slots=True)
class DeclaredBlock:
    """An asset's block in a file. `spec` is None where it has errors."""

    name: str
    kind: BlockKind
    spec: AnyAsset | None
    origin: Origin


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
    file.problems += _without_echoes(problems, parsed.is_broken(("pipeline",)))


def _without_echoes(problems: list[Problem], broken: bool) -> list[Problem]:
    """In a block that could not be read wholly, nobody knows whether a key is missing."""
    return [problem for problem in problems if not (broken and problem.code == "VP104")]


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
    file: PipelineFile, parsed: ParsedFile, kind: BlockKind, table: object, context: Mapping[str, Any]
) -> None:
    header = ".".join(kind.header)
    if not isinstance(table, dict):
        file.problems.append(wrong_type("a table", table, Origin(file.path, kind.header), ()))
        return
    for name, block in table.items():
        origin = Origin(file.path, (*kind.header, name))
        if not isinstance(block, dict):
            file.problems.append(_nameless(kind, header, name, block, origin))
            continue
        problems = []
        if not is_name(name):
            problems.append(
                Problem(
                    "VP106",
                    f"`{name}` cannot be the name of an asset: {NAME_RULE}.",
                    origin,
                    part="header",
                    fix=f"Call it `{suggest_name(name)}`.",
                )
            )
        broken = parsed.is_broken(origin.keys)
        spec, mistakes = validate(kind.model, block, origin, context=context)
        problems += mistakes
        if spec is not None:
            problems += _column_names(spec, origin)
            if isinstance(spec, SqlAsset):
                problems += _one_query(spec, origin)
        file.problems += _without_echoes(problems, broken)
        file.blocks.append(DeclaredBlock(name.lower(), kind, None if problems or broken else spec, origin))


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
        file.problems += _without_echoes(problems, parsed.is_broken(origin.keys))
        if spec is not None and not parsed.is_broken(origin.keys):
            file.changes.append(ChangeBlock(spec, origin, index))


def _nameless(kind: BlockKind, header: str, name: str, value: object, origin: Origin) -> Problem:
    above = Origin(origin.path, kind.header)
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        return Problem(
            "VP103",
            f"`[[{header}.{name}]]` with double brackets makes a list, but an asset is one table.",
            origin,
            part="header",
            fix=f"Write `[{header}.{name}]`.",
        )
    if name in keys_of(kind.model):
        return Problem(
            "VP105",
            f"The header `[{header}]` has no name, so its keys belong to no asset.",
            above,
            part="header",
            fix=f"Write `[{header}.NAME]`, with the asset's name.",
        )
    return wrong_type("a table", value, above, (name,))


def _column_names(spec: AnyAsset, origin: Origin) -> list[Problem]:
    """SQL compares names of columns without case, so `Day` and `day` are the same."""
    seen: dict[str, str] = {}
    problems = []
    for column in spec.columns:
        first = seen.setdefault(column.casefold(), column)
        if first != column:
            problems.append(
                Problem(
                    "VP311",
                    f"The column `{column}` is declared already, as `{first}`: case makes no difference.",
                    origin,
                    ("columns", column),
                    part="key",
                    fix="Remove one of the two.",
                    related=[(origin, ("columns", first), "key", "First declared here")],
                )
            )
    return problems


def _one_query(spec: SqlAsset, origin: Origin) -> list[Problem]:
    if spec.query is not None and spec.file is not None:
        return [
            Problem(
                "VP110",
                "`query` and `file` both say where the SQL is.",
                origin,
                ("file",),
                part="key",
                fix="Remove one of the two.",
                related=[(origin, ("query",), "key", "The other one")],
            )
        ]
    if spec.query is not None or spec.file is not None:
        return []
    for key in ("query", "file"):
        if key in spec.columns:
            return [
                Problem(
                    "VP102",
                    f"`{key}` stands below the header of the columns, so it is read as a column named `{key}`.",
                    origin,
                    ("columns", key),
                    part="key",
                    fix=f"Move the line up, to the other keys of `[{'.'.join(origin.keys)}]`.",
                )
            ]
    return [
        Problem(
            "VP104",
            "The asset has no SQL: neither `query` nor `file` is set.",
            origin,
            part="header",
            fix="Add `query = '''…'''`, or `file = \"….sql\"`.",
        )
    ]


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
