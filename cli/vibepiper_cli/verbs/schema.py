"""`vp schema`: the JSON schemas that editors use."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.invocation import Invocation


def schema(
    context: typer.Context,
    show: Annotated[
        Literal["pipeline", "project"] | None,
        typer.Option("--print", metavar="NAME", show_default=False, help="Print one instead: pipeline or project."),
    ] = None,
) -> ExitStatus:
    """Write the JSON schemas that editors use

    They go to `.vp/schemas`, where the `#:schema` line at the head of a spec looks for them. Editors that know TOML
    (with tombi or taplo) then complete and check specs. Run it after a clone, or after an upgrade of vp.

    \b
    Example:
      vp schema
      vp schema --print pipeline > pipeline.schema.json
    """
    from vibepiper_cli.commands.schema import print_schema, write

    invocation = Invocation.of(context)
    return write(invocation) if show is None else print_schema(invocation, show)
