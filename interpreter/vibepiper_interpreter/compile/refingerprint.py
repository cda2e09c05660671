"""Computes anew, with this code, what a definition means that another version of this code has compiled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import duckdb

from vibepiper_interpreter.compile.binding import typed_values
from vibepiper_interpreter.compile.compiled import (
    Column,
    CompiledAsset,
    FileDefinition,
    PythonDefinition,
    SqlDefinition,
)
from vibepiper_interpreter.compile.fingerprints import (
    Meaning,
    meaning_of_files,
    meaning_of_function,
    meaning_of_query,
    with_meaning,
)
from vibepiper_interpreter.compile.lineage import analyse_query
from vibepiper_interpreter.engines.duckdb.syntax import Syntax, parse_queries
from vibepiper_spec.address import Address


def refingerprint(
    stored: CompiledAsset,
    schemas: Mapping[Address, tuple[Column, ...]],
    now: CompiledAsset | None,
    connection: duckdb.DuckDBPyConnection,
) -> CompiledAsset:
    """`stored` with the hashes this code gives it, and the columns it finds that it uses.

    `schemas` are the columns of the inputs it was made from; its own are what is stored, whatever this code would make
    of its query. `now` is the asset of the same address as it is declared today.
    """
    definition = stored.definition
    match definition:
        case FileDefinition():
            meaning = meaning_of_files(definition, stored.order_by, stored.settings, stored.cursor)
            return with_meaning(stored, meaning)
        case SqlDefinition():
            return _of_query(stored, definition, schemas, connection)
        case PythonDefinition():
            return _of_function(stored, definition, now)


def _of_query(
    stored: CompiledAsset,
    definition: SqlDefinition,
    schemas: Mapping[Address, tuple[Column, ...]],
    connection: duckdb.DuckDBPyConnection,
) -> CompiledAsset:
    (syntax,) = parse_queries(connection, [definition.query])
    if not isinstance(syntax, Syntax) or any(read.address not in schemas for read in stored.inputs):
        return with_meaning(stored, _unknown(stored))
    analysis = analyse_query(syntax, stored.address.pipeline, schemas, stored.columns, typed_values(definition))
    inputs = tuple(replace(read, columns=analysis.used.get(read.address, ())) for read in stored.inputs)
    return with_meaning(replace(stored, inputs=inputs), meaning_of_query(analysis, stored.order_by))


def _of_function(stored: CompiledAsset, definition: PythonDefinition, now: CompiledAsset | None) -> CompiledAsset:
    """The code it was made by is not stored, only hashes of it. If its text is the same today, it means the same.

    If it is not, what it meant cannot be told any more, and the asset counts as changed.
    """
    today = None if now is None else now.definition
    if not isinstance(today, PythonDefinition) or _written(today) != _written(definition):
        return with_meaning(stored, _unknown(stored))
    definition = replace(definition, code=today.code)
    asset = replace(stored, definition=definition)
    return with_meaning(asset, meaning_of_function(definition, stored.columns, stored.order_by))


def _written(definition: PythonDefinition) -> tuple[str, str, str]:
    return definition.module, definition.function, definition.sources


def _unknown(stored: CompiledAsset) -> Meaning:
    """A meaning that equals no other: what the other code made of it."""
    return Meaning(stored.fingerprint)
