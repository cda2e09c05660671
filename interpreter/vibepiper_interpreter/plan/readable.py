"""Which versions can still be read: their files are there, and those of whatever a view among them shows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from vibepiper_interpreter.plan.draft import StorageHas
from vibepiper_interpreter.storage.version import InputVersion, SourceFile, Version

if TYPE_CHECKING:
    from vibepiper_interpreter.state import State

# Whether files that are read in place are what they were.
FilesUnchanged = Callable[[Sequence[SourceFile]], bool]


def unreadable(
    version_ids: Iterable[str], state: State, storage_has: StorageHas, files_unchanged: FilesUnchanged
) -> set[str]:
    """Those of `version_ids` that cannot be read any more."""
    wanted = set(version_ids)
    known = with_all_they_show(wanted, state)
    verdicts: dict[str, bool] = {}

    def can_be_read(version_id: str) -> bool:
        if version_id not in verdicts:
            version = known.get(version_id)
            verdicts[version_id] = (
                version is not None
                and storage_has(version)
                and (not _is_in_place(version) or files_unchanged(version.source_files))
                and all(can_be_read(read.version_id) for read in _shown(version))
            )
        return verdicts[version_id]

    return {version_id for version_id in wanted if not can_be_read(version_id)}


def with_all_they_show(version_ids: Iterable[str], state: State) -> dict[str, Version]:
    """These versions by id, and those that the views among them read; unknown ones are left out."""
    known: dict[str, Version] = {}
    waiting = asked = set(version_ids)
    while waiting:
        found = state.versions(waiting)
        known |= found
        waiting = {read.version_id for version in found.values() for read in _shown(version)} - asked
        asked = asked | waiting
    return known


def _shown(version: Version) -> tuple[InputVersion, ...]:
    """What a view reads whenever it is read; a table holds its rows itself."""
    return version.inputs if version.asset.build == "view" else ()


def _is_in_place(version: Version) -> bool:
    return version.asset.kind == "source" and version.asset.build == "view"
