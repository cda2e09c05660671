"""Pass: which files each source reads, and which columns they have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb

from vibepiper_interpreter.compile.build_settings import BuildSettings
from vibepiper_interpreter.compile.compilation import Compilation, Workshop
from vibepiper_interpreter.compile.compiled import Column, Definition, FileDefinition
from vibepiper_interpreter.compile.cursors import judge_cursor
from vibepiper_interpreter.compile.incremental_builds import table_of
from vibepiper_interpreter.compile.placing import at_value
from vibepiper_interpreter.connectors.file.broken_rows import broken_row
from vibepiper_interpreter.connectors.file.formats import (
    base_suffix,
    format_of,
    not_a_file_path,
    unknown_format,
)
from vibepiper_interpreter.connectors.file.inference import Inferred, UnreadableFile, infer
from vibepiper_interpreter.connectors.file.kept_types import keep_types
from vibepiper_interpreter.connectors.file.listing import list_files
from vibepiper_interpreter.connectors.file.reading import BY_NAME, folders_of
from vibepiper_interpreter.engines.duckdb.errors import SqlProblem
from vibepiper_interpreter.engines.duckdb.types import stored_type
from vibepiper_interpreter.storage.version import SourceFile
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError, Fix, Place, did_you_mean
from vibepiper_spec.load.loaded import DeclaredAsset
from vibepiper_spec.load.locator import Locator
from vibepiper_spec.model.build import is_incremental
from vibepiper_spec.model.file_source import CsvOptions, FileSource

# The options of the language by DuckDB's names for them.
_OPTION_NAMES: Mapping[str, str] = {
    "delimiter": "delim",
    "header": "header",
    "quote": "quote",
    "escape": "escape",
    "null": "nullstr",
    "date_format": "dateformat",
    "timestamp_format": "timestampformat",
    "encoding": "encoding",
    "skip_rows": "skip",
    "compression": "compression",
    "decimal": "decimal_separator",
    "sample_rows": "sample_size",
}
_JSON_OPTIONS = ("compression", "date_format", "timestamp_format", "sample_rows")


@dataclass(frozen=True, slots=True)
class _Source:
    """A source whose files are found: what is asked of DuckDB about them."""

    declared: DeclaredAsset
    spec: FileSource
    format: str
    options: Mapping[str, Any]
    files: tuple[SourceFile, ...]
    # How it was read for what is published, if it goes on with that: its columns can then only grow.
    before: FileDefinition | None = None


def infer_sources(state: Compilation, workshop: Workshop) -> tuple[Compilation, list[Diagnostic]]:
    """Fills `definitions` and `columns` of every source."""
    locator = state.loaded.locator
    diagnostics: list[Diagnostic] = []
    sources: list[_Source] = []
    url = state.loaded.project.settings.state.url
    workshop.look_up_applied([each.address for each in state.declared.values() if _goes_on(each.spec)], url)
    for declared in state.declared.values():
        if isinstance(declared.spec, FileSource):
            try:
                sources.append(_find(declared, declared.spec, state.root, locator, workshop, url))
            except DiagnosticError as error:
                diagnostics.extend(error.diagnostics)
    definitions: dict[Address, Definition] = dict(state.definitions)
    columns: dict[Address, tuple[Column, ...]] = dict(state.columns)
    settings: dict[Address, BuildSettings] = dict(state.settings)
    given: dict[Address, tuple[Column, ...]] = dict(state.given)
    connection = _session(state.root, sources, workshop)
    try:
        for source in sources:
            address = source.declared.address
            types = state.declared_types.get(address, {})
            found, told = _infer(source, types, state, connection, workshop)
            diagnostics += told
            if found is not None:
                definitions[address], read = found
                table = table_of(state, source.declared, read)
                diagnostics += table.problems
                assert connection is not None
                diagnostics += judge_cursor(state, source.declared, source.spec.cursor, read, connection)
                columns[address] = table.columns
                if table.settings is not None:
                    settings[address] = table.settings
                if table.columns != read:
                    given[address] = read
    finally:
        if connection is not None:
            connection.close()
    lost = {
        address
        for address, declared in state.declared.items()
        if declared.kind == "source" and address not in definitions
    }
    unknown = state.unknown | lost
    return replace(
        state, definitions=definitions, columns=columns, settings=settings, given=given, unknown=unknown
    ), diagnostics


def _goes_on(spec: object) -> bool:
    return isinstance(spec, FileSource) and is_incremental(spec.write)


def _find(
    declared: DeclaredAsset,
    spec: FileSource,
    root: Path,
    locator: Locator,
    workshop: Workshop,
    state_url: str | None,
) -> _Source:
    def place_of(index: int) -> Place:
        return locator.place(declared.origin, "path", index)

    formats: dict[str, None] = {}
    unreadable = []
    for index, path in enumerate(spec.path):
        if said := not_a_file_path(path, place_of(index)):
            unreadable.append(said)
            continue
        found = spec.format or format_of(path)
        if found is None:
            unreadable.append(unknown_format(path, place_of(index)))
        else:
            formats[found] = None
    if len(formats) > 1:
        named = ", ".join(f"`{name}`" for name in formats)
        unreadable.append(
            Diagnostic(
                "VP510",
                f"The patterns name files of different formats ({named}), and a source has one.",
                locator.place(declared.origin, "path"),
                fix=Fix("Declare a source for each format, and join them with UNION ALL BY NAME."),
            )
        )
    if unreadable:
        raise DiagnosticError(unreadable)
    format = next(iter(formats))
    options = _options(spec, format)
    before = None
    if is_incremental(spec.write):
        before = workshop.applied_source(declared.address, state_url)
        if before is not None and before.format != format:
            before = None
    listed = list_files(
        root,
        FileDefinition(spec.path, format),
        place_of=place_of,
        cache=workshop.cache,
        # Files that were read may be cleared away; what was read of them stays. But a history is of how everything is
        # now: no file at all is no delivery, not the end of every row.
        may_lack=before is not None and spec.write.mode != "scd2",
    )
    workshop.source_files[declared.address] = listed
    if before is not None:
        options = {**dict(before.options), **options}
        options.pop(BY_NAME, None)
    return _Source(declared, spec, format, options, listed, before)


def _options(spec: FileSource, format: str) -> dict[str, Any]:
    suffixes = {base_suffix(path) for path in spec.path}
    options: dict[str, Any] = {}
    if format == "csv" and suffixes == {".tsv"}:
        options["delim"] = "\t"
    if format == "json" and suffixes <= {".jsonl", ".ndjson"}:
        options["format"] = "newline_delimited"
    for name in CsvOptions.model_fields:
        value = getattr(spec.options, name)
        if value is not None and (format == "csv" or (format == "json" and name in _JSON_OPTIONS)):
            options[_OPTION_NAMES[name]] = value
    return options


def _session(root: Path, sources: list[_Source], workshop: Workshop) -> duckdb.DuckDBPyConnection | None:
    if not sources:
        return None
    return workshop.connect(sorted({folder for source in sources for folder in folders_of(root, source.files)}))


def _infer(
    source: _Source,
    types: Mapping[str, tuple[str, str]],
    state: Compilation,
    connection: duckdb.DuckDBPyConnection | None,
    workshop: Workshop,
) -> tuple[tuple[FileDefinition, tuple[Column, ...]] | None, list[Diagnostic]]:
    assert connection is not None
    root, locator, origin = state.root, state.loaded.locator, source.declared.origin
    reading_types = {name: as_read for name, (as_read, _) in types.items()}
    try:
        inferred = _inferred(source, connection, root, reading_types, workshop)
    except UnreadableFile as error:
        return None, [_unreadable(error, root, locator.place(origin, "path"))]
    untyped: tuple[str, ...] = ()
    if inferred.without_rows:
        before = workshop.applied_source(source.declared.address, state.loaded.project.settings.state.url)
        inferred, untyped = keep_types(inferred, before, reading_types, source.options)
    diagnostics = [
        *_missing_columns(source, inferred, locator),
        *_differing_files(source, inferred, state, workshop),
        *_assumed_columns(source, inferred, untyped, locator),
    ]
    if any(diagnostic.severity == "error" for diagnostic in diagnostics):
        return None, diagnostics
    columns = []
    described = {name.casefold(): column.description for name, column in source.spec.columns.items()}
    for name, kind in inferred.types:
        stored = stored_type(kind, name)
        if isinstance(stored, SqlProblem):
            # What a source reads cannot be cast, but read as another type.
            told = replace(stored, fix=f'Read it as text: `columns.{name} = "varchar"`.')
            diagnostics.append(at_value(locator, origin, ("path",), told))
        else:
            columns.append(Column(name, stored, described.get(name.casefold(), "")))
    definition = FileDefinition(source.spec.path, source.format, inferred.options, inferred.types)
    return (definition, tuple(columns)), diagnostics


def _inferred(
    source: _Source,
    connection: duckdb.DuckDBPyConnection,
    root: Path,
    declared: Mapping[str, str],
    workshop: Workshop,
) -> Inferred:
    before = source.before
    known = {} if before is None else dict(before.types)
    if not source.files:
        folded = {name.casefold(): kind for name, kind in declared.items()}
        types = tuple((name, folded.get(name.casefold(), kind)) for name, kind in known.items())
        inferred = Inferred(tuple(sorted(source.options.items())), types)
    else:
        inferred = infer(connection, root, source.files, source.format, source.options, declared, workshop.cache, known)
    if is_incremental(source.spec.write) and dict(inferred.options).get("header"):
        # Files come one after the other, and each is read as its own header says.
        return replace(inferred, options=tuple(sorted({**dict(inferred.options), BY_NAME: True}.items())))
    return inferred


def _unreadable(error: UnreadableFile, root: Path, place: Place) -> Diagnostic:
    # DuckDB names files by their absolute paths, which are this machine's own matter.
    message = error.message.replace(f"{root.resolve()}/", "")
    lines = [line for line in message.splitlines() if line.strip()]
    return broken_row(error.message, root, place) or Diagnostic(
        "VP504",
        f"`{error.file.path}` cannot be read: {lines[0].partition('Error: ')[2] or lines[0]}",
        place,
        fix=Fix(
            "Write an encoding that DuckDB knows: `utf-8`, `latin-1` or `utf-16`."
            if "support the encoding" in message
            else "Look whether the file is what its suffix says; `format` and `options` tell how to read it."
        ),
    )


def _missing_columns(source: _Source, inferred: Inferred, locator: Locator) -> list[Diagnostic]:
    """VP503 for declared columns that no file has."""
    present = {name.casefold(): name for name, _ in inferred.types}
    declared = {name.casefold() for name in source.spec.columns}
    added = [name for folded, name in present.items() if folded not in declared]
    found = []
    for name in source.spec.columns:
        if name.casefold() in present:
            continue
        others = f" Not declared, but there: {', '.join(f'`{item}`' for item in added[:10])}." if added else ""
        if not source.files:
            files = "The source had no"
        else:
            one = len(source.files) == 1
            files = f"`{source.files[0].path}` has no" if one else f"None of the {len(source.files)} files has a"
        found.append(
            Diagnostic(
                "VP503",
                f"{files} column `{name}`, which is declared.{did_you_mean(name, added)}{others}",
                locator.place(source.declared.origin, "columns", name, part="key"),
                fix=Fix("Declare the column as it is called in the file, or get the file with that column."),
            )
        )
    return found


def _differing_files(source: _Source, inferred: Inferred, state: Compilation, workshop: Workshop) -> list[Diagnostic]:
    """A warning VP503 where some files lack columns that others have: there they are NULL.

    It is told once: of files that are published so, in these columns, nobody wants to hear at every plan.
    """
    news = _lacking_news(source, inferred, state, workshop) if inferred.differing else ()
    if not news:
        return []
    lacking = [f"`{path}` lacks {', '.join(f'`{name}`' for name in names[:8])}" for path, names in news]
    known = len(inferred.differing) - len(news)
    before = f" ({len(news)} of them since it was published)" if known else ""
    return [
        Diagnostic(
            "VP503",
            f"{len(inferred.differing)} of {len(source.files)} files lack columns that others have{before}. "
            "Columns are matched by name, and are NULL in the rows of a file without them.",
            state.loaded.locator.place(source.declared.origin, "path"),
            "warning",
            fix=Fix(
                "Read files of another kind by a source of their own. If NULL is meant, leave it: once these files are "
                "published, it is not told of them again."
            ),
            notes=tuple(lacking[:10]) + ((f"and {len(lacking) - 10} more",) if len(lacking) > 10 else ()),
        )
    ]


def _lacking_news(
    source: _Source, inferred: Inferred, state: Compilation, workshop: Workshop
) -> Sequence[tuple[str, Sequence[str]]]:
    """The files that lack columns, with these, as far as it is not published so."""
    address = source.declared.address
    applied = workshop.applied_files(address, state.loaded.project.settings.state.url)
    if applied is None:
        return inferred.differing
    read = {(file.path, file.sha256) for file in applied.files}
    known = {file.path for file in source.files if (file.path, file.sha256) in read}
    columns = {name.casefold() for name, _ in applied.definition.types}
    found = []
    for path, names in inferred.differing:
        new = [name for name in names if path not in known or name.casefold() not in columns]
        if new:
            found.append((path, new))
    return found


def _assumed_columns(
    source: _Source, inferred: Inferred, untyped: tuple[str, ...], locator: Locator
) -> list[Diagnostic]:
    """Warnings VP511 where a CSV file does not say what its columns are, and something had to be assumed."""
    if source.format != "csv" or not source.files:
        return []
    place = locator.place(source.declared.origin, "path")
    file = f"`{source.files[0].path}`"
    found = []
    if not any(listed.size for listed in source.files):
        columns = ", ".join(f"`{name}` {kind}" for name, kind in inferred.types)
        detail = f"{file} is empty, so even its columns are unknown. Assumed is a table without rows: {columns}."
        fix = "Get the file with its header; until then nobody can read its columns."
        return [Diagnostic("VP511", detail, place, "warning", fix=Fix(fix))]
    if untyped:
        named = ", ".join(f"`{name}`" for name in untyped[:10])
        detail = f"{file} holds a header and no row, so types are unknown. Assumed is VARCHAR for {named}"
        detail += f" and {len(untyped) - 10} more." if len(untyped) > 10 else "."
        fix = f'Declare the types, as in `columns.{untyped[0]} = "bigint"`. They then stay, whatever the file holds.'
        found.append(Diagnostic("VP511", detail, place, "warning", fix=Fix(fix)))
    names = [name.casefold() for name in inferred.header]
    twice = list(dict.fromkeys(name for name in inferred.header if names.count(name.casefold()) > 1))
    if twice:
        called = ", ".join(f"`{name}`" for name, _ in inferred.types)
        said = ", ".join(f"`{name}`" for name in twice)
        detail = f"The header of {file} has names more than once (upper and lower case do not count): {said}. "
        detail += f"The columns are called {called}, by their order."
        fix = "Get the file with a name for each column: if their order changes, the names mean others."
        found.append(Diagnostic("VP511", detail, place, "warning", fix=Fix(fix)))
    return found
