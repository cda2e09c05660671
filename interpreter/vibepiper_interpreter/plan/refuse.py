"""After the third step: stop where what would have to be done must not be done unasked."""

from __future__ import annotations

from vibepiper_interpreter.plan.draft import Planning
from vibepiper_spec.diagnostics import DiagnosticError


def refuse(planning: Planning) -> None:
    """Raise what was found against assets that are to be made. Who asks for an asset to be made anew has decided."""
    problems = [problem for draft in planning.acting() if not draft.restated for problem in draft.problems]
    if problems:
        raise DiagnosticError(problems)
