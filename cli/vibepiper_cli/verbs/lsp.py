"""`vp lsp`: the language server."""

from __future__ import annotations

import typer

from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.invocation import Invocation


def lsp(context: typer.Context) -> ExitStatus:
    """Serve an editor: mistakes as they are typed, fixes, outline, layout

    Editors start this, and speak with it over stdin and stdout by the Language Server Protocol. It needs the extra
    `lsp`. It looks at texts that are not saved yet.

    \b
    Example:
      vp lsp
    """
    from vibepiper_cli.commands.lsp import serve

    return serve(Invocation.of(context))
