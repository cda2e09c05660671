"""How long each operator will probably take, from how long it took before; a sensor does not work, but wait."""

from __future__ import annotations

from statistics import median

from vibepiper_interpreter.estimate import Estimate
from vibepiper_interpreter.plan.draft import Planning


def estimate_operators(planning: Planning) -> None:
    drafts = {address: each for address, each in planning.operators.items() if not each.operator.waits}
    if not drafts:
        return
    results = (planning.operator_results.get((address, "")) for address in drafts)
    last_done = {result.run_id for result in results if result is not None}
    for address, seconds in planning.state.seconds_of_operators(drafts, last_done).items():
        band = (min(seconds), max(seconds)) if len(seconds) > 1 else None
        drafts[address].estimate = Estimate(None, None, round(median(seconds), 6), seconds_band=band)
