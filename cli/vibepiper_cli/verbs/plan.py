"""`vp plan`: what would change, and why."""

from __future__ import annotations

from typing import Annotated

import typer

from vibepiper_cli import planning
from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.invocation import Invocation
from vibepiper_cli.options import DEFAULT_ENVIRONMENT, EnvironmentOption, JsonOption, PlanFileOption, SelectionArgument
from vibepiper_cli.views.plan import render_plan
from vibepiper_cli.views.plan_json import plan_json
from vibepiper_interpreter.plan import save_plan


def plan(
    context: typer.Context,
    selection: SelectionArgument = None,
    environment: EnvironmentOption = DEFAULT_ENVIRONMENT,
    out: PlanFileOption = None,
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
      vp plan --out prod.vpplan && vp apply prod.vpplan
    """
    invocation = Invocation.of(context)
    invocation.json = json
    planned = planning.make(invocation, environment, selection or ())
    printer = invocation.printer
    if out is not None:
        save_plan(planned.plan, out)
    if json:
        diagnostics = [found.to_json() for found in planned.diagnostics]
        printer.json({**plan_json(planned.plan), "diagnostics": diagnostics})
    else:
        printer.data(render_plan(planned.plan, printer.data_paint))
    if out is not None:
        printer.talk(f"\nSaved. To do exactly this:\n\n  vp apply {out}")
    if detailed_exitcode and not planned.plan.empty:
        return ExitStatus.CHANGES_PENDING
    return ExitStatus.OK
