"""`vp undo`: go back to what was published before a run."""

from __future__ import annotations

from typing import Annotated

import typer

from vibepiper_cli.duration import parse_duration
from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.invocation import Invocation
from vibepiper_cli.options import JsonOption, OutOption, QuietOption, RunEnvironmentOption, WaitOption, YesOption


def undo(
    context: typer.Context,
    run: Annotated[
        str | None,
        typer.Argument(
            metavar="RUN",
            show_default=False,
            help="As listed by `vp runs`; its first letters are enough. The last one that published, if none is given.",
        ),
    ] = None,
    environment: RunEnvironmentOption = None,
    out: OutOption = None,
    yes: YesOption = False,
    wait: WaitOption = "0s",
    quiet: QuietOption = False,
    json: JsonOption = False,
) -> ExitStatus:
    """Go back to what was published before a run

    Only pointers move: nothing is built. The whole environment goes back to what it was before the run, so later runs
    are undone too. It is a run itself, and can be undone.

    \b
    Example:
      vp undo
      vp undo 20260301-0812
      vp undo --env prod --out back.vpplan && vp apply back.vpplan
    """
    from vibepiper_cli.commands.apply import How
    from vibepiper_cli.commands.undo import undo

    how = How(
        yes=yes,
        executor=None,
        workers=None,
        wait=parse_duration(wait),
        quiet=quiet,
    )
    return undo(Invocation.of(context, json=json), run, environment, out=out, how=how)
