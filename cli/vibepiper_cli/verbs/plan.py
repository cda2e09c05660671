"""`vp plan`: what would change, and why."""

from __future__ import annotations

from typing import Annotated

import typer

from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.failure import WrongUsage
from vibepiper_cli.invocation import Invocation
from vibepiper_cli.options import (
    DEFAULT_ENVIRONMENT,
    EnvironmentOption,
    FromOption,
    JsonOption,
    OutOption,
    RebuildOption,
    SelectionArgument,
    ToOption,
)


def plan(
    context: typer.Context,
    selection: SelectionArgument = None,
    environment: EnvironmentOption = DEFAULT_ENVIRONMENT,
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of",
            metavar="TIME",
            show_default=False,
            help="Plan to go back to what was published then: `2026-03-01 08:00` (UTC), or how long ago: `2h`.",
        ),
    ] = None,
    refresh_only: Annotated[
        bool,
        typer.Option(
            "--refresh-only",
            help="Plan nothing: only tell which source files and snapshots moved since they were published.",
        ),
    ] = False,
    begin: FromOption = None,
    end: ToOption = None,
    rebuild: RebuildOption = None,
    out: OutOption = None,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit with 2 if there are changes, 0 if there are none.")
    ] = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print Markdown, for a comment on a pull request.")
    ] = False,
    json: JsonOption = False,
) -> ExitStatus:
    """Show what would change, and why

    Compares the project with what is published in the environment. Nothing is run and nothing is written, except
    the file given with --out.

    \b
    Example:
      vp plan
      vp plan daily_revenue+ --env prod
      vp plan --out today.vpplan && vp apply today.vpplan
      vp plan --rebuild daily_revenue+ --from 2024-03-01 --to 2024-03-08
      vp plan --as-of 2h --out back.vpplan
      vp plan --refresh-only
    """
    if refresh_only:
        given = {
            "a selection": selection,
            "`--as-of`": as_of,
            "`--out`": out,
            "`--markdown`": markdown,
            "`--from`": begin,
            "`--to`": end,
            "`--rebuild`": rebuild,
        }
        if any(given.values()):
            words = " and no ".join(name.removeprefix("a ") for name, value in given.items() if value)
            raise WrongUsage(f"`--refresh-only` plans nothing, and looks at all: it takes no {words}.")
        from vibepiper_cli.commands.refresh import refresh_only as tell

        return tell(Invocation.of(context, json=json), environment, detailed_exitcode=detailed_exitcode)
    from vibepiper_cli.asking import parse_asked
    from vibepiper_cli.commands.plan import plan

    return plan(
        Invocation.of(context, json=json),
        selection or [],
        environment,
        as_of=as_of,
        out=out,
        detailed_exitcode=detailed_exitcode,
        markdown=markdown,
        asked=parse_asked(begin, end, rebuild or ()),
    )
