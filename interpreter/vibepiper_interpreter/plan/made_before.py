"""Whether what is wanted was made before: by this environment or another, from these inputs or ones just as good."""

from __future__ import annotations

from collections.abc import Sequence

from vibepiper_interpreter.compile.compiled import CompiledAsset
from vibepiper_interpreter.connectors.file.new_files import key_of_more
from vibepiper_interpreter.plan.draft import Draft, Planning
from vibepiper_interpreter.plan.news import reads_only_news
from vibepiper_interpreter.plan.partitions import has_all_partitions, take_up
from vibepiper_interpreter.plan.read_elsewhere import go_on_from_elsewhere
from vibepiper_interpreter.plan.slices import has_all_slices
from vibepiper_interpreter.state import Confirmed
from vibepiper_interpreter.storage.version import InputVersion, Version
from vibepiper_interpreter.storage.version_key import version_key


def made_before(planning: Planning, draft: Draft) -> Version | None:
    """A version that was made of exactly this meaning and these inputs before, and can still be read."""
    if draft.asset.rebuild_always or draft.restated:
        return None
    inputs = planning.current_inputs(draft)
    if inputs is None:
        return None
    if planning.promotes is not None and (wanted := planning.promotes.wanted(draft, inputs)) is not None:
        # Even if it fails the checks here: made again it would be another one than was looked at there.
        return planning.state.versions([wanted]).get(wanted)
    version_id = _made_of(planning, draft, inputs)
    version = None if version_id is None else planning.state.versions([version_id]).get(version_id)
    if version is None or not _readable(planning, version) or not _has_all(draft, version):
        take_up(planning, draft, inputs)
        go_on_from_elsewhere(planning, draft)
        return None
    if not draft.reproducible and _failed_these_checks(planning, draft.asset, version.id):
        return None  # made again it may come out better
    return version


def _made_of(planning: Planning, draft: Draft, inputs: Sequence[InputVersion]) -> str | None:
    """The version with the key that it would have, or one that another environment shows for the same inputs."""
    version_id = planning.id_by_key(_key(draft, inputs))
    if version_id is not None and not draft.replays:
        return version_id
    # Not made from these inputs, but kept for them: they came out equal in what it uses.
    elsewhere = planning.right_elsewhere.get(Confirmed.of(draft.asset, inputs)) if inputs else None
    if elsewhere is not None and (not draft.continues or planning.state.descends(elsewhere, draft.keeps)):
        # Of what goes on with what was there, that one comes first where it begins here: it has a past.
        return elsewhere
    return version_id


def _key(draft: Draft, inputs: Sequence[InputVersion]) -> str:
    if draft.goes_on and draft.published is not None and reads_only_news(draft.asset):
        before = draft.published
        return key_of_more(draft.asset, before.id, before.source_files, draft.source_files)
    return version_key(draft.asset, inputs, draft.source_files, draft.continues)


def _has_all(draft: Draft, version: Version) -> bool:
    return has_all_slices(draft, version) and has_all_partitions(draft, version)


def _readable(planning: Planning, version: Version) -> bool:
    if version.parts:
        return planning.storage_has(version)
    if version.asset.build == "table" or version.asset.kind == "source":
        return True
    # A view of exactly these inputs: they are what the environment points to, or will.
    shown = planning.state.versions(read.version_id for read in version.inputs)
    return len(shown) == len(version.inputs) and all(_readable(planning, each) for each in shown.values())


def _failed_these_checks(planning: Planning, asset: CompiledAsset, version_id: str) -> bool:
    proofs = planning.state.proofs([version_id]).get(version_id, ())
    return any(not proof.passed and proof.checks_fingerprint == asset.checks_fingerprint for proof in proofs)
