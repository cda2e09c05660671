"""Protected environments: they take saved plans only, so a verb that would plan and apply at once is refused."""

from __future__ import annotations

from vibepiper_cli.invocation import Invocation
from vibepiper_cli.options import DEFAULT_ENVIRONMENT
from vibepiper_cli.project import find_root
from vibepiper_spec import load_settings
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError, Fix


def require_no_review(invocation: Invocation, environment: str, save: str, apply: str) -> None:
    """VP607 for a protected environment; `save` and `apply` are the two commands to type instead."""
    declared = load_settings(find_root(invocation)).environment.get(environment)
    if declared is None or not declared.protected:
        return
    raise DiagnosticError(
        Diagnostic(
            "VP607",
            f"`{environment}` only takes a saved plan, so that it can be looked at before it is applied. Nothing was "
            "done.",
            fix=Fix(f"Save the plan with `{save}`; once it has been reviewed: `{apply}`"),
        )
    )


def chosen(environment: str) -> str:
    """The option that chooses an environment, as it would be typed."""
    return "" if environment == DEFAULT_ENVIRONMENT else f" --env {environment}"
