"""Starts the language server."""

from __future__ import annotations

from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.invocation import Invocation
from vibepiper_cli.version import VERSION
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError, Fix


def serve(invocation: Invocation) -> ExitStatus:
    """Until the editor closes it. Raises DiagnosticError (VP407) where the extra `lsp` is not installed."""
    try:
        from vibepiper_lsp.server import make_server
    except ImportError as error:
        raise DiagnosticError(
            Diagnostic(
                "VP407",
                f"`vp lsp` needs the package `{error.name}`, which is not installed here.",
                fix=Fix("Install it: `pip install 'vibepiper[lsp]'`."),
            )
        ) from error
    server = make_server(VERSION)
    try:
        server.start_io()
    finally:
        server.close()
    return ExitStatus.OK
