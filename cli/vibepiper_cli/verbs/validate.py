"""`vp validate`: every mistake in the specs, at once."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.invocation import Invocation
from vibepiper_cli.options import DEFAULT_ENVIRONMENT, EnvironmentOption


def validate(
    context: typer.Context,
    environment: EnvironmentOption = DEFAULT_ENVIRONMENT,
    strict: Annotated[bool, typer.Option("--strict", help="Fail on warnings as well.")] = False,
    format: Annotated[
        Literal["text", "json", "github", "sarif"],
        typer.Option("--format", "-f", metavar="FORMAT", help="text, json, github (annotations) or sarif."),
    ] = "text",
    json: Annotated[bool, typer.Option("--json", help="Short for --format json.")] = False,
) -> ExitStatus:
    """Check all specs, without planning or running anything

    Reads every spec, SQL file and Python function; binds every query against the types of its inputs; tells all
    mistakes at once. Exits with 3 if there are any.

    \b
    Example:
      vp validate
      vp validate --json | jq '.diagnostics[].code'
      vp validate --format sarif > vibepiper.sarif
    """
    from vibepiper_cli.commands.validate import validate

    chosen = "json" if json else format
    return validate(Invocation.of(context, json=chosen == "json"), environment, chosen, strict=strict)
