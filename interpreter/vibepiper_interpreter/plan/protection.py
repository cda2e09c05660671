"""Protected environments take only what somebody could look at: a saved plan, or the definitions that they show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vibepiper_interpreter.plan.plan import Action, Plan
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError, Fix

if TYPE_CHECKING:
    from vibepiper_spec.model.settings import ProjectSettings

# Why something is made that means what is published: its data are others, or are not there.
_OF_DATA = frozenset(
    ("source_files", "input_rebuilt", "input_moved", "slices", "always", "lost", "exists", "checks_unproven", "asked")
)
# Why a task is done again that was done as it is, and why one is that only watches others.
_OF_TASKS = frozenset(("came_after", "consequence", "teardown", "taken_down", "unpublished"))


def brings_definition(action: Action) -> bool:
    """Whether it changes what an asset means, rather than making what is published again from other data."""
    return any(reason.code not in _OF_DATA | _OF_TASKS for reason in action.reasons)


def require_saved(plan: Plan, settings: ProjectSettings, *, by_schedule: bool = False) -> None:
    """VP607 for a plan that `load_plan` has not read, where its environment is protected.

    `by_schedule`: nobody looks at it, so it may make again what was looked at when it was published, and nothing else.
    """
    if not plan.saved and not (by_schedule and not any(map(brings_definition, plan.actions))):
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
