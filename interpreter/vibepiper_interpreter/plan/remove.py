"""Sixth step: published assets that no spec declares any more."""

from __future__ import annotations

from dataclasses import replace

from vibepiper_interpreter.plan.draft import Draft, Planning
from vibepiper_interpreter.plan.plan import Reason


def remove(planning: Planning) -> None:
    """Add them at the end: what read them is changed before. Their definitions come from the state."""
    gone = [
        published
        for address, published in planning.published.items()
        if address not in planning.project.assets and (planning.selected is None or address in planning.selected)
    ]
    versions = planning.state.versions(published.id for published in gone)
    for published in gone:
        version = versions[published.id]
        planning.previous[published.address] = version
        # Its checks and inputs do not matter any more.
        asset = replace(version.asset, inputs=(), checks=(), check_inputs=())
        draft = Draft(asset, published, verb="remove")
        draft.own_reasons.append(Reason("removed", "no spec declares it any more"))
        planning.drafts[published.address] = draft
