"""`vp codegen`: typed Python for the project's tables."""

from __future__ import annotations

from typing import Annotated

import typer

from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.invocation import Invocation
from vibepiper_cli.options import JsonOption


def codegen(
    context: typer.Context,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with 1 if something is not up to date.")
    ] = False,
    annotate: Annotated[
        bool,
        typer.Option("--annotate", help="Also put the types into your functions, wherever there is no annotation yet."),
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on, and write anew whenever the project changes; Ctrl-C ends it.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite also what was edited by hand.")] = False,
    json: JsonOption = False,
) -> ExitStatus:
    """Write typed Python for the project's tables

    A package, `vp_stubs` if `[codegen]` in `vp.toml` says nothing else, in which every asset has a type for its rows
    and one for its table as pandas, polars, pyarrow and DuckDB give it. With them mypy and pyright find a column that
    is not there any more before anything runs. Only what changed is written.

    \b
    Example:
      vp codegen
      vp codegen --check
      vp codegen --annotate
    """
    if watch:
        if check or json:
            raise typer.BadParameter("`--watch` never ends, so there is no `--check` and no `--json` of it.")
        from vibepiper_cli.commands.codegen_watch import watch_and_write

        return watch_and_write(Invocation.of(context), annotate=annotate, force=force)
    from vibepiper_cli.commands.codegen import codegen

    return codegen(Invocation.of(context, json=json), check=check, annotate=annotate, force=force)
