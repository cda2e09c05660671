"""Makes a plan for `vp plan` and `vp apply`: the same road for both, so that what is shown is what is done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from vibepiper_cli.invocation import Invocation
from vibepiper_cli.project import find_root, load_for_state, stop_on_errors, stop_on_unknown_environment
from vibepiper_cli.source_changes import changed_sources, changed_types
from vibepiper_cli.views.words import count
from vibepiper_interpreter.compile import compile_root
from vibepiper_interpreter.compile.compiled import Compiled, CompiledAsset, CompiledProject
from vibepiper_interpreter.connectors.file import files_of
from vibepiper_interpreter.local_cache import LocalCache
from vibepiper_interpreter.plan import (
    engine_version,
    load_plan,
    recall_unchanged,
    remember_unchanged,
    verify_plan,
)
from vibepiper_interpreter.plan.asked import Asked
from vibepiper_interpreter.plan.draft import ListFiles
from vibepiper_interpreter.plan.on_disk import plan_on_disk
from vibepiper_interpreter.plan.plan import Plan
from vibepiper_interpreter.state import Sight, applied_sources, glance_at, open_state, open_state_at
from vibepiper_interpreter.storage import Storage
from vibepiper_interpreter.storage.version import SourceFile
from vibepiper_spec.diagnostics import Diagnostic, has_errors

if TYPE_CHECKING:
    from vibepiper_interpreter.state import State
    from vibepiper_spec import LoadedProject


NOTHING_ASKED = Asked()


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, and what an apply of it needs beside it."""

    plan: Plan
    root: Path
    state: State | None  # None where the plan is known to be empty without opening it
    diagnostics: tuple[Diagnostic, ...]  # warnings only

    def __enter__(self) -> Planned:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        if self.state is not None:
            self.state.close()


def make(invocation: Invocation, environment: str, selection: Sequence[str], asked: Asked = NOTHING_ASKED) -> Planned:
    root = find_root(invocation)
    compiled = compile_root(root, environment, applied_sources)
    diagnostics = compiled.diagnostics
    if has_errors(diagnostics):
        diagnostics += changed_sources(compiled, root)
    stop_on_errors(diagnostics, invocation)
    sight = None if selection or asked != NOTHING_ASKED else glance_at(root, compiled.state_url, environment)
    if sight is not None and (plan := _recall(compiled, root, sight)) is not None:
        return Planned(plan, root, None, diagnostics)
    state = open_state_at(root, compiled.state_url)
    plan = plan_on_disk(compiled, root, state, selection, sight=sight, asked=asked)
    if sight is not None:
        with LocalCache(root) as cache:
            remember_unchanged(plan, compiled, sight, _lister(root, cache), cache)
    changed = changed_types(plan, root, state) + plan.warnings
    stop_on_errors(changed, invocation)
    return Planned(plan, root, state, diagnostics + changed)


def source_files(root: Path, asset: CompiledAsset, cache: LocalCache | None = None) -> tuple[SourceFile, ...]:
    """The files a source reads, as they are now; none for other assets."""
    return files_of(root, asset, cache)


@dataclass(frozen=True, slots=True)
class Survey:
    """A look at a project that may have mistakes: `plan` is None then, and `project` what could be compiled."""

    project: CompiledProject
    plan: Plan | None
    root: Path
    state: State
    # Where there are mistakes: what is declared all the same.
    loaded: LoadedProject | None = None
    diagnostics: tuple[Diagnostic, ...] = ()


def survey(invocation: Invocation, environment: str) -> Survey:
    """What can be said of the project as it is; its mistakes are counted, not told."""
    root = find_root(invocation)
    compiled = compile_root(root, environment, applied_sources)
    if not has_errors(compiled.diagnostics):
        state = open_state_at(root, compiled.state_url)
        return Survey(compiled.project, plan_on_disk(compiled, root, state), root, state)
    # Without a sound `vp.toml` nothing can be known at all.
    loaded = load_for_state(invocation)
    stop_on_unknown_environment(loaded.project.settings, environment)
    errors = count(sum(found.severity == "error" for found in compiled.diagnostics), "error")
    invocation.printer.talk(f"The specs have {errors}; `vp validate` tells them. Shown is what can be known.\n")
    state = open_state_at(root, compiled.state_url)
    return Survey(compiled.project, None, root, state, loaded, compiled.diagnostics)


def _recall(compiled: Compiled, root: Path, sight: Sight) -> Plan | None:
    """The plan, where it is known to be empty: nothing it follows from has changed since one was."""
    storage = Storage.look(root / compiled.storage_path, sight.state_id, compiled.storage_path)
    with LocalCache(root) as cache:
        return recall_unchanged(compiled, sight, _lister(root, cache), storage.has, cache)


def _lister(root: Path, cache: LocalCache) -> ListFiles:
    return lambda asset: source_files(root, asset, cache)


def read(invocation: Invocation, file: Path) -> Planned:
    """A saved plan, verified against the project, the state and the source files as they are now."""
    plan = load_plan(file)
    root = find_root(invocation)
    if plan.goes_back:
        # It does not follow from the specs, and is needed most where they are broken.
        state = open_state(root, load_for_state(invocation).project.settings)
        verify_plan(plan, plan.digest, state, plan.engine_version, lambda asset: ())
        return Planned(plan, root, state, ())
    compiled = compile_root(root, plan.environment, applied_sources)
    stop_on_errors(compiled.diagnostics, invocation)
    state = open_state_at(root, compiled.state_url)
    verify_plan(
        plan,
        compiled.project.digest,
        state,
        engine_version(),
        lambda asset: source_files(root, asset),
        compiled=compiled.project,
    )
    return Planned(plan, root, state, compiled.diagnostics)
