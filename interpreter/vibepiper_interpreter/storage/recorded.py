"""A version under other names: the same rows in the same files, by what they are called now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from vibepiper_interpreter.compile.build_settings import settings_under
from vibepiper_interpreter.compile.compiled import CompiledAsset
from vibepiper_interpreter.storage.slices import Built, Range
from vibepiper_interpreter.storage.version import Part, Version

ColumnNames = tuple[tuple[str, str], ...]  # before, after


def recorded_as(version: Version, asset: CompiledAsset, renames: ColumnNames = ()) -> Version:
    """`version` as one of `asset`, with columns renamed (before, after); its id, and what it was made from, stay."""
    return replace(_with_columns(version, renames), asset=asset)


def taken_by_slices(version: Version, ranges: Sequence[Range]) -> Version:
    """`version`, whose rows of these stretches of time, if there are any, are all that is read of it.

    How many that are nobody has counted.
    """
    if not ranges:
        return version
    return replace(
        version,
        parts=tuple(replace(part, ranges=tuple(ranges), carved=True) for part in version.parts),
        built=tuple(Built(each, version.id) for each in ranges),
        rows=None,
    )


def under_new_names(version: Version, renames: ColumnNames) -> Version:
    """`version` of the asset that it is of, whose columns had other names when it was made (before, after).

    Only of files can that be said; a view gives what its query says.
    """
    names = {before.casefold(): after for before, after in renames}
    if not names or not version.parts:
        return version
    settings = version.asset.settings
    settings = None if settings is None else settings_under(settings, names)
    return replace(_with_columns(version, renames), asset=replace(version.asset, settings=settings))


def _with_columns(version: Version, renames: ColumnNames) -> Version:
    names = {before.casefold(): after for before, after in renames}
    if not names:
        return version
    return replace(
        version,
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
