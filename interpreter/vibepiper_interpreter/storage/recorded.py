"""A version as it is recorded anew: the same rows in the same files, by what the specs say of the asset now."""

from __future__ import annotations

from dataclasses import replace

from vibepiper_interpreter.compile.compiled import CompiledAsset
from vibepiper_interpreter.storage.version import Version


def recorded_as(version: Version, asset: CompiledAsset) -> Version:
    """`version` with the definition of `asset`; its id, and what it was made from, are as they were."""
    return replace(version, asset=asset)
