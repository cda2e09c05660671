"""Makes a plan for `vp plan` and `vp apply`: the same road for both, so that what is shown is what is done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vibepiper_cli.invocation import Invocation
from vibepiper_cli.project import load, load_for_state, once, stop_on_errors, stop_on_unknown_environment
from vibepiper_cli.query_places import PlaceInQuery, places_in_queries
from vibepiper_cli.source_changes import changed_sources
from vibepiper_cli.views.words import count
from vibepiper_interpreter.compile import compile_project
from vibepiper_interpreter.compile.compiled import CompiledAsset, CompiledProject, FileDefinition
from vibepiper_interpreter.connectors.file import list_files
from vibepiper_interpreter.plan import engine_version, load_plan, make_plan, verify_plan
from vibepiper_interpreter.plan.plan import Plan
from vibepiper_interpreter.state import State, open_state
from vibepiper_interpreter.storage import Storage
from vibepiper_interpreter.storage.version import SourceFile
from vibepiper_spec import ProjectSettings
from vibepiper_spec.diagnostics import Diagnostic, has_errors


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, and what an apply of it needs beside it."""

    plan: Plan
    root: Path
    settings: ProjectSettings
    state: State
    diagnostics: tuple[Diagnostic, ...]  # warnings only
    place: PlaceInQuery


def make(invocation: Invocation, environment: str, selection: Sequence[str]) -> Planned:
    loaded = load(invocation)
    compiled = compile_project(loaded, environment)
    diagnostics = once((*loaded.diagnostics, *compiled.diagnostics))
    root, settings = loaded.project.root, loaded.project.settings
    if has_errors(diagnostics):
        diagnostics += changed_sources(compiled.project, root, settings)
    stop_on_errors(diagnostics, invocation)
    state = open_state(root, settings)
    plan = _plan(compiled.project, root, settings, state, environment, selection)
    return Planned(plan, root, settings, state, diagnostics, places_in_queries(loaded))


def source_files(root: Path, asset: CompiledAsset) -> tuple[SourceFile, ...]:
    """The files a source reads, as they are now; none for other assets."""
    return list_files(root, asset.definition) if isinstance(asset.definition, FileDefinition) else ()


@dataclass(frozen=True, slots=True)
class Survey:
    """A look at a project that may have mistakes: `plan` is None then, and `project` what could be compiled."""

    project: CompiledProject
    plan: Plan | None
    root: Path
    settings: ProjectSettings
    state: State


def survey(invocation: Invocation, environment: str) -> Survey:
    """What can be said of the project as it is; its mistakes are counted, not told."""
    loaded = load_for_state(invocation)
    stop_on_unknown_environment(loaded.project.settings, environment)
    compiled = compile_project(loaded, environment)
    diagnostics = once((*loaded.diagnostics, *compiled.diagnostics))
    root, settings = loaded.project.root, loaded.project.settings
    state = open_state(root, settings)
    plan = None
    if has_errors(diagnostics):
        errors = count(sum(found.severity == "error" for found in diagnostics), "error")
        invocation.printer.talk(f"The specs have {errors}; `vp validate` tells them. Shown is what can be known.\n")
    else:
        plan = _plan(compiled.project, root, settings, state, environment, ())
    return Survey(compiled.project, plan, root, settings, state)


def _plan(
    project: CompiledProject,
    root: Path,
    settings: ProjectSettings,
    state: State,
    environment: str,
    selection: Sequence[str],
) -> Plan:
    return make_plan(
        project,
        state,
        environment,
        selection=selection,
        list_files=lambda asset: source_files(root, asset),
        storage_has=Storage(root / settings.storage.path).has,
    )


def read(invocation: Invocation, file: Path) -> Planned:
    """A saved plan, verified against the project, the state and the source files as they are now."""
    plan = load_plan(file)
    loaded = load(invocation)
    compiled = compile_project(loaded, plan.environment)
    diagnostics = once((*loaded.diagnostics, *compiled.diagnostics))
    stop_on_errors(diagnostics, invocation)
    root, settings = loaded.project.root, loaded.project.settings
    state = open_state(root, settings)
    verify_plan(
        plan,
        compiled.project.digest,
        state,
        engine_version(),
        lambda asset: source_files(root, asset),
        compiled=compiled.project,
    )
    return Planned(plan, root, settings, state, diagnostics, places_in_queries(loaded))
