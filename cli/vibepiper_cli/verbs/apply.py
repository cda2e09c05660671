"""`vp apply`: run a plan, check the results, publish them."""

from __future__ import annotations

import typer

from vibepiper_cli.duration import parse_duration
from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.invocation import Invocation
from vibepiper_cli.options import (
    DEFAULT_ENVIRONMENT,
    EnvironmentOption,
    EventsOption,
    ExecutorOption,
    FromOption,
    JsonOption,
    QuietOption,
    RebuildOption,
    SelectionArgument,
    ToOption,
    WaitOption,
    WorkersOption,
    YesOption,
)


def apply(
    context: typer.Context,
    selection: SelectionArgument = None,
    environment: EnvironmentOption = DEFAULT_ENVIRONMENT,
    begin: FromOption = None,
    end: ToOption = None,
    rebuild: RebuildOption = None,
    yes: YesOption = False,
    executor: ExecutorOption = None,
    workers: WorkersOption = None,
    wait: WaitOption = "0s",
    quiet: QuietOption = False,
    events: EventsOption = None,
    json: JsonOption = False,
) -> ExitStatus:
    """Make it so: run the plan, check the results, publish them

    Shows the plan, asks, and does exactly that. Results are checked before they are published: what fails stays
    unpublished, and the tables of before stay as they are. A file saved by `vp plan --out` can be given instead of
    a selection; it takes no other options than how to run.

    \b
    Example:
      vp apply
      vp apply daily_revenue+ --yes
      vp apply --from 2024-01-01 --to 2024-02-01
      vp apply today.vpplan --yes
    """
    from vibepiper_cli.asking import parse_asked
    from vibepiper_cli.commands.apply import How, apply

    how = How(yes=yes, executor=executor, workers=workers, wait=parse_duration(wait), quiet=quiet, events=events)
    source = context.get_parameter_source("environment")
    chosen = source is not None and source.name == "COMMANDLINE"
    asked = parse_asked(begin, end, rebuild or ())
    return apply(Invocation.of(context, json=json), selection or [], environment if chosen else None, how, asked)
