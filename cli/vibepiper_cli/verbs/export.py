"""`vp export`: what is here in a form that others read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.invocation import Invocation

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=True)


@app.callback()
def export() -> None:
    """Turn what Python declares into specs

    \b
    Example:
      vp export toml
    """


@app.command()
def toml(
    context: typer.Context,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", show_default=False, help="Write a file for each module into this folder instead."),
    ] = None,
) -> ExitStatus:
    """Print the assets that Python modules declare as specs

    They mean the same: once the modules are no longer named in `[project] modules`, the next plan is empty. The
    functions stay where they are. A file that is there already is not overwritten.

    \b
    Example:
      vp export toml
      vp export toml --out specs
    """
    from vibepiper_cli.commands.export import export_toml

    return export_toml(Invocation.of(context), out)
