"""`vp query`: SQL against what is published."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.invocation import Invocation
from vibepiper_cli.options import DEFAULT_ENVIRONMENT, EnvironmentOption


def query(
    context: typer.Context,
    sql: Annotated[str, typer.Argument(metavar="SQL", help="DuckDB's SQL; `-` reads it from stdin.")],
    environment: EnvironmentOption = DEFAULT_ENVIRONMENT,
    format: Annotated[
        Literal["table", "csv", "json"], typer.Option("--format", "-f", metavar="FORMAT", help="table, csv or json.")
    ] = "table",
    json: Annotated[bool, typer.Option("--json", help="Short for --format json.")] = False,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit",
            "-n",
            min=1,
            metavar="N",
            show_default=False,
            help="Rows at most.  [default: 100 in a table, else all]",
        ),
    ] = None,
) -> ExitStatus:
    """Run SQL against what is published

    Every published asset is a view: `pipeline.asset`. Reads only; nothing that is published can be changed.

    \b
    Example:
      vp query "select * from shop.daily_revenue order by day"
      vp query "from shop.orders" --format csv > orders.csv
      vp query "show all tables"
    """
    from vibepiper_cli.commands.query import query

    chosen = "json" if json else format
    return query(Invocation.of(context, json=chosen == "json"), sql, environment, chosen, limit)
