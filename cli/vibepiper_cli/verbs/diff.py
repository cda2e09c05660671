"""`vp diff`: compare what two environments show."""

from __future__ import annotations

from typing import Annotated

import typer

from vibepiper_cli.completions import complete_asset, complete_environment
from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.invocation import Invocation
from vibepiper_cli.options import JsonOption


def diff(
    context: typer.Context,
    left: Annotated[str, typer.Argument(metavar="LEFT", help="An environment.", autocompletion=complete_environment)],
    right: Annotated[
        str, typer.Argument(metavar="RIGHT", help="Another environment.", autocompletion=complete_environment)
    ],
    assets: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="ASSET",
            show_default=False,
            help="Compare only these. All, if none is given.",
            autocompletion=complete_asset,
        ),
    ] = None,
    data: Annotated[
        bool, typer.Option("--data", help="Compare the rows as well: how many differ, in which columns, and a few.")
    ] = False,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit with 2 if there are differences, 0 if there are none.")
    ] = False,
    json: JsonOption = False,
) -> ExitStatus:
    """Compare what two environments show

    What is published is compared, whatever the specs say by now: versions, what they mean, their columns and numbers
    of rows. With --data the rows of what differs are read: where columns are declared unique, rows are matched by
    them, and each column's differences are counted.

    \b
    Example:
      vp diff dev prod
      vp diff dev prod daily_revenue --data
    """
    from vibepiper_cli.commands.diff import diff

    return diff(
        Invocation.of(context, json=json), left, right, assets or [], data=data, detailed_exitcode=detailed_exitcode
    )
