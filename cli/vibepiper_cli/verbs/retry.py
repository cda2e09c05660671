"""`vp retry`: do again what failed in a run, and what waited for it."""

from __future__ import annotations

import typer

from vibepiper_cli.duration import parse_duration
from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.invocation import Invocation
from vibepiper_cli.options import (
    EventsOption,
    ExecutorOption,
    JsonOption,
    QuietOption,
    RunArgument,
    RunEnvironmentOption,
    WaitOption,
    WorkersOption,
    YesOption,
)


def retry(
    context: typer.Context,
    run: RunArgument = None,
    environment: RunEnvironmentOption = None,
    yes: YesOption = False,
    executor: ExecutorOption = None,
    workers: WorkersOption = None,
    wait: WaitOption = "0s",
    quiet: QuietOption = False,
    events: EventsOption = None,
    json: JsonOption = False,
) -> ExitStatus:
    """Do again what failed in a run, and what waited for it

    Plans those assets by the specs of now, shows the plan, asks, and does it. What the run finished is not made again,
    and what else has changed since is left for the next apply.

    \b
    Example:
      vp retry
      vp retry 20260301-0812 --yes
    """
    from vibepiper_cli.commands.apply import How
    from vibepiper_cli.commands.retry import retry

    how = How(yes=yes, executor=executor, workers=workers, wait=parse_duration(wait), quiet=quiet, events=events)
    return retry(Invocation.of(context, json=json), run, environment, how)
