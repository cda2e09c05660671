"""`vp plan`: what would change, and why."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.invocation import Invocation
from vibepiper_cli.options import DEFAULT_ENVIRONMENT, EnvironmentOption, JsonOption, SelectionArgument


def plan(
    context: typer.Context,
    selection: SelectionArgument = None,
    environment: EnvironmentOption = DEFAULT_ENVIRONMENT,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", metavar="FILE", show_default=False, help="Save the plan, for `vp apply FILE`."),
    ] = None,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit with 2 if there are changes, 0 if there are none.")
    ] = False,
    json: JsonOption = False,
) -> ExitStatus:
    """Show what would change, and why

    Compares the project with what is published in the environment. Nothing is run and nothing is written, except
    the file given with --out.

    \b
    Example:
      vp plan
      vp plan daily_revenue+ --env prod
      vp plan --out today.vpplan && vp apply today.vpplan
    """
    from vibepiper_cli.commands.plan import plan

    return plan(
        Invocation.of(context, json=json), selection or [], environment, out=out, detailed_exitcode=detailed_exitcode
    )
