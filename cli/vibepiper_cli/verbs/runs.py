"""`vp runs`: what was applied, when, by whom, and how it ended."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vibepiper_cli.completions import complete_environment
from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.invocation import Invocation
from vibepiper_cli.options import JsonOption, RunArgument

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.callback(invoke_without_command=True)
def runs(
    context: typer.Context,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, metavar="N", help="How many, newest first.")] = 20,
    environment: Annotated[
        str | None,
        typer.Option(
            "--env",
            "-e",
            metavar="NAME",
            show_default=False,
            help="Only of this environment.",
            autocompletion=complete_environment,
        ),
    ] = None,
    json: JsonOption = False,
) -> ExitStatus | None:
    """List past runs, show one, or print its logs

    \b
    Example:
      vp runs
      vp runs show
      vp runs logs RUN
    """
    if context.invoked_subcommand is not None:
        return None
    from vibepiper_cli.commands.runs import list_runs

    return list_runs(Invocation.of(context, json=json), limit, environment)


@app.command()
def show(
    context: typer.Context,
    run: RunArgument = None,
    events: Annotated[bool, typer.Option("--events", help="Everything that happened, in order.")] = False,
    gantt: Annotated[
        bool, typer.Option("--gantt", help="Draw when each task ran, on which worker, and what it waited for.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", metavar="FILE", show_default=False, help="Draw it into an .svg or .html file."),
    ] = None,
    json: JsonOption = False,
) -> ExitStatus:
    """Show one run: every asset and task, why it was in the plan, how it ended, and the checks that failed

    \b
    Example:
      vp runs show RUN --events
      vp runs show --gantt --out run.html
    """
    if gantt or out is not None:
        from vibepiper_cli.commands.gantt import draw_run

        return draw_run(Invocation.of(context, json=json), run, out)
    from vibepiper_cli.commands.runs import show_run

    return show_run(Invocation.of(context, json=json), run, events=events)


@app.command()
def logs(
    context: typer.Context,
    run: RunArgument = None,
    assets: Annotated[
        list[str] | None,
        typer.Argument(metavar="ASSET", show_default=False, help="Only what these, or these tasks, told."),
    ] = None,
    json: JsonOption = False,
) -> ExitStatus:
    """Print what the code of a run logged and printed, and every attempt that failed

    \b
    Example:
      vp runs logs
      vp runs logs RUN shop.churn
    """
    from vibepiper_cli.commands.runs import show_logs

    return show_logs(Invocation.of(context, json=json), run, assets or [])
