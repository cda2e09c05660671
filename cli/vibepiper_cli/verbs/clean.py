"""`vp clean`: delete stored data that nothing points to."""

from __future__ import annotations

from typing import Annotated

import typer

from vibepiper_cli.duration import parse_duration
from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.invocation import Invocation
from vibepiper_cli.options import JsonOption


def clean(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be deleted, and how much.")] = False,
    grace: Annotated[
        str, typer.Option(metavar="DURATION", help="Keep what is younger, as someone may still read it.")
    ] = "1h",
    undo_horizon: Annotated[
        str | None,
        typer.Option(
            "--undo-horizon",
            metavar="DURATION",
            show_default=False,
            help="Keep what was shown within it, so that one can go back.  [default: as in vp.toml, or 7d]",
        ),
    ] = None,
    json: JsonOption = False,
) -> ExitStatus:
    """Delete stored data that nothing points to

    Versions that no environment shows or has shown within the undo horizon, files that interrupted runs left behind,
    and the record of older runs of which nothing is left. What is published is never touched.

    \b
    Example:
      vp clean --dry-run
      vp clean --grace 7d
    """
    from vibepiper_cli.commands.clean import clean

    horizon = None if undo_horizon is None else parse_duration(undo_horizon)
    return clean(Invocation.of(context, json=json), parse_duration(grace), horizon, dry_run=dry_run)
