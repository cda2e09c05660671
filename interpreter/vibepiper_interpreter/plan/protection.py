"""Protected environments take saved plans only: what is planned and applied in one go, nobody has looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vibepiper_interpreter.plan.plan import Plan
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError, Fix

if TYPE_CHECKING:
    from vibepiper_spec.model.settings import ProjectSettings


def require_saved(plan: Plan, settings: ProjectSettings) -> None:
    """VP607 for a plan that `load_plan` has not read, where its environment is protected."""
    if not plan.saved:
        fix = Fix("Save the plan, have it looked at, and apply what was loaded from the file.")
        refuse_unsaved(plan.environment, settings, fix)


def refuse_unsaved(environment: str, settings: ProjectSettings, fix: Fix) -> None:
    """The same for a plan that is not made yet."""
    if settings.is_protected(environment):
        raise DiagnosticError(
            Diagnostic(
                "VP607",
                f"`{environment}` only takes a saved plan, so that it can be looked at before it is applied. Nothing "
                "was done.",
                fix=fix,
            )
        )
