"""Remembers what was found out about a query, by everything it depends on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from vibepiper_interpreter.compile.compilation import Analysis, SqlReferences
from vibepiper_interpreter.compile.compiled import Column
from vibepiper_interpreter.engines.duckdb.errors import SqlProblem
from vibepiper_spec.address import Address


def problems_to_json(problems: Iterable[SqlProblem]) -> list[dict[str, Any]]:
    return [asdict(problem) for problem in problems]


def problems_from_json(found: Iterable[Mapping[str, Any]]) -> tuple[SqlProblem, ...]:
    return tuple(
        SqlProblem(**{**item, "related": tuple((start, end, text) for start, end, text in item["related"])})
        for item in found
    )


def references_to_bytes(references: SqlReferences) -> bytes:
    return json.dumps([references.tables, references.parameters, problems_to_json(references.problems)]).encode()


def references_from_bytes(value: bytes) -> SqlReferences:
    tables, parameters, problems = json.loads(value)
    return SqlReferences(
        tuple((schema, name, start, end) for schema, name, start, end in tables),
        tuple((name, start, end) for name, start, end in parameters),
        problems_from_json(problems),
    )


def columns_to_json(columns: Iterable[Column]) -> list[list[str]]:
    return [[column.name, column.type] for column in columns]


def analysis_to_json(analysis: Analysis) -> list[Any]:
    return [
        [[str(address), columns] for address, columns in analysis.used.items()],
        analysis.fingerprint,
        analysis.shape,
        analysis.column_fingerprints,
        analysis.deterministic,
    ]


def analysis_from_json(found: list[Any]) -> Analysis:
    used, fingerprint, shape, column_fingerprints, deterministic = found
    return Analysis(
        {Address.parse(address): None if columns is None else tuple(columns) for address, columns in used},
        fingerprint,
        shape,
        tuple((name, hashed) for name, hashed in column_fingerprints),
        deterministic,
    )
