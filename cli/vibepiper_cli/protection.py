"""Protected environments take saved plans only: a verb that would plan and apply at once is refused before it plans."""

from __future__ import annotations

from vibepiper_cli.invocation import Invocation
from vibepiper_cli.options import DEFAULT_ENVIRONMENT
from vibepiper_cli.project import find_root
from vibepiper_interpreter.plan.protection import refuse_unsaved
from vibepiper_spec import load_settings
from vibepiper_spec.diagnostics import Fix


def require_no_review(invocation: Invocation, environment: str, save: str, apply: str) -> None:
    """VP607 for a protected environment; `save` and `apply` are the two commands to type instead."""
    fix = Fix(f"Save the plan with `{save}`; once it has been reviewed: `{apply}`")
    refuse_unsaved(environment, load_settings(find_root(invocation)), fix)


def chosen(environment: str) -> str:
    """The option that chooses an environment, as it would be typed."""
    return "" if environment == DEFAULT_ENVIRONMENT else f" --env {environment}"
