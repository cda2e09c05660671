"""`vp completion`: what a shell needs to complete verbs, options and asset names."""

from __future__ import annotations

from typing import Annotated, Literal

import typer
from typer.completion import shell_complete

from vibepiper_cli.app import COMPLETION_VARIABLE
from vibepiper_cli.exit_status import ExitStatus


def completion(
    context: typer.Context,
    shell: Annotated[
        Literal["bash", "zsh", "fish", "powershell"],
        typer.Argument(metavar="SHELL", help="bash, zsh, fish or powershell."),
    ],
) -> ExitStatus:
    """Print the completion script for a shell

    Completes verbs, options, environments, and the names of the project's assets.

    \b
    Example:
      source <(vp completion bash)                             # now
      vp completion bash > ~/.local/share/bash-completion/completions/vp
      vp completion zsh > ~/.zfunc/_vp
      vp completion fish > ~/.config/fish/completions/vp.fish
    """
    shell_complete(context.find_root().command, {}, "vp", COMPLETION_VARIABLE, f"source_{shell}")
    return ExitStatus.OK
