"""Before anything is compared: versions that another version of this code has made are fingerprinted anew.

The state keeps the definition of every version. What one means does not change by an upgrade, only the hash of it: so
after an upgrade the first plan that finds a difference writes today's hashes, and then nothing differs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from vibepiper_interpreter.compile.compiled import Column, CompiledAsset, CompiledProject
from vibepiper_interpreter.compile.fingerprint_code import fingerprint_code
from vibepiper_interpreter.state import Published
from vibepiper_interpreter.storage.version import InputVersion, Version
from vibepiper_interpreter.storage.version_key import version_key
from vibepiper_spec.address import Address

if TYPE_CHECKING:
    from vibepiper_interpreter.state import State

_AT_ONCE = 500  # versions


def bring_up_to_date(project: CompiledProject, state: State, published: Mapping[Address, Published]) -> bool:
    """Give all versions of the state today's fingerprints and keys; tells whether any had others.

    Where every asset is published with the fingerprint it has, nobody asks for another, and nothing is done.
    """
    if all(
        (known := published.get(address)) is not None and known.fingerprint == asset.fingerprint
        for address, asset in project.assets.items()
    ):
        return False
    outdated = state.ids_of_other_code(fingerprint_code())
    for start in range(0, len(outdated), _AT_ONCE):
        state.refresh(_refreshed(project, state, outdated[start : start + _AT_ONCE]))
    return bool(outdated)


def _refreshed(project: CompiledProject, state: State, ids: Iterable[str]) -> list[Version]:
    # They bring in the engine, and come into play once in an upgrade.
    from vibepiper_interpreter.compile.refingerprint import refingerprint
    from vibepiper_interpreter.engines.duckdb.session import SessionSettings, connect

    versions = state.versions(ids)
    confirmed = state.confirmed_inputs(versions)
    reads = {version_id: (*version.inputs, *confirmed.get(version_id, ())) for version_id, version in versions.items()}
    inputs = state.versions(read.version_id for each in reads.values() for read in each)
    refreshed = []
    with connect(SessionSettings(threads=1)) as connection:
        for version_id, version in versions.items():
            schemas = _schemas(reads[version_id], inputs)
            asset = refingerprint(version.asset, schemas, project.assets.get(version.address), connection)
            refreshed.append(replace(version, asset=asset, key=_key(version, asset)))
    return refreshed


def _key(version: Version, asset: CompiledAsset) -> str:
    """The key of `version` by what `asset`, the same in today's hashes, means.

    One that has more in its key (what it goes on with, a backfill that is not over) gets one of its own, and not that
    of a table that is made of these inputs from nothing.
    """
    plain = version.key == version_key(version.asset, version.inputs, version.source_files)
    more = () if plain else (f"was {version.key}",)
    return version_key(asset, version.inputs, version.source_files, more)


def _schemas(reads: Iterable[InputVersion], inputs: Mapping[str, Version]) -> dict[Address, tuple[Column, ...]]:
    """The columns of what a version was made from; where that is forgotten, of what it is confirmed to be right for."""
    found: dict[Address, tuple[Column, ...]] = {}
    for read in reads:
        if read.version_id in inputs:
            found.setdefault(read.address, inputs[read.version_id].columns)
    return found
