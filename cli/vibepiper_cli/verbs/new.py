"""`vp new`: a small working project in a new folder."""

from __future__ import annotations

from typing import Annotated

import typer

from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.invocation import Invocation


def new(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The folder to make; its last part names the project.")],
) -> ExitStatus:
    """Make a small working project

    A pipeline that reads a CSV file, two queries on it, and checks: something to plan, apply, and then change.

    \b
    Example:
      vp new shop
      cd shop
      vp plan
      vp apply
    """
    from vibepiper_cli.commands.new import new

    return new(Invocation.of(context), name)
