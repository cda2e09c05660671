"""`vp lineage`: where an asset or a column comes from, and who reads it."""

from __future__ import annotations

from typing import Annotated

import typer

from vibepiper_cli.completions import complete_asset
from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.failure import WrongUsage
from vibepiper_cli.invocation import Invocation
from vibepiper_cli.options import DEFAULT_ENVIRONMENT, EnvironmentOption, JsonOption


def lineage(
    context: typer.Context,
    name: Annotated[
        str,
        typer.Argument(
            metavar="ASSET[.COLUMN]",
            help="`orders`, `shop.orders`, `orders.amount` or `shop.orders.amount`; or a task.",
            autocompletion=complete_asset,
        ),
    ],
    environment: EnvironmentOption = DEFAULT_ENVIRONMENT,
    mermaid: Annotated[bool, typer.Option("--mermaid", help="Print a Mermaid flowchart.")] = False,
    json: JsonOption = False,
) -> ExitStatus:
    """Show where an asset or a column comes from, and who reads it

    For a column, it tells where the value comes from, and which other columns have influence on it by a filter, a
    join, a grouping or an order. Tasks stand among the assets where something comes before or after them, or where they
    give values; what they do to data outside is not known.

    \b
    Example:
      vp lineage daily_revenue
      vp lineage shop.daily_revenue.revenue
      vp lineage report
      vp lineage daily_revenue --mermaid > lineage.mmd
    """
    from vibepiper_cli.commands.lineage import lineage

    if json and mermaid:
        raise WrongUsage("`--json` and `--mermaid` exclude each other.")
    return lineage(Invocation.of(context, json=json), name, environment, mermaid=mermaid)
