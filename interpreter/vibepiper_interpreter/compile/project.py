"""The compiler: declared project in, compiled project and every mistake out, in a handful of passes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable

from vibepiper_interpreter.compile.asset_tests import compile_tests
from vibepiper_interpreter.compile.binding import bind_assets
from vibepiper_interpreter.compile.changes import resolve_changes
from vibepiper_interpreter.compile.checks import compile_checks
from vibepiper_interpreter.compile.compilation import Compilation, Recalled, Workshop
from vibepiper_interpreter.compile.compiled import Compiled, CompiledProject
from vibepiper_interpreter.compile.declared_types import resolve_declared_types
from vibepiper_interpreter.compile.fingerprints import fingerprint_assets
from vibepiper_interpreter.compile.growing_views import judge_views
from vibepiper_interpreter.compile.operator_functions import find_functions_of_tasks
from vibepiper_interpreter.compile.operators import compile_operators
from vibepiper_interpreter.compile.ordering import order_assets
from vibepiper_interpreter.compile.python_probe import probe_imports
from vibepiper_interpreter.compile.references import find_python_references, find_sql_references
from vibepiper_interpreter.compile.resources import resolve_pools
from vibepiper_interpreter.compile.returned_rows import declare_returned_rows
from vibepiper_interpreter.compile.schedules import schedule_of
from vibepiper_interpreter.compile.serial import value_to_json
from vibepiper_interpreter.compile.settings import resolve_settings
from vibepiper_interpreter.compile.sources import infer_sources
from vibepiper_spec.diagnostics import Diagnostic
from vibepiper_spec.load.loaded import LoadedProject

Pass = Callable[[Compilation, Workshop], tuple[Compilation, list[Diagnostic]]]

PASSES: tuple[Pass, ...] = (
    resolve_settings,  # the environment exists; variables have values and types
    resolve_pools,  # the pools that assets name are there
    declare_returned_rows,  # columns that the row type of a function's result declares
    resolve_declared_types,  # every declared column type is one, and can be stored
    infer_sources,  # the files of each source, and their columns
    find_sql_references,  # the assets and parameters each query names
    find_python_references,  # the assets each function's parameters name, without importing it
    find_functions_of_tasks,  # the same of tasks, whose parameters may also be values
    probe_imports,  # the modules really import, once per content
    order_assets,  # inputs before readers; cycles drawn
    bind_assets,  # the columns of every asset, declared against real; the columns each one uses
    resolve_changes,  # what is moved and removed agrees with what is declared
    compile_checks,  # every check ready to run, its SQL bound
    fingerprint_assets,  # what each asset means
    compile_operators,  # tasks: what they come after, the values they name, what they mean
    compile_tests,  # tests: what is given and expected, column by column
    judge_views,  # where a view hides what of an input is new
)


def compile_loaded(loaded: LoadedProject, environment: str, workshop: Workshop) -> Compiled:
    """Runs all passes. What has errors is left out of the project, and so is what reads it."""
    try:
        return finish(*run_passes(Compilation.begin(loaded, environment, Recalled()), workshop))
    finally:
        workshop.close()


def run_passes(state: Compilation, workshop: Workshop) -> tuple[Compilation, tuple[Diagnostic, ...]]:
    diagnostics: list[Diagnostic] = []
    for step in PASSES:
        state, told = step(state, workshop)
        diagnostics += told
    return state, in_order_of_place(diagnostics)


def finish(state: Compilation, diagnostics: tuple[Diagnostic, ...]) -> Compiled:
    """What the passes have found out, as the planner sees it."""
    settings = state.loaded.project.settings
    return Compiled(_project(state), diagnostics, settings.storage.path, settings.state.url)


def _project(state: Compilation) -> CompiledProject:
    spec = state.loaded.project
    return CompiledProject(
        name=spec.settings.project.name,
        environment=state.environment,
        assets=state.assets,
        variables=state.variables,
        publish_each=frozenset(name for name, header in spec.pipelines.items() if header.publish == "each"),
        moves=state.moves,
        column_moves=state.column_moves,
        adoptions=state.adoptions,
        removals=state.removals,
        protected=spec.settings.is_protected(state.environment),
        schedules={
            name: schedule
            for name, header in spec.pipelines.items()
            if (schedule := schedule_of(header.schedule)) is not None
        },
        operators=state.operators,
        digest=_digest(state),
    )


def _digest(state: Compilation) -> str:
    files = sorted({**state.recalled.files, **{file.path: file.sha256 for file in state.loaded.files}}.items())
    modules = sorted(
        {path: sha256 for reached in state.python_files.values() for path, sha256 in reached.items()}.items()
    )
    variables = sorted((name, value_to_json(value)) for name, value in state.variables.items())
    text = json.dumps([files, modules, variables, state.environment])
    return hashlib.sha256(text.encode()).hexdigest()


def in_order_of_place(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Each once, in an order that hangs on nothing but themselves."""
    return tuple(sorted(dict.fromkeys(diagnostics), key=_by_place))


def _by_place(diagnostic: Diagnostic) -> tuple[str, int, int, str, str]:
    if diagnostic.place is None:
        return ("", 0, 0, diagnostic.code, diagnostic.detail)
    span = diagnostic.place.range
    return (diagnostic.place.path, span.start_line, span.start_column, diagnostic.code, diagnostic.detail)
