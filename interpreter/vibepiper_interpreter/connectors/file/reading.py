"""The SQL that reads a source's files: every column named and typed, so that nothing is guessed while reading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vibepiper_interpreter.compile.compiled import FileDefinition
from vibepiper_interpreter.engines.duckdb.session import literal, quote
from vibepiper_interpreter.storage.version import SourceFile

# A CSV source whose files do not all have the same header carries this option: columns are then matched by name.
BY_NAME = "union_by_name"


def read_expression(
    root: Path, definition: FileDefinition, files: Sequence[SourceFile], file_column: str | None = None
) -> str:
    """A relation for a FROM clause, in parentheses, that yields `definition`'s columns from `files`.

    With `file_column` it has a column of that name more: the absolute path of the file that a row is from.
    """
    listed = paths_sql(root, files)
    names = ", ".join(quote(name) for name, _ in definition.types)
    from_file = ""
    if file_column is not None:
        names, from_file = f"{names}, {quote(file_column)}", f", filename = {literal(file_column)}"
    types = mapping_sql(dict(definition.types))
    match definition.format:
        case "csv":
            options = dict(definition.options)
            by_name = options.pop(BY_NAME, False)
            fixed = f"types = {types}, union_by_name = true" if by_name else f"columns = {types}"
            arguments = f"{listed}, auto_detect = false, {fixed}{options_sql(options)}{from_file}"
            return f"(SELECT {names} FROM read_csv({arguments}))"
        case "json":
            arguments = f"{listed}, columns = {types}{options_sql(dict(definition.options))}{from_file}"
            return f"(SELECT {names} FROM read_json({arguments}))"
        case "parquet":
            # A Parquet file brings its own types; the cast does nothing where the declared type is the same.
            casts = ", ".join(f"CAST({quote(name)} AS {kind}) AS {quote(name)}" for name, kind in definition.types)
            casts += "" if file_column is None else f", {quote(file_column)}"
            arguments = f"{listed}, union_by_name = true, hive_partitioning = false{from_file}"
            return f"(SELECT {casts} FROM read_parquet({arguments}))"
    raise ValueError(f"unknown format {definition.format!r}")


def paths_sql(root: Path, files: Sequence[SourceFile]) -> str:
    """A SQL list of absolute paths. DuckDB expands patterns even here, so a `[` in a file's name is escaped."""
    return "[" + ", ".join(literal(_escaped(str(root.resolve() / file.path))) for file in files) + "]"


def options_sql(options: Mapping[str, Any]) -> str:
    """`, delim = ';', header = true`: reader options as named arguments, values as literals."""
    return "".join(f", {name} = {_value_sql(value)}" for name, value in options.items())


def mapping_sql(types: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{literal(name)}: {literal(kind)}" for name, kind in types.items()) + "}"


def folders_of(root: Path, files: Sequence[SourceFile]) -> tuple[Path, ...]:
    """The folders a session must be allowed to read for `files` (see `SessionSettings.allowed_directories`)."""
    return tuple(sorted({(root.resolve() / file.path).parent for file in files}))


def _value_sql(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "[" + ", ".join(literal(item) for item in value) + "]"
    return literal(value)


def _escaped(path: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in path)
