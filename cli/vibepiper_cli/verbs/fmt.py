"""`vp fmt`: the canonical layout of specs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.invocation import Invocation


def fmt(
    context: typer.Context,
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FILE", show_default=False, help="Spec files, or folders of them. All, if none is given."
        ),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; exit with 1 if a file is not in canonical form.")
    ] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Change nothing; print what would change.")] = False,
) -> ExitStatus:
    """Lay out specs in the canonical form, keeping comments

    The order of keys and blocks, spaces, quotes and line breaks; never what a spec means, and never the text of its
    SQL.

    \b
    Example:
      vp fmt
      vp fmt --check
      vp fmt pipelines/shop.vp.toml --diff
    """
    from vibepiper_cli.commands.fmt import fmt

    return fmt(Invocation.of(context), files or [], check=check, diff=diff)
