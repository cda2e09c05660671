"""`vp cancel`: ask a running apply to stop, wherever it runs."""

from __future__ import annotations

from typing import Annotated

import typer

from vibepiper_cli.duration import parse_duration
from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.invocation import Invocation
from vibepiper_cli.options import JsonOption, RunArgument, RunEnvironmentOption


def cancel(
    context: typer.Context,
    run: RunArgument = None,
    environment: RunEnvironmentOption = None,
    wait: Annotated[str, typer.Option(metavar="DURATION", help="Wait so long for it to end: 30s, 10m.")] = "1m",
    json: JsonOption = False,
) -> ExitStatus:
    """Ask a running apply to stop, wherever it runs

    The run looks at the state about once a second, on whatever host it is. It stops what it does, publishes nothing
    more, and keeps what is finished for the next apply.

    \b
    Example:
      vp cancel
      vp cancel 20260301-0812 --wait 10m
    """
    from vibepiper_cli.commands.cancel import cancel

    return cancel(Invocation.of(context, json=json), run, environment, parse_duration(wait))
