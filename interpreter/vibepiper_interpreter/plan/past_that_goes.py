"""After deciding: of what holds rows that nothing else holds any more, whether an action lets go of them."""

from __future__ import annotations

from vibepiper_interpreter.compile.build_settings import Append, replays
from vibepiper_interpreter.compile.compiled import CompiledAsset
from vibepiper_interpreter.plan.draft import Draft, Planning
from vibepiper_interpreter.plan.plan import Reason
from vibepiper_interpreter.storage.version import Version


def tell_past_that_goes(planning: Planning) -> None:
    """Nobody loses such rows without having been told in the plan; `vp undo` points to them again."""
    for draft in planning.acting():
        if draft.published is None or not _has_past(_as_published(planning, draft)):
            continue
        if draft.verb == "rebuild":
            what = "its files hold" if draft.asset.kind == "source" else "its inputs hold"
            words = f"from what {what} now: what came before, and is in them no more, is then gone"
        elif draft.verb == "repoint" and draft.found is not None and not _goes_on_there(planning, draft, draft.found):
            words = "what it has kept, and that version has not, is then gone"
        else:
            continue
        draft.own_reasons.append(Reason("past", words))


def _as_published(planning: Planning, draft: Draft) -> CompiledAsset:
    """What the asset was when its version was made: where its meaning changed, that may have been something else."""
    version = planning.previous.get(draft.asset.address)
    return draft.asset if version is None else version.asset


def _has_past(asset: CompiledAsset) -> bool:
    """Whether a table holds more than what it is made from tells now. What a source has read stays in every mode."""
    return asset.settings is not None if asset.kind == "source" else replays(asset.settings)


def _goes_on_there(planning: Planning, draft: Draft, found: Version) -> bool:
    """Whether `found` is what is published, with what came since."""
    assert draft.keeps is not None
    if found.id == draft.keeps:
        return True
    here = planning.state.versions([draft.keeps])[draft.keeps]
    if {part.path for part in here.parts} <= {part.path for part in found.parts}:
        return True
    if draft.asset.kind == "source" and _adds_files(draft.asset):
        read = {(file.path, file.sha256) for file in found.source_files}
        return all((file.path, file.sha256) in read for file in here.source_files)
    return planning.state.descends(found.id, draft.keeps)


def _adds_files(asset: CompiledAsset) -> bool:
    """Whether each file is read once, and its rows added: then the files alone say which rows there are."""
    return isinstance(asset.settings, Append) and (asset.cursor is None or asset.cursor.column is None)
