"""Tells every mistake in the specs."""

from __future__ import annotations

from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.invocation import Invocation
from vibepiper_cli.project import compiled
from vibepiper_cli.views.diagnostics import show_diagnostics
from vibepiper_cli.views.words import count
from vibepiper_spec.diagnostics import has_errors


def validate(invocation: Invocation, environment: str, *, strict: bool) -> ExitStatus:
    known = compiled(invocation, environment)
    project, diagnostics = known.project, known.diagnostics
    failed = has_errors(diagnostics) or (strict and bool(diagnostics))
    show_diagnostics(diagnostics, invocation)
    if invocation.json:
        found = [diagnostic.to_json() for diagnostic in diagnostics]
        invocation.printer.json({"valid": not failed, "assets": len(project.assets), "diagnostics": found})
    if failed:
        return ExitStatus.BAD_SPECS
    pipelines = {address.pipeline for address in project.assets}
    counted = f"{count(len(project.assets), 'asset')} in {count(len(pipelines), 'pipeline')}"
    invocation.printer.talk(f"Valid: {counted}.")
    return ExitStatus.OK
