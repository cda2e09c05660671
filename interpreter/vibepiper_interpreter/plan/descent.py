"""Which versions go on with which: one that has another one's rows, under whatever names, and what came since."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vibepiper_interpreter.connectors.file.new_files import key_of_more
from vibepiper_interpreter.storage.version_key import continues, records, version_key

if TYPE_CHECKING:
    from vibepiper_interpreter.state import State
    from vibepiper_interpreter.storage.version import Version

_LOOKED_AT = 1_000  # versions of one asset


def descends(state: State, version_id: str, ancestor: str | None) -> bool:
    """Whether a version is `ancestor`, or goes on with it by way of versions that are all still known.

    Nothing of what `ancestor` holds is lost where it takes that one's place. A version's key says what it continues,
    and as a hash it can only be asked about each version that there is.
    """
    version = state.versions([version_id]).get(version_id)
    if version is None or ancestor is None:
        return False
    past = state.history(version.address, _LOOKED_AT)
    seen = set()
    while version is not None and version.id != ancestor and version.id not in seen:
        seen.add(version.id)
        child = version
        version = next((each for each in past if _follows(child, each)), None)
    return version is not None and version.id == ancestor


def _follows(child: Version, version: Version) -> bool:
    if child.asset.kind == "source":
        # What a source has read last is what its list of files says otherwise; of a history, all of them.
        last = tuple(file for file in child.source_files if file not in version.source_files)
        steps = (last, child.source_files)
        if child.key in (key_of_more(child.asset, version.id, version.source_files, files) for files in steps):
            return True
    return child.key in (
        version_key(child.asset, child.inputs, child.source_files, (more,))
        for more in (continues(version.id), records(version.key))
    )
