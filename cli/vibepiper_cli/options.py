"""Options that several verbs share, so that they read the same everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from vibepiper_cli.completions import complete_asset, complete_environment

DEFAULT_ENVIRONMENT = "dev"

EnvironmentOption = Annotated[
    str, typer.Option("--env", "-e", metavar="NAME", help="The environment.", autocompletion=complete_environment)
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
OutOption = Annotated[
    Path | None,
    typer.Option("-o", "--out", metavar="FILE", show_default=False, help="Save the plan, for `vp apply FILE`."),
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
WorkersOption = Annotated[
    int | None,
    typer.Option(
        "--workers", "-w", min=1, metavar="N", show_default=False, help="Tasks at once.  [default: as in vp.toml]"
    ),
]
ExecutorOption = Annotated[
    Literal["threads", "processes", "ray", "inline"] | None,
    typer.Option(
        "--executor",
        metavar="KIND",
        show_default=False,
        help="Where tasks run: threads, processes, ray, or inline, one after the other.  [default: as in vp.toml]",
    ),
]
WaitOption = Annotated[
    str, typer.Option(metavar="DURATION", help="Wait so long for another apply to end: 30s, 10m, 1h.")
]
FromOption = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="TIME",
        show_default=False,
        help="Build only intervals from this one on: `2024-01-01`, `2024-01-01T08:00`.",
    ),
]
ToOption = Annotated[
    str | None, typer.Option("--to", metavar="TIME", show_default=False, help="Build only intervals before this time.")
]
RebuildOption = Annotated[
    list[str] | None,
    typer.Option(
        "--rebuild",
        metavar="ASSET",
        show_default=False,
        help="Make it anew, though nothing has changed; of intervals those between --from and --to.",
        autocompletion=complete_asset,
    ),
]
RunArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="RUN",
        show_default=False,
        help="As listed by `vp runs`; its first letters are enough. The last one, if none is given.",
    ),
]
RunEnvironmentOption = Annotated[
    str | None,
    typer.Option(
        "--env",
        "-e",
        metavar="NAME",
        show_default=False,
        help="The environment.  [default: that of RUN, or dev]",
        autocompletion=complete_environment,
    ),
]
EventsOption = Annotated[
    str | None,
    typer.Option(
        "--events",
        metavar="FILE",
        show_default=False,
        help="Write everything that happens to FILE as it happens, a JSON object a line; `-` is stdout.",
    ),
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No plan, no progress: only the result.")]
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
