"""`vp show`: one asset or task, from all sides."""

from __future__ import annotations

from typing import Annotated

import typer

from vibepiper_cli.completions import complete_asset
from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.invocation import Invocation
from vibepiper_cli.options import DEFAULT_ENVIRONMENT, EnvironmentOption, JsonOption


def show(
    context: typer.Context,
    name: Annotated[
        str,
        typer.Argument(metavar="ASSET", help="`orders` or `shop.orders`; or a task.", autocompletion=complete_asset),
    ],
    environment: EnvironmentOption = DEFAULT_ENVIRONMENT,
    rows: Annotated[int, typer.Option("--rows", "-n", min=0, metavar="N", help="Sample rows to show.")] = 10,
    json: JsonOption = False,
) -> ExitStatus:
    """Show an asset (columns, lineage, status, rows) or a task (what it does, what became of it)

    Of an asset: columns with types and descriptions, checks with their last outcome, what it reads and who reads it,
    what is published and whether it is up to date, and the first rows. Of a task: what it does and after what, whether
    it is due, when it was done, its outputs and items, and how its last run ended.

    \b
    Example:
      vp show daily_revenue
      vp show shop.daily_revenue --env prod --rows 3
      vp show shop.report
    """
    from vibepiper_cli.commands.show import show

    return show(Invocation.of(context, json=json), name, environment, rows)
