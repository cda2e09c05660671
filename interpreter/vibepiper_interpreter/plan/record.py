"""Fourth step: what stays as it is, row by row, but has to be recorded anew as the specs say it now."""

from __future__ import annotations

from collections.abc import Sequence

from vibepiper_interpreter.plan.draft import Draft, Planning
from vibepiper_interpreter.state import Confirmed
from vibepiper_interpreter.storage.version import InputVersion
from vibepiper_interpreter.storage.version_key import version_key


def record(planning: Planning) -> None:
    """Give the verb to drafts that nothing else is done to; readers of what is recorded stay right for it."""
    for draft in planning.drafts.values():
        if not draft.record_reasons or draft.acts:
            continue
        draft.verb = "record"
        _look_for_recorded(planning, draft)
        for reader in planning.readers.get(draft.asset.address, ()):
            if not planning.drafts[reader].acts:
                planning.drafts[reader].carried += (draft.asset.address,)


def _look_for_recorded(planning: Planning, draft: Draft) -> None:
    """Another environment may have recorded the same already: then it is only pointed to."""
    inputs = planning.current_inputs(draft)
    if inputs is None:
        return
    version_id = _recorded(planning, draft, inputs)
    found = None if version_id is None else planning.state.versions([version_id]).get(version_id)
    if found is not None and planning.storage_has(found):
        draft.verb, draft.found = "repoint", found


def _recorded(planning: Planning, draft: Draft, inputs: Sequence[InputVersion]) -> str | None:
    if draft.asset.settings is None:
        return planning.id_by_key(version_key(draft.asset, inputs, draft.source_files))
    # What is built bit by bit does not follow from its inputs: only what was recorded of this very one has its rows.
    elsewhere = planning.right_elsewhere.get(Confirmed.of(draft.asset, inputs))
    return elsewhere if elsewhere is not None and planning.state.descends(elsewhere, draft.keeps) else None
