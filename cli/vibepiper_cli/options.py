"""Options that several verbs share, so that they read the same everywhere."""

from __future__ import annotations

from typing import Annotated

import typer

from vibepiper_cli.completions import complete_asset, complete_environment

DEFAULT_ENVIRONMENT = "dev"

EnvironmentOption = Annotated[
    str, typer.Option("--env", "-e", metavar="NAME", help="The environment.", autocompletion=complete_environment)
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
SelectionArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="SELECTION",
        show_default=False,
        help="Assets: `orders`, `shop.orders`, `orders+` (and its readers), `+orders` (and its inputs), `tag:x`, "
        "`pipeline:x`, `day*`. All, if none is given.",
        autocompletion=complete_asset,
    ),
]
