"""The main road of loading: find the files, read, parse and validate them, and join them to one project."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from vibepiper_spec.diagnostics import Diagnostic, Fix, did_you_mean
from vibepiper_spec.load.connections import unknown_connections
from vibepiper_spec.load.files import FileReader
from vibepiper_spec.load.loaded import DeclaredAsset, DeclaredTest, LoadedProject, ProjectSpec
from vibepiper_spec.load.locator import Locator
from vibepiper_spec.load.origin import Origin
from vibepiper_spec.load.parse import ParsedFile, parse_file
from vibepiper_spec.load.pipeline_file import PipelineFile, read_pipeline_file
from vibepiper_spec.load.pipelines import JoinedPipelines, join_files
from vibepiper_spec.load.problem import Problem
from vibepiper_spec.load.project_file import empty_settings, lost_variables, read_project_file
from vibepiper_spec.load.python_file import PythonFile, ReadModules, no_modules
from vibepiper_spec.load.scan import PIPELINE_SUFFIX, PROJECT_FILE, PYTHON_SUFFIX, spec_paths
from vibepiper_spec.model.settings import ProjectSettings
from vibepiper_spec.model.sql_asset import SqlAsset


def load_project(
    root: Path, *, texts: Mapping[str, str] | None = None, modules: ReadModules = no_modules
) -> LoadedProject:
    """Everything that `root` declares, with all mistakes; `texts` are unsaved editor texts by relative path.

    `modules` imports those of `[project] modules`. Never raises for what a user wrote: broken assets are left out and
    have diagnostics.
    """
    unsaved = dict(texts or {})
    found = set(spec_paths(root)) | {path for path in unsaved if path.endswith(PIPELINE_SUFFIX)}
    return _load(root, FileReader(root, unsaved), found - {PROJECT_FILE}, {}, modules)


def load_files(
    root: Path,
    paths: Collection[str],
    headers: Mapping[str, Mapping[str, Any]] | None = None,
    modules: ReadModules = no_modules,
) -> LoadedProject:
    """What `vp.toml` and these files of pipelines declare, as if the others declared nothing but their pipelines.

    `headers` are the `[pipeline]` tables of those others, from which the assets of `paths` may inherit. No module is
    imported unless one of `paths` is Python.
    """
    python = any(path.endswith(PYTHON_SUFFIX) for path in paths)
    return _load(root, FileReader(root, {}), paths, headers or {}, modules if python else no_modules)


def _load(
    root: Path,
    reader: FileReader,
    paths: Collection[str],
    headers: Mapping[str, Mapping[str, Any]],
    modules: ReadModules,
) -> LoadedProject:
    settings, lost, problems, diagnostics = _read_settings(root, reader)
    settings_are_sound = not problems and not diagnostics
    read, unreadable = modules(settings.project.modules) if settings.project.modules else ((), ())
    problems += unreadable
    python = {file.path: file for file in read}
    paths = {path for path in paths if not path.endswith(PYTHON_SUFFIX)} | (python.keys() - headers.keys())
    files = []
    for path in sorted({*paths, *headers}):
        if path in python and path in paths:
            file, mistakes = _read_python(python[path], reader, settings)
        elif path in paths:
            file, mistakes = _read_pipeline(path, reader, settings)
        else:
            file, mistakes = read_pipeline_file(path, ParsedFile({"pipeline": headers[path]}), {}), []
        diagnostics += mistakes
        if file is not None:
            problems += file.problems
            files.append(file)
    joined = join_files(files, settings.defaults)
    sql_files = _read_sql_files(joined, reader)
    _read_rows(joined, reader)
    problems += joined.problems
    if settings_are_sound:  # else a connection may be missing here that is declared with a mistake
        problems += unknown_connections(joined.tasks, settings)
    invalid = {diagnostic.place.path for diagnostic in diagnostics if diagnostic.place is not None}
    locator = Locator(
        root,
        {**reader.damaged, **reader.texts},
        sql_files,
        invalid,
        {path: file.lines for path, file in python.items()},
    )
    diagnostics += reader.diagnostics
    diagnostics += [problem.diagnose(locator) for problem in problems]
    project = ProjectSpec(
        root,
        settings,
        joined.pipelines,
        tuple(joined.assets),
        tuple(joined.changes),
        tuple(joined.tasks),
        tuple(joined.tests),
    )
    return LoadedProject(
        project,
        tuple(sorted(diagnostics, key=_in_order_of_place)),
        locator,
        tuple(reader.files[path] for path in sorted(reader.files)),
        frozenset(joined.broken),
        frozenset(joined.broken_tasks),
        frozenset(joined.broken_tests),
        {file.path: file.table for file in files},
        sql_files,
        lost,
        {path: file.imports for path, file in python.items() if path in paths},
    )


def load_settings(root: Path) -> ProjectSettings:
    """What `vp.toml` says, as far as it is sound."""
    return _read_settings(root, FileReader(root, {}))[0]


def _in_order_of_place(diagnostic: Diagnostic) -> tuple[str, int, int, str]:
    place = diagnostic.place
    if place is None:
        return ("", 0, 0, diagnostic.code)
    return (place.path, place.range.start_line, place.range.start_column, diagnostic.code)


def _read_settings(
    root: Path, reader: FileReader
) -> tuple[ProjectSettings, frozenset[str] | None, list[Problem], list[Diagnostic]]:
    """The settings, the variables that were lost, and what is wrong."""
    if not reader.exists(PROJECT_FILE):
        missing = Diagnostic(
            "VP111",
            f"There is no `{PROJECT_FILE}` in `{root.name}`.",
            fix=Fix("Name the project's folder with `--project DIR`; `vp new` makes a new project."),
        )
        return empty_settings(root.name), None, [], [missing]
    text = reader.read(PROJECT_FILE)
    if text is None:
        return empty_settings(root.name), None, [], []
    parsed = parse_file(PROJECT_FILE, text)
    settings, problems = read_project_file(parsed, root.name)
    return settings, lost_variables(parsed, settings), problems, list(parsed.diagnostics)


def _read_pipeline(
    path: str, reader: FileReader, settings: ProjectSettings
) -> tuple[PipelineFile | None, list[Diagnostic]]:
    text = reader.read(path)
    if text is None:
        return None, []
    parsed = parse_file(path, text)
    return _read_parsed(path, parsed, settings), list(parsed.diagnostics)


def _read_python(
    file: PythonFile, reader: FileReader, settings: ProjectSettings
) -> tuple[PipelineFile | None, list[Diagnostic]]:
    for path in (file.path, *file.imports):
        if reader.read(path) is None:
            return None, []
    return _read_parsed(file.path, file.parsed, settings), list(file.parsed.diagnostics)


def _read_parsed(path: str, parsed: ParsedFile, settings: ProjectSettings) -> PipelineFile:
    return read_pipeline_file(path, parsed, {"check_severity": settings.defaults.check_severity})


def _read_sql_files(joined: JoinedPipelines, reader: FileReader) -> dict[Origin, str]:
    """Fill `query` from `file` where that is set; assets whose file cannot be read count as broken."""
    sql_files: dict[Origin, str] = {}
    sound: list[DeclaredAsset] = []
    for asset in joined.assets:
        if not isinstance(asset.spec, SqlAsset) or asset.spec.file is None:
            sound.append(asset)
            continue
        problem, text = _read_named(asset.spec.file, asset.origin, ("file",), reader)
        if problem is not None:
            joined.problems.append(problem)
        if text is None:
            joined.broken.add(asset.address)
            continue
        sql_files[asset.origin] = posixpath.normpath(asset.spec.file)
        sound.append(replace(asset, spec=asset.spec.model_copy(update={"query": text})))
    joined.assets = sound
    return sql_files


def _read_rows(joined: JoinedPipelines, reader: FileReader) -> None:
    """Fill `files` of tests that name some; tests of which one cannot be read count as broken."""
    sound: list[DeclaredTest] = []
    for test in joined.tests:
        texts: dict[str, str] = {}
        broken = False
        for keys, rows in test.spec.rows().items():
            if not isinstance(rows, str):
                continue
            problem, text = _read_named(rows, test.origin, keys, reader)
            if problem is not None:
                joined.problems.append(problem)
            if text is None:
                broken = True
            else:
                texts[rows] = text
        if broken:
            joined.broken_tests.add(test.address)
        else:
            sound.append(replace(test, files=texts) if texts else test)
    joined.tests = sound


def _read_named(
    file: str, origin: Origin, keys: tuple[str, ...], reader: FileReader
) -> tuple[Problem | None, str | None]:
    """The text of a file that a block names at `keys`, or what is wrong with its path."""
    path = posixpath.normpath(file)
    if path.startswith(("/", "../")) or "\\" in path:
        outside = Problem(
            "VP109",
            f"`{file}` does not lie below `vp.toml`.",
            origin,
            keys,
            fix="Write a path with `/`, relative to `vp.toml`, so that other checkouts find it too.",
        )
        return outside, None
    if reader.exists(path):
        return None, reader.read(path)
    beside = posixpath.join(posixpath.dirname(origin.path), path)
    if reader.exists(beside):
        fix, replacement = f"Write `{beside}`: paths are relative to `vp.toml`.", f'"{beside}"'
    else:
        near = reader.files_near(path)
        guess = did_you_mean(path, near)
        fix = guess.strip() or f"Create the file, or correct the path; it is looked for at `{path}` below `vp.toml`."
        replacement = None
    missing = Problem("VP501", f"The file `{file}` does not exist.", origin, keys, fix=fix, replacement=replacement)
    return missing, None
