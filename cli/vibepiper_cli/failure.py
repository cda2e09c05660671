"""A verb that ends in diagnostics: shows them and picks the exit status."""

from __future__ import annotations

from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.invocation import Invocation
from vibepiper_cli.views.diagnostics import show_diagnostics
from vibepiper_spec.diagnostics import DiagnosticError

# What is wrong stands on the command line, not in the project.
_WRONG_USAGE_CODES = frozenset({"VP111", "VP207", "VP601", "VP707"})


class WrongUsage(Exception):
    """What was typed cannot be done; the message says why, and what could be typed."""


class BadSpecs(DiagnosticError):
    """The project cannot be loaded or compiled; carries every diagnostic there is, warnings included."""


def show_failure(error: DiagnosticError, invocation: Invocation) -> int:
    show_diagnostics(error.diagnostics, invocation)
    if invocation.json and not invocation.printer.has_data:
        invocation.printer.json({"diagnostics": [diagnostic.to_json() for diagnostic in error.diagnostics]})
    return _status(error)


def show_error_json(message: str, invocation: Invocation) -> None:
    """For errors without a code. Who asked for JSON gets one document, however the verb ends."""
    if invocation.json and not invocation.printer.has_data:
        invocation.printer.json({"error": message, "diagnostics": []})


def _status(error: DiagnosticError) -> ExitStatus:
    codes = {diagnostic.code for diagnostic in error.diagnostics if diagnostic.severity == "error"}
    if codes and codes <= _WRONG_USAGE_CODES:
        return ExitStatus.WRONG_USAGE
    return ExitStatus.BAD_SPECS if isinstance(error, BadSpecs) else ExitStatus.FAILED
