"""Says how a source's columns differ from those of its published version."""

from __future__ import annotations

from collections.abc import Sequence

from vibepiper_interpreter.compile.compiled import Column
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic, Fix, Place


def columns_changed(
    address: Address, before: Sequence[Column], after: Sequence[Column], place: Place | None
) -> Diagnostic | None:
    """A warning VP503 that names what was removed, added and retyped; None where nothing was.

    It is no error: readers that need a removed column have their own, and the plan shows what is reached.
    """
    old = {column.name.casefold(): column for column in before}
    new = {column.name.casefold(): column for column in after}
    removed = [column.name for folded, column in old.items() if folded not in new]
    added = [column.name for folded, column in new.items() if folded not in old]
    retyped = [
        f"`{column.name}` was {old[folded].type} and is {column.type}"
        for folded, column in new.items()
        if folded in old and old[folded].type != column.type
    ]
    if not (removed or added or retyped):
        return None
    parts = []
    if removed:
        parts.append(f"removed {_listed(removed)}")
    if added:
        parts.append(f"added {_listed(added)}")
    parts += retyped
    return Diagnostic(
        "VP503",
        f"The files of `{address}` have other columns than its published version: {'; '.join(parts)}.",
        place,
        "warning",
        fix=Fix("Declare the columns that must be there; then a file without them is refused."),
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
