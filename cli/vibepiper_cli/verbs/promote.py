"""`vp promote`: let one environment show what another one shows."""

from __future__ import annotations

from typing import Annotated

import typer

from vibepiper_cli.completions import complete_environment
from vibepiper_cli.duration import parse_duration
from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.invocation import Invocation
from vibepiper_cli.options import (
    ExecutorOption,
    JsonOption,
    OutOption,
    QuietOption,
    SelectionArgument,
    WaitOption,
    WorkersOption,
    YesOption,
)


def promote(
    context: typer.Context,
    source: Annotated[
        str,
        typer.Argument(metavar="FROM", help="The environment to promote from.", autocompletion=complete_environment),
    ],
    target: Annotated[
        str, typer.Argument(metavar="TO", help="The environment to promote to.", autocompletion=complete_environment)
    ],
    selection: SelectionArgument = None,
    out: OutOption = None,
    yes: YesOption = False,
    executor: ExecutorOption = None,
    workers: WorkersOption = None,
    wait: WaitOption = "0s",
    quiet: QuietOption = False,
    json: JsonOption = False,
) -> ExitStatus:
    """Let one environment show what another one shows

    What means the same in both is pointed to, and costs nothing. Only what means something else there, because it
    reads a variable with another value, is built, from the same data. Shows the plan and asks.

    \b
    Example:
      vp promote dev prod
      vp promote dev prod daily_revenue+
      vp promote dev prod --out prod.vpplan && vp apply prod.vpplan
    """
    from vibepiper_cli.commands.apply import How
    from vibepiper_cli.commands.promote import promote

    how = How(yes=yes, executor=executor, workers=workers, wait=parse_duration(wait), quiet=quiet)
    return promote(Invocation.of(context, json=json), source, target, selection or [], out=out, how=how)
