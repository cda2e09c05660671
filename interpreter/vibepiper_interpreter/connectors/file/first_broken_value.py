"""Finds the first value of JSON files that is not of its column's type.

DuckDB reads many rows column by column, so the row that its error names is not the first one, nor surely the broken
one. Here each value is tried by itself, which is slow: only once reading has failed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import duckdb

from vibepiper_interpreter.compile.compiled import FileDefinition
from vibepiper_interpreter.connectors.file.broken_rows import BrokenRow, shown_lines
from vibepiper_interpreter.connectors.file.reading import options_sql, paths_sql
from vibepiper_interpreter.engines.duckdb.session import literal
from vibepiper_interpreter.storage.version import SourceFile

# What tells where a value begins and ends; other options are about columns and types.
_OPTIONS = frozenset({"format", "compression", "maximum_object_size"})
# With these, times are read in another way than they are cast.
_FORMATS_OF_TIMES = frozenset({"dateformat", "timestampformat"})
_MOST_BYTES = 256_000_000  # of a file that is read again to count its lines


def first_broken_value(
    cursor: duckdb.DuckDBPyConnection, root: Path, definition: FileDefinition, files: Sequence[SourceFile]
) -> BrokenRow | None:
    """The row with the first value that cannot be read; None where it is not a single value that is wrong."""
    for file in files:
        try:
            found = cursor.execute(_search(root, definition, file)).fetchone()
        except duckdb.InterruptException:
            raise
        except duckdb.Error:
            return None
        if found is not None:
            number, column, value, row = found
            name, kind = definition.types[column]
            reason = f"`{_plain(value)[:80]}` in column `{name}` is no {kind}"
            line = _line(root.resolve() / file.path, number)
            if line is None:
                reason = f"value {number:,} cannot be read: {reason}"
            return BrokenRow(file.path, line, reason, text=shown_lines(row))
    return None


def _search(root: Path, definition: FileDefinition, file: SourceFile) -> str:
    options = {name: value for name, value in definition.options if name in _OPTIONS}
    formatted = any(name in _FORMATS_OF_TIMES for name, _ in definition.options)
    objects = f"read_json_objects({paths_sql(root, [file])}{options_sql(options)})"
    values = [f"json_extract(json, {literal(_pointer(name))})" for name, _ in definition.types]
    broken = [
        "false"
        if formatted and kind.startswith(("DATE", "TIME"))
        else f"json_type({value}) <> 'NULL' AND TRY(CAST({value} AS {kind})) IS NULL"
        for value, (_, kind) in zip(values, definition.types, strict=True)
    ]
    which = " ".join(f"WHEN {test} THEN {place}" for place, test in enumerate(broken))
    shown = " ".join(f"WHEN {place} THEN {value}" for place, value in enumerate(values))
    rows = f"SELECT row_number() OVER () AS number, json FROM {objects}"
    found = f"SELECT *, CASE {which} END AS place FROM ({rows}) WHERE {' OR '.join(f'({test})' for test in broken)}"
    return f"SELECT number, place, CASE place {shown} END, json FROM ({found} ORDER BY number LIMIT 1)"


def _pointer(name: str) -> str:
    return "/" + name.replace("~", "~0").replace("/", "~1")


def _plain(value: str) -> str:
    """A text without its quotes, anything else as it is written."""
    decoded = json.loads(value)
    return decoded if isinstance(decoded, str) else value


def _line(path: Path, number: int) -> int | None:
    """The line on which the value of this number begins; None where the file is too large, or no plain text."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            return None
        text = path.read_text(encoding="utf-8")
        decoder, position = json.JSONDecoder(), 0
        for left in range(number - 1, -1, -1):
            while text[position].isspace() or text[position] in "[,]":
                position += 1
            if not left:
                return text.count("\n", 0, position) + 1
            position = decoder.raw_decode(text, position)[1]
    except (OSError, ValueError, IndexError):
        pass
    return None
