"""A version as it is recorded anew: the same rows in the same files, by what the specs say of the asset now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from vibepiper_interpreter.compile.compiled import CompiledAsset
from vibepiper_interpreter.storage.version import Part, Version


def recorded_as(version: Version, asset: CompiledAsset, renames: Iterable[tuple[str, str]] = ()) -> Version:
    """`version` as one of `asset`, with columns renamed (before, after); its id, and what it was made from, stay."""
    names = {before.casefold(): after for before, after in renames}
    if not names:
        return replace(version, asset=asset)
    return replace(
        version,
        asset=asset,
        columns=tuple(replace(each, name=names.get(each.name.casefold(), each.name)) for each in version.columns),
        parts=tuple(_renamed(part, names) for part in version.parts),
    )


def _renamed(part: Part, names: Mapping[str, str]) -> Part:
    """The file keeps the names it was written with; what is known of its columns is told by the new ones."""
    written = {here.casefold(): there for there, here in part.renames}
    renames = [(there, names.get(here.casefold(), here)) for there, here in part.renames]
    renames += [(before, after) for before, after in names.items() if before not in written]
    return replace(
        part,
        renames=tuple((there, here) for there, here in renames if there != here),
        statistics=tuple(replace(each, name=names.get(each.name.casefold(), each.name)) for each in part.statistics),
    )
