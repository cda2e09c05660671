"""Opens the project for a verb: find it, load it, compile it; a mistake in it ends the verb with all there are."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from vibepiper_cli.failure import BadSpecs
from vibepiper_cli.invocation import Invocation
from vibepiper_cli.views.diagnostics import show_diagnostics
from vibepiper_interpreter.compile import compile_project
from vibepiper_interpreter.compile.compiled import CompiledProject
from vibepiper_spec import LoadedProject, find_project_root, load_project
from vibepiper_spec.diagnostics import Diagnostic, has_errors


def find_root(invocation: Invocation) -> Path:
    invocation.root = find_project_root(invocation.directory.absolute())
    return invocation.root


def load(invocation: Invocation) -> LoadedProject:
    """The project as its specs say it, with their diagnostics; broken assets are left out of it."""
    return load_project(find_root(invocation))


def check(invocation: Invocation, environment: str) -> tuple[CompiledProject, tuple[Diagnostic, ...]]:
    """The compiled project and everything there is to say about it."""
    loaded = load(invocation)
    compiled = compile_project(loaded, environment)
    return compiled.project, once((*loaded.diagnostics, *compiled.diagnostics))


def once(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    return tuple(dict.fromkeys(diagnostics))


def stop_on_errors(diagnostics: tuple[Diagnostic, ...], invocation: Invocation) -> None:
    """End the verb if there is an error among them; else show the warnings and go on."""
    if has_errors(diagnostics):
        raise BadSpecs(diagnostics)
    show_diagnostics(diagnostics, invocation)
