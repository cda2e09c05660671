"""Seventh step: which checks have to run, on what is made and on what stays as it is."""

from __future__ import annotations

from collections.abc import Sequence

from vibepiper_interpreter.compile.compiled import CompiledAsset
from vibepiper_interpreter.plan.draft import Draft, Planning
from vibepiper_interpreter.plan.plan import Reason
from vibepiper_interpreter.state import Proof


def recheck(planning: Planning) -> None:
    """A version is proven by an audit of these very checks, over these very versions of what they read beside it."""
    for draft in planning.drafts.values():
        asset = draft.asset
        if not asset.checks or not _is_considered(planning, draft):
            continue
        if draft.found is not None:
            proofs = planning.state.proofs([draft.found.id]).get(draft.found.id, ())
            draft.checks = () if _why_unproven(planning, draft, proofs) is None else _all_of(asset)
            continue
        if draft.published is None:
            draft.checks = _all_of(asset)
            continue
        unproven = _why_unproven(planning, draft, planning.proofs.get(draft.published.id, ()))
        if draft.acts:
            draft.checks = _all_of(asset)
            # What a run made that did not come to its end has been put to no check; and where rows go that are in
            # no interval, those that stay are another table.
            draft.checks_new_rows = draft.verb == "fill" and unproven is None and draft.base is None and not draft.takes
            if draft.conditions and unproven is not None:
                draft.checks_if_kept = _all_of(asset)
                draft.input_reasons.append(unproven)
        elif unproven is not None:
            draft.verb = "recheck"
            draft.own_reasons.append(unproven)
            draft.checks = _all_of(asset)


def _all_of(asset: CompiledAsset) -> tuple[str, ...]:
    return tuple(check.id for check in asset.checks)


def _is_considered(planning: Planning, draft: Draft) -> bool:
    return draft.acts or (
        draft.published is not None and (planning.selected is None or draft.asset.address in planning.selected)
    )


def _why_unproven(planning: Planning, draft: Draft, proofs: Sequence[Proof]) -> Reason | None:
    asset = draft.asset
    these = [proof for proof in proofs if proof.checks_fingerprint == asset.checks_fingerprint]
    if not these:
        return (
            Reason("checks", "its checks changed")
            if proofs
            else Reason("checks_unproven", "its checks have not run on it yet")
        )
    if not these[0].passed:
        return Reason("checks_unproven", "its checks failed the last time")
    if not asset.check_inputs:
        return None
    read = {each.address: each.version_id for each in these[0].inputs}
    for address in asset.check_inputs:
        if address not in planning.drafts:
            continue
        if planning.drafts[address].makes and planning.current(address) != read.get(address):
            return Reason("input_rebuilt", f"`{address}`, which its checks read, may change")
        if read.get(address) != planning.drafts[address].keeps and not planning.drafts[address].makes:
            return Reason("input_moved", f"`{address}`, which its checks read, has changed since they ran")
    return None
