"""Writes the project's stubs whenever it changes."""

from __future__ import annotations

from vibepiper_cli.commands.codegen import codegen
from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.failure import show_failure
from vibepiper_cli.invocation import Invocation
from vibepiper_cli.project import find_root
from vibepiper_spec import load_settings
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError, Fix


def watch_and_write(invocation: Invocation, *, annotate: bool, force: bool) -> ExitStatus:
    """Mistakes are shown, and end nothing: the next change may mend them."""
    try:
        from vibepiper_codegen.stubs.watch import changes
    except ImportError as error:
        raise DiagnosticError(
            Diagnostic(
                "VP407",
                f"`--watch` needs the package `{error.name}`, which is not installed here.",
                fix=Fix("Install it: `pip install 'vibepiper[codegen]'`."),
            )
        ) from error
    root = find_root(invocation).resolve()
    for changed in changes(root, load_settings(root).codegen.path):
        if changed:
            try:
                codegen(invocation, check=False, annotate=annotate, force=force)
            except DiagnosticError as error:
                show_failure(error, invocation)
    return ExitStatus.OK
