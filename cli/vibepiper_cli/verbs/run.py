"""`vp run`: do what is due now."""

from __future__ import annotations

from typing import Annotated

import typer

from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.invocation import Invocation
from vibepiper_cli.options import (
    DEFAULT_ENVIRONMENT,
    EnvironmentOption,
    EventsOption,
    ExecutorOption,
    JsonOption,
    QuietOption,
    WorkersOption,
)


def run(
    context: typer.Context,
    environment: EnvironmentOption = DEFAULT_ENVIRONMENT,
    at: Annotated[
        str | None,
        typer.Option(
            "--at",
            metavar="TIME",
            show_default=False,
            help="As if it were then: `2026-03-01 06:00` (UTC), `2026-03-01T06:00+01:00`, or how long ago: `2h`.",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what is due, and show the plan.")] = False,
    executor: ExecutorOption = None,
    workers: WorkersOption = None,
    quiet: QuietOption = False,
    events: EventsOption = None,
    json: JsonOption = False,
) -> ExitStatus:
    """Do what is due now: schedules, missing intervals, new data

    A pipeline with a schedule is due once for all ticks since it was served, one without whenever something has
    changed. Plans and applies until nothing is left, and never asks; while another apply goes on it does nothing and
    says so. Safe to call from cron as often as one likes.

    \b
    Example:
      vp run
      vp run --env prod --quiet
      vp run --at '2026-03-01 06:00' --dry-run
    """
    from vibepiper_cli.commands.run import RunHow, run

    how = RunHow(at, dry_run, executor, workers, quiet, events)
    return run(Invocation.of(context, json=json), environment, how)
