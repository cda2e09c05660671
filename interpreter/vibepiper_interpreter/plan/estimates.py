"""Tenth step: what each action will probably cost, from what earlier versions of the same asset took."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from vibepiper_interpreter.plan.draft import Planning
from vibepiper_interpreter.plan.plan import Estimate
from vibepiper_interpreter.state.records import Past


def estimate(planning: Planning) -> None:
    built = [
        draft for draft in planning.acting() if draft.verb in ("create", "rebuild") and draft.asset.build != "view"
    ]
    pasts = planning.state.pasts(draft.asset.address for draft in built)
    for draft in built:
        if past := pasts.get(draft.asset.address):
            draft.estimate = _learned(past)


def _learned(past: Sequence[Past]) -> Estimate:
    """Size as it was last; time as the middle of several, since a busy machine spoils a single one."""
    return Estimate(past[0].rows, past[0].bytes, round(median(each.seconds for each in past), 6))
