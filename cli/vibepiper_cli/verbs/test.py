"""`vp test`: does what assets give for rows that are written down."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vibepiper_cli.completions import complete_asset
from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.invocation import Invocation
from vibepiper_cli.options import DEFAULT_ENVIRONMENT, EnvironmentOption, JsonOption, WorkersOption


def test(
    context: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[WHAT]...",
            show_default=False,
            help="Tests, or assets whose tests are meant; `new ASSET` writes one. All if not set.",
            autocompletion=complete_asset,
        ),
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Also those that passed, and nothing has changed since.")
    ] = False,
    environment: EnvironmentOption = DEFAULT_ENVIRONMENT,
    workers: WorkersOption = None,
    rows: Annotated[
        int, typer.Option("--rows", min=1, metavar="N", help="With `new`: how many rows of the first input.")
    ] = 3,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", metavar="FILE", show_default=False, help="With `new`: write it into a new file."),
    ] = None,
    json: JsonOption = False,
) -> ExitStatus:
    """Try assets over the rows that their tests give, and make nothing

    Runs the tests (`[test.NAME]`) that the last change reaches: those that passed are not run again as long as neither
    they nor what they test has changed. Exits with 1 where one fails. `vp test new ASSET` writes a test from rows that
    are published.

    \b
    Example:
      vp test
      vp test daily_revenue --all
      vp test new daily_revenue --out tests/daily_revenue.vp.toml
    """
    invocation = Invocation.of(context, json=json)
    if words and words[0] == "new":
        from vibepiper_cli.commands.new_test import new_test

        return new_test(invocation, words[1:], environment, rows, out)
    from vibepiper_cli.commands.test import run

    return run(invocation, words or [], environment, workers, every=every)
