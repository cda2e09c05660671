"""A source that adds files goes on from where another environment is, if that one has read more of the same files.

So what was read there in several deliveries comes here in the same ones, in the same order, and is not read again.
"""

from __future__ import annotations

from vibepiper_interpreter.compile.build_settings import Append
from vibepiper_interpreter.plan.draft import Draft, Planning
from vibepiper_interpreter.plan.plan import Reason
from vibepiper_interpreter.state import Confirmed


def go_on_from_elsewhere(planning: Planning, draft: Draft) -> None:
    """Let `draft`, of which no version is just what is wanted, begin with what another environment shows."""
    asset, published = draft.asset, draft.published
    if asset.kind != "source" or not isinstance(asset.settings, Append) or published is None or not draft.goes_on:
        return
    if asset.cursor is not None and asset.cursor.column is not None:
        return  # which rows were new hangs on what was there when they came
    there_id = planning.right_elsewhere.get(Confirmed.of(asset, ()))
    if len(draft.source_files) < 2 or there_id is None or there_id == published.id:
        return
    versions = planning.state.versions([published.id, there_id])
    if versions.keys() != {published.id, there_id} or not planning.storage_has(versions[there_id]):
        return
    here, there = versions[published.id], versions[there_id]
    read = {(file.path, file.sha256) for file in there.source_files}
    wanted = {(file.path, file.sha256) for file in (*published.source_files, *draft.source_files)}
    if not read <= wanted or not {part.path for part in here.parts} < {part.path for part in there.parts}:
        return
    left = tuple(file for file in draft.source_files if (file.path, file.sha256) not in read)
    many = len(draft.source_files) - len(left)
    words = f"{'1 of them was' if many == 1 else f'{many:,} of them were'} read already, by another environment"
    draft.own_reasons.append(Reason("source_files", f"{words}: it goes on from there"))
    draft.base, draft.source_files = there, left
