"""Files that were made elsewhere and become a version: whether they fit, and what the version is known by."""

from __future__ import annotations

from collections.abc import Sequence

from vibepiper_interpreter.compile.compiled import Column, CompiledAsset
from vibepiper_interpreter.storage.version import InputVersion, SourceFile
from vibepiper_interpreter.storage.version_key import version_key
from vibepiper_spec.diagnostics import Diagnostic, Fix


def adopted_key(asset: CompiledAsset, inputs: Sequence[InputVersion], files: Sequence[SourceFile]) -> str:
    """Of the content of the files as well: it is not what making it from these inputs would give for certain."""
    return version_key(asset, inputs, (), [f"adopted {number} {file.sha256}" for number, file in enumerate(files)])


def differences(asset: CompiledAsset, columns: Sequence[Column]) -> tuple[str, ...]:
    """What is otherwise in the files than in the asset, a sentence each; what only a run would tell is not judged."""
    wanted = {column.name.casefold(): column for column in asset.columns}
    there = {column.name.casefold(): column for column in columns}
    if not wanted:
        return ()
    found = [f"`{wanted[name].name}` is not in the files" for name in wanted if name not in there]
    found += [
        f"`{there[name].name}` is in the files, and no column of the asset" for name in there if name not in wanted
    ]
    for name in wanted.keys() & there.keys():
        if wanted[name].type and wanted[name].type != there[name].type:
            found.append(
                f"`{wanted[name].name}` is {there[name].type} in the files, and {wanted[name].type} in the asset"
            )
    if not found and [column.name for column in asset.columns] != [column.name for column in columns]:
        listed = ", ".join(f"`{column.name}`" for column in columns)
        found.append(f"the columns stand in another order, or are spelled otherwise, in the files: {listed}")
    return tuple(sorted(found))


def do_not_fit(asset: CompiledAsset, found: Sequence[str]) -> Diagnostic:
    return Diagnostic(
        "VP532",
        f"The files cannot become a version of `{asset.address}`: their columns are not those of the asset. Nothing of "
        "them was taken over.",
        notes=tuple(found),
        fix=Fix(
            "Make the asset give the columns that the files have, or declare the files as a `[source.file]` and let "
            "the asset select from it what it needs."
        ),
    )
