"""`vp validate`: every mistake in the specs, at once."""

from __future__ import annotations

from typing import Annotated

import typer

from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.invocation import Invocation
from vibepiper_cli.options import DEFAULT_ENVIRONMENT, EnvironmentOption, JsonOption
from vibepiper_cli.project import check
from vibepiper_cli.views.diagnostics import show_diagnostics
from vibepiper_cli.views.words import count
from vibepiper_spec.diagnostics import has_errors


def validate(
    context: typer.Context,
    environment: EnvironmentOption = DEFAULT_ENVIRONMENT,
    strict: Annotated[bool, typer.Option("--strict", help="Fail on warnings as well.")] = False,
    json: JsonOption = False,
) -> ExitStatus:
    """Check all specs, without planning or running anything

    Reads every spec, SQL file and Python function; binds every query against the types of its inputs; tells all
    mistakes at once. Exits with 3 if there are any.

    \b
    Example:
      vp validate
      vp validate --json | jq '.diagnostics[].code'
    """
    invocation = Invocation.of(context)
    project, diagnostics = check(invocation, environment)
    failed = has_errors(diagnostics) or (strict and bool(diagnostics))
    show_diagnostics(diagnostics, invocation)
    if json:
        invocation.printer.json(
            {
                "valid": not failed,
                "assets": len(project.assets),
                "diagnostics": [found.to_json() for found in diagnostics],
            }
        )
    if failed:
        return ExitStatus.BAD_SPECS
    pipelines = {address.pipeline for address in project.assets}
    invocation.printer.talk(f"Valid: {count(len(project.assets), 'asset')} in {count(len(pipelines), 'pipeline')}.")
    return ExitStatus.OK
