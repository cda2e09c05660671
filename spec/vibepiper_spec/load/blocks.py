"""Reads the named blocks of one kind, `[sql.NAME]` or `[task.shell.NAME]`, and judges each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vibepiper_spec.load.origin import Origin
from vibepiper_spec.load.parse import ParsedFile
from vibepiper_spec.load.problem import Problem
from vibepiper_spec.load.validate import validate, wrong_type
from vibepiper_spec.model.asset_test import AssetTest
from vibepiper_spec.model.document import AnyAsset, AnyNamed, NamedKind
from vibepiper_spec.model.names import NAME_RULE, is_name, suggest_name
from vibepiper_spec.model.shape import keys_of
from vibepiper_spec.model.sql_asset import SqlAsset
from vibepiper_spec.model.task import TaskModel


@dataclass(frozen=True, slots=True)
class DeclaredBlock:
    """The block of an asset, a task or a test in a file. `spec` is None where it has errors."""

    name: str
    kind: NamedKind
    spec: AnyNamed | None
    origin: Origin


def without_echoes(problems: list[Problem], broken: bool) -> list[Problem]:
    """In a block that could not be read wholly, nobody knows whether a key is missing."""
    return [problem for problem in problems if not (broken and problem.code == "VP104")]


def read_blocks(
    path: str, parsed: ParsedFile, kind: NamedKind, table: object, context: Mapping[str, Any]
) -> tuple[list[DeclaredBlock], list[Problem]]:
    """All blocks of `kind` in the file `path`, `table` being what stands below the header of the kind."""
    header = ".".join(kind.header)
    if not isinstance(table, dict):
        return [], [wrong_type("a table", table, Origin(path, kind.header), ())]
    blocks: list[DeclaredBlock] = []
    told: list[Problem] = []
    for name, block in table.items():
        origin = Origin(path, (*kind.header, name))
        if not isinstance(block, dict):
            told.append(_nameless(kind, header, name, block, origin))
            continue
        problems = []
        if not is_name(name):
            problems.append(
                Problem(
                    "VP106",
                    f"`{name}` cannot be the name of {article(kind)}: {NAME_RULE}.",
                    origin,
                    part="header",
                    fix=f"Call it `{suggest_name(name)}`.",
                )
            )
        broken = parsed.is_broken(origin.keys)
        spec, mistakes = validate(kind.model, block, origin, context=context)
        problems += mistakes
        if spec is not None and not isinstance(spec, TaskModel | AssetTest):
            problems += _column_names(spec, origin)
            if isinstance(spec, SqlAsset):
                problems += _one_query(spec, origin)
        told += without_echoes(problems, broken)
        blocks.append(DeclaredBlock(name.lower(), kind, None if problems or broken else spec, origin))
    return blocks, told


def article(kind: NamedKind) -> str:
    """`a task`, `an asset`."""
    return "an asset" if kind.noun == "asset" else f"a {kind.noun}"


def _nameless(kind: NamedKind, header: str, name: str, value: object, origin: Origin) -> Problem:
    above = Origin(origin.path, kind.header)
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        return Problem(
            "VP103",
            f"`[[{header}.{name}]]` with double brackets makes a list, but {article(kind)} is one table.",
            origin,
            part="header",
            fix=f"Write `[{header}.{name}]`.",
        )
    if name in keys_of(kind.model):
        return Problem(
            "VP105",
            f"The header `[{header}]` has no name, so its keys belong to no {kind.noun}.",
            above,
            part="header",
            fix=f"Write `[{header}.NAME]`, with the {kind.noun}'s name.",
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
