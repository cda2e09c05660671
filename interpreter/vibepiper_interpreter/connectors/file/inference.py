"""What DuckDB finds in a source's files: the columns, their types, and how a CSV file is written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import duckdb

from vibepiper_interpreter.connectors.file.reading import BY_NAME, options_sql, paths_sql
from vibepiper_interpreter.engines.duckdb.session import ENGINE_VERSION, quote
from vibepiper_interpreter.local_cache import LocalCache
from vibepiper_interpreter.storage.version import SourceFile

_CACHE_KIND = "file_columns/1"
# Options that steer DuckDB's guessing and mean nothing once all columns are fixed.
_GUESSING_OPTIONS = ("sample_size",)
_Columns = dict[str, str]


class UnreadableFile(Exception):
    """DuckDB can make nothing of a file; the message is DuckDB's own, the file is relative to the root."""

    def __init__(self, file: SourceFile, message: str) -> None:
        super().__init__(message)
        self.file = file
        self.message = message


@dataclass(frozen=True, slots=True)
class Inferred:
    """How to read the files: all options fixed, every column with its type, in the order of the files.

    `differing` tells, for files whose columns are not those of the whole, what they lack. `header`: the names as the
    first file writes them, where it has a header. `without_rows`: nothing but a header was there to infer types from.
    """

    options: tuple[tuple[str, Any], ...]
    types: tuple[tuple[str, str], ...]
    differing: tuple[tuple[str, tuple[str, ...]], ...] = ()
    header: tuple[str, ...] = ()
    without_rows: bool = False


def infer(
    connection: duckdb.DuckDBPyConnection,
    root: Path,
    files: Sequence[SourceFile],
    format: str,
    options: Mapping[str, Any],
    declared: Mapping[str, str],
    cache: LocalCache,
    known: Mapping[str, str] = MappingProxyType({}),
) -> Inferred:
    """The columns of `files`, read with `options` (DuckDB's names). A type in `declared` (by column) wins.

    `known` are columns that were read before: they come first, and the files can only add to them, or widen a type.
    `connection` must be allowed to read the files. Raises UnreadableFile.
    """
    reader = _Reader(connection, root, options, cache)
    match format:
        case "csv":
            return _infer_csv(reader, files, declared, known)
        case "json":
            return _infer_json(reader, files, declared, known)
        case "parquet":
            return _infer_parquet(reader, files, declared, known)
    raise ValueError(f"unknown format {format!r}")


@dataclass(frozen=True, slots=True)
class _Reader:
    """Asks DuckDB about files, once per content and question."""

    connection: duckdb.DuckDBPyConnection
    root: Path
    options: Mapping[str, Any]
    cache: LocalCache

    def ask(self, files: Sequence[SourceFile], question: str) -> list[list[Any]]:
        """The rows of `question`, in which `{files}` stands for a SQL list of the files (or one path)."""
        identity = json.dumps([ENGINE_VERSION, question, [file.sha256 for file in files]])
        key = hashlib.sha256(identity.encode()).hexdigest()
        known = self.cache.get(_CACHE_KIND, key)
        if known is None:
            try:
                rows = self.connection.execute(question.replace("{files}", paths_sql(self.root, files))).fetchall()
            except duckdb.Error as error:
                raise UnreadableFile(files[0], engine_message(error)) from error
            known = json.dumps(rows).encode()
            self.cache.put(_CACHE_KIND, key, known)
        found: list[list[Any]] = json.loads(known)
        return found

    def describe(self, files: Sequence[SourceFile], relation: str) -> _Columns:
        return {row[0]: row[1] for row in self.ask(files, f"DESCRIBE SELECT * FROM {relation}")}


def engine_message(error: duckdb.Error) -> str:
    """DuckDB's sentence, also from a session that gives errors as JSON."""
    text = str(error)
    start = text.find('{"exception_type"')
    if start < 0:
        return text
    message: str = json.loads(text[start:])["exception_message"]
    return message


def _infer_csv(
    reader: _Reader, files: Sequence[SourceFile], declared: Mapping[str, str], known: Mapping[str, str]
) -> Inferred:
    # An empty file says nothing about the others; where all are empty, their emptiness is the answer.
    filled = [file for file in files if file.size] or list(files)
    dialect, first = _sniff(reader, filled[:1], reader.options, declared)
    columns_by_file = [first] + [_sniff(reader, [file], dialect, declared)[1] for file in filled[1:]]
    headers = {tuple(columns) for columns in columns_by_file}
    types = _union(reader, filled, columns_by_file, dialect, declared, known)
    options = {name: value for name, value in dialect.items() if name not in _GUESSING_OPTIONS}
    if len(headers) > 1:
        options[BY_NAME] = True
    header, without_rows = _header(reader, filled, dialect)
    seen = {name.casefold() for columns in columns_by_file for name in columns}
    differing = _differing(filled, columns_by_file, {name: types[name] for name in types if name.casefold() in seen})
    return Inferred(tuple(sorted(options.items())), tuple(types.items()), differing, header, without_rows)


def _header(reader: _Reader, files: Sequence[SourceFile], dialect: Mapping[str, Any]) -> tuple[tuple[str, ...], bool]:
    """The first file's header as it is written, and whether no file has a row."""
    plain = {name: value for name, value in dialect.items() if name != "header"}
    relation = f"read_csv({{files}}, header = false, all_varchar = true{options_sql(plain)})"
    question = f"SELECT * FROM {relation} LIMIT 2"
    expected = 2 if dialect["header"] else 1
    try:
        first = reader.ask(files[:1], question)
        without_rows = len(first) < expected and all(len(reader.ask([file], question)) < expected for file in files)
    except UnreadableFile:
        return (), False  # the run will meet what is wrong, and name its line
    header = tuple(name for name in first[0] if name is not None) if dialect["header"] and first else ()
    return header, without_rows


def _sniff(
    reader: _Reader, files: Sequence[SourceFile], options: Mapping[str, Any], declared: Mapping[str, str]
) -> tuple[dict[str, Any], _Columns]:
    """How the one file in `files` is written, as reader options, and its columns.

    `ignore_errors` lets a broken row through: it must not make DuckDB take another delimiter for the right one. The
    run, which reads strictly, will meet that row and name its line.
    """
    question = (
        "SELECT Delimiter, Quote, Escape, Comment, SkipRows, HasHeader, Columns, DateFormat, TimestampFormat "
        f"FROM sniff_csv({{files}}[1], ignore_errors = true{options_sql(options)})"
    )
    delimiter, quote_mark, escape, comment, skip, header, columns, date_format, timestamp_format = reader.ask(
        files, question
    )[0]
    dialect: dict[str, Any] = {
        "delim": delimiter,
        # "(empty)" means that no quote was met; a quote in the next file must not change the source's meaning.
        "quote": '"' if quote_mark == "(empty)" else quote_mark,
        "escape": '"' if escape == "(empty)" else escape,
        "skip": skip,
        "header": header,
    }
    if comment != "(empty)":
        dialect["comment"] = comment
    if date_format and date_format != "%Y-%m-%d":
        dialect["dateformat"] = date_format
    if timestamp_format:
        dialect["timestampformat"] = timestamp_format
    names = {column["name"]: column["type"] for column in columns}
    return dialect | dict(options), names


def _union(
    reader: _Reader,
    files: Sequence[SourceFile],
    columns_by_file: Sequence[_Columns],
    dialect: Mapping[str, Any],
    declared: Mapping[str, str],
    known: Mapping[str, str],
) -> _Columns:
    """All columns of all files, in the order of first sight, each with the one type that holds every file's values."""
    spelling: dict[str, str] = {}
    seen: dict[str, dict[str, list[SourceFile]]] = {}
    for name, kind in known.items():
        spelling[name.casefold()] = name
        seen[name.casefold()] = {kind: []}
    for file, columns in zip(files, columns_by_file, strict=True):
        for name, kind in columns.items():
            spelling.setdefault(name.casefold(), name)
            seen.setdefault(name.casefold(), {}).setdefault(kind, []).append(file)
    text = {name.casefold() for name, kind in known.items() if kind == "VARCHAR"}
    chosen = {name.casefold(): kind for name, kind in declared.items()}
    types: _Columns = {}
    for folded, kinds in seen.items():
        if folded in chosen:
            types[spelling[folded]] = chosen[folded]
            continue
        if (
            len(kinds) > 1
            and "VARCHAR" in kinds
            and folded not in text
            and not any(_has_value(reader, file, spelling[folded], dialect) for file in kinds["VARCHAR"])
        ):
            del kinds["VARCHAR"]  # a column without any value is taken for text, and says nothing
        types[spelling[folded]] = _common_type(reader, list(kinds))
    return types


def _has_value(reader: _Reader, file: SourceFile, column: str, dialect: Mapping[str, Any]) -> bool:
    relation = f"read_csv({{files}}, all_varchar = true, ignore_errors = true{options_sql(dialect)})"
    return bool(reader.ask([file], f"SELECT 1 FROM {relation} WHERE {quote(column)} IS NOT NULL LIMIT 1"))


def _common_type(reader: _Reader, kinds: Sequence[str]) -> str:
    """The type DuckDB itself would give a UNION of these types."""
    if len(kinds) == 1:
        return kinds[0]
    union = " UNION ALL ".join(f"SELECT NULL::{kind} AS value" for kind in kinds)
    rows = reader.connection.execute(f"DESCRIBE {union}").fetchall()
    found: str = rows[0][1]
    return found


def _infer_json(
    reader: _Reader, files: Sequence[SourceFile], declared: Mapping[str, str], known: Mapping[str, str]
) -> Inferred:
    relation = f"read_json({{files}}, union_by_name = true{options_sql(reader.options)})"
    found = reader.describe(files, relation)
    # A field that is null wherever it stands is taken for JSON, and says nothing.
    silent = [name for name, kind in found.items() if kind == "JSON" and name in known and known[name] != "JSON"]
    for name in silent:
        if not reader.ask(files, f"SELECT 1 FROM {relation} WHERE {quote(name)} IS NOT NULL LIMIT 1"):
            found[name] = known[name]
    types = _widened(reader, known, found)
    options = {name: value for name, value in reader.options.items() if name not in _GUESSING_OPTIONS}
    return Inferred(tuple(sorted(options.items())), tuple(_declared_over(types, declared).items()))


def _infer_parquet(
    reader: _Reader, files: Sequence[SourceFile], declared: Mapping[str, str], known: Mapping[str, str]
) -> Inferred:
    relation = "read_parquet({files}, union_by_name = true, hive_partitioning = false)"
    columns_by_file = [reader.describe([file], relation) for file in files]
    found = columns_by_file[0] if len(files) == 1 else reader.describe(files, relation)
    types = _declared_over(_widened(reader, known, found), declared)
    return Inferred((), tuple(types.items()), _differing(files, columns_by_file, found))


def _widened(reader: _Reader, known: Mapping[str, str], found: _Columns) -> _Columns:
    """The columns that were known, each with the type that holds its old and new values, then those that are new."""
    if not known:
        return found
    spelled = {name.casefold(): name for name in known}
    types = dict(known)
    for name, kind in found.items():
        before = spelled.get(name.casefold())
        if before is None:
            types[name] = kind
        else:
            types[before] = _common_type(reader, list(dict.fromkeys((known[before], kind))))
    return types


def _declared_over(types: _Columns, declared: Mapping[str, str]) -> _Columns:
    chosen = {name.casefold(): kind for name, kind in declared.items()}
    return {name: chosen.get(name.casefold(), kind) for name, kind in types.items()}


def _differing(
    files: Sequence[SourceFile], columns_by_file: Sequence[_Columns], types: _Columns
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    found = []
    for file, columns in zip(files, columns_by_file, strict=True):
        own = {name.casefold() for name in columns}
        lacking = tuple(name for name in types if name.casefold() not in own)
        if lacking:
            found.append((file.path, lacking))
    return tuple(found)
