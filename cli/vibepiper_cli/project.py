"""Opens the project for a verb: find it, load it, compile it; a mistake in it ends the verb with all there are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from vibepiper_cli.failure import BadSpecs
from vibepiper_cli.invocation import Invocation
from vibepiper_cli.views.diagnostics import show_diagnostics
from vibepiper_cli.views.words import listed
from vibepiper_interpreter.compile import compile_root
from vibepiper_interpreter.compile.compiled import Compiled
from vibepiper_interpreter.state import applied_sources, open_state
from vibepiper_spec import find_project_root
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError, Fix, did_you_mean, has_errors

if TYPE_CHECKING:
    from vibepiper_interpreter.state import State
    from vibepiper_spec import LoadedProject, ProjectSettings


def find_root(invocation: Invocation) -> Path:
    invocation.root = find_project_root(invocation.directory.absolute())
    return invocation.root


def load(invocation: Invocation) -> LoadedProject:
    """The project as its specs say it, with their diagnostics; broken assets are left out of it."""
    from vibepiper_spec import load_project  # brings the models, which nothing that is recalled needs

    return load_project(find_root(invocation))


def compiled(invocation: Invocation, environment: str) -> Compiled:
    """The compiled project and everything there is to say about it; recalled where nothing has changed."""
    return compile_root(find_root(invocation), environment, applied_sources)


def stop_on_errors(diagnostics: tuple[Diagnostic, ...], invocation: Invocation) -> None:
    """End the verb if there is an error among them; else show the warnings and go on."""
    if has_errors(diagnostics):
        raise BadSpecs(diagnostics)
    if diagnostics:
        show_diagnostics(diagnostics, invocation)
        invocation.printer.talk()


def stop_on_unknown_environment(settings: ProjectSettings, environment: str) -> None:
    """For verbs that do not compile; compiling finds it by itself. VP601."""
    known = settings.environment_names()
    if environment not in known:
        raise DiagnosticError(
            Diagnostic(
                "VP601",
                f"There is no environment `{environment}`.{did_you_mean(environment, known)}",
                fix=Fix(f"Use one of {listed(known)}, or declare `[environment.{environment}]` in `vp.toml`"),
            )
        )


def load_for_state(invocation: Invocation) -> LoadedProject:
    """For verbs that look only at what has been applied: mistakes in specs do not matter, but those in `vp.toml` do,
    since it says where the state is."""
    loaded = load(invocation)
    settings = tuple(found for found in loaded.diagnostics if found.place and found.place.path == "vp.toml")
    if has_errors(settings):
        raise BadSpecs(settings)
    return loaded


@contextmanager
def open_state_of(invocation: Invocation) -> Iterator[State]:
    """The project's state, for such verbs."""
    project = load_for_state(invocation).project
    with open_state(project.root, project.settings) as state:
        yield state
