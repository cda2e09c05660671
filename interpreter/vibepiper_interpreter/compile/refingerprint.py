"""Computes anew, with this code, what a definition means that another version of this code has compiled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import duckdb

from vibepiper_interpreter.compile.binding import typed_values
from vibepiper_interpreter.compile.build_settings import BuildSettings, Partitions, settings_under
from vibepiper_interpreter.compile.compiled import (
    Column,
    CompiledAsset,
    FileDefinition,
    Input,
    Parameter,
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
from vibepiper_interpreter.compile.renames import Renames
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
    schemas = _with_itself(stored, schemas)
    if not isinstance(syntax, Syntax) or any(read.address not in schemas for read in stored.inputs):
        return with_meaning(stored, _unknown(stored))
    analysis = analyse_query(syntax, stored.address.pipeline, schemas, stored.given_columns, typed_values(definition))
    inputs = tuple(replace(read, columns=analysis.used.get(read.address, ())) for read in stored.inputs)
    own = None if stored.own is None else replace(stored.own, columns=analysis.used.get(stored.address, ()))
    return with_meaning(replace(stored, inputs=inputs, own=own), meaning_of_query(analysis, stored.order_by))


def _with_itself(
    stored: CompiledAsset, schemas: Mapping[Address, tuple[Column, ...]]
) -> Mapping[Address, tuple[Column, ...]]:
    """`schemas`, and the asset's own columns where it reads its own past."""
    return schemas if stored.own is None else {**schemas, stored.address: stored.columns}


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
    """A meaning that equals no other: made of what was made of it before."""
    return Meaning(f"unknown {stored.fingerprint}")


def under_renames(
    stored: CompiledAsset,
    schemas: Mapping[Address, tuple[Column, ...]],
    renames: Renames,
    connection: duckdb.DuckDBPyConnection,
) -> CompiledAsset:
    """`stored` as if everything it names, its own address and columns included, had always been called as it is now.

    Its query stays as it is written: only what it means is told in the new names.
    """
    own_names = renames.columns.get(stored.address, {})
    asset = replace(
        stored,
        address=renames.address(stored.address),
        inputs=tuple(
            replace(read, address=renames.address(read.address), columns=_used(read, renames)) for read in stored.inputs
        ),
        own=None
        if stored.own is None
        else replace(stored.own, address=renames.address(stored.address), columns=_used(stored.own, renames)),
        check_inputs=tuple(map(renames.address, stored.check_inputs)),
        columns=_called(stored.columns, own_names),
        given=_called(stored.given, own_names),
        settings=_settings(stored, own_names, renames),
        order_by=tuple(own_names.get(name.casefold(), name) for name in stored.order_by),
    )
    match stored.definition:
        case SqlDefinition() as definition:
            (syntax,) = parse_queries(connection, [definition.query])
            if not isinstance(syntax, Syntax) or any(read.address not in schemas for read in stored.inputs):
                return with_meaning(asset, _unknown(stored))
            pipeline, values = stored.address.pipeline, typed_values(definition)
            schemas = _with_itself(stored, schemas)
            analysis = analyse_query(syntax, pipeline, schemas, stored.given_columns, values, renames, own_names)
            unsure = any(renames.columns.get(address) and used is None for address, used in analysis.used.items())
            if unsure:
                return with_meaning(asset, _unknown(stored))
            return with_meaning(asset, meaning_of_query(analysis, asset.order_by))
        case PythonDefinition() as definition:
            # What the function sees of a table are the names of its columns; and how it came to those that it gives is
            # in its code, whatever the specs declare.
            if own_names or any(_sees_renamed(parameter, renames) for parameter in definition.parameters):
                return with_meaning(asset, _unknown(stored))
            parameters = tuple(
                replace(parameter, address=None if parameter.address is None else renames.address(parameter.address))
                for parameter in definition.parameters
            )
            definition = replace(definition, parameters=parameters)
            meaning = meaning_of_function(definition, asset.columns, asset.order_by)
            return with_meaning(replace(asset, definition=definition), meaning)
        case FileDefinition():
            # Its columns are called what the files call them.
            return with_meaning(asset, _unknown(stored)) if own_names else asset


def _called(columns: tuple[Column, ...], names: Mapping[str, str]) -> tuple[Column, ...]:
    return tuple(replace(each, name=names.get(each.name.casefold(), each.name)) for each in columns)


def _settings(stored: CompiledAsset, own_names: Mapping[str, str], renames: Renames) -> BuildSettings | None:
    values = stored.settings.values_of if isinstance(stored.settings, Partitions) else None
    if values is not None:
        values = renames.address(values[0]), renames.column(*values)
    return None if stored.settings is None else settings_under(stored.settings, own_names, values)


def _used(read: Input, renames: Renames) -> tuple[str, ...] | None:
    if read.columns is None:
        return None
    return tuple(sorted(renames.column(read.address, name) for name in read.columns))


def _sees_renamed(parameter: Parameter, renames: Renames) -> bool:
    renamed = {} if parameter.address is None else renames.columns.get(parameter.address, {})
    if parameter.columns is None:
        return bool(renamed)
    return any(name.casefold() in renamed for name in parameter.columns)
