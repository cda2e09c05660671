"""Sixth step: what a change of columns breaks, and whether the asset has promised that it will not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from vibepiper_interpreter.compile.compiled import CompiledAsset
from vibepiper_interpreter.plan.draft import Draft, Planning
from vibepiper_interpreter.plan.flow import Columns
from vibepiper_interpreter.plan.plan import Break
from vibepiper_interpreter.storage.version import Version
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError, Fix, Place, Range


def hold_to_contracts(planning: Planning) -> None:
    """Note what breaks. VP718 for every asset whose contract does not allow what would be published of it."""
    refused = []
    for draft in planning.acting():
        if draft.published is None or not (draft.column_changes or draft.renames):
            continue
        draft.breaks = tuple(_breaks(planning, draft))
        added = [change.name for change in draft.column_changes if change.change == "added"]
        if draft.asset.contract and (draft.breaks or (draft.asset.contract == "freeze" and added)):
            refused.append(_refusal(planning, draft, added))
    if refused:
        raise DiagnosticError(refused)


def _breaks(planning: Planning, draft: Draft) -> Iterator[Break]:
    """Columns that are not there any more as they were published, and who uses them."""
    changed = [
        (change.name, f"removed, {change.before}") for change in draft.column_changes if change.change == "removed"
    ]
    changed += [
        (change.name, f"{change.before} → {change.after}") for change in draft.column_changes if change.change == "type"
    ]
    changed += [(before, f"renamed to `{after}`") for before, after in draft.renames]
    if not changed:
        return
    readers = _published_readers(planning, draft)
    for name, words in changed:
        used_by = tuple(sorted(address for address, used in readers.items() if used is None or name.casefold() in used))
        yield Break(name, words, used_by, tuple(_felt_in(planning, draft, name)))


def _published_readers(planning: Planning, draft: Draft) -> dict[Address, set[str] | None]:
    """By address: the columns that each published reader uses, as it is published. None: all."""
    names = {draft.asset.address, draft.moved_from or draft.asset.address}
    ids = [each.id for each in planning.shown.values() if any(read.address in names for read in each.inputs)]
    found: dict[Address, set[str] | None] = {}
    for version in planning.state.versions(ids).values():
        found[version.address] = _used(version, names)
    return found


def _used(version: Version, names: Iterable[Address]) -> set[str] | None:
    used: set[str] = set()
    for read in version.asset.inputs:
        if read.address in names:
            if read.columns is None:
                return None
            used.update(column.casefold() for column in read.columns)
    return used


def _felt_in(planning: Planning, draft: Draft, name: str) -> Iterator[str]:
    """`shop.daily.amount`: the columns of today's readers that are made of this one."""
    changed = {draft.asset.address: Columns.of([name])}
    for reader in planning.readers.get(draft.asset.address, ()):
        asset: CompiledAsset = planning.project.assets[reader]
        felt = planning.flow.through(asset, changed)
        for column in asset.columns:
            if felt.names is not None and column.name.casefold() in felt.names:
                yield f"{reader}.{column.name}"


def _refusal(planning: Planning, draft: Draft, added: list[str]) -> Diagnostic:
    asset = draft.asset
    notes = [f"`{each.column}`: {each.words}{_users(each)}" for each in draft.breaks]
    if asset.contract == "freeze":
        notes += [f"`{name}`: added" for name in added]
        promise = "its columns and types are frozen"
    else:
        promise = "columns may only be added to it"
    return Diagnostic(
        "VP718",
        f"`{asset.address}` has the contract `{asset.contract}`: {promise}. What the specs say now differs from what "
        f"`{planning.environment}` shows. Nothing was planned.",
        Place(asset.declared_in, Range.at(asset.declared_at_line, 1)),
        notes=tuple(notes),
        fix=Fix(
            "Give the columns back, under their names and types of then; new ones may stand in an asset of their own. "
            "Where the change is agreed with all who read it, take the contract away for one apply, so that it is "
            "reviewed as what it is."
        ),
    )


def _users(found: Break) -> str:
    """`, which `shop.daily` uses`; nothing where no asset does."""
    users = ", ".join(f"`{address}`" for address in found.used_by)
    if not users:
        return ""
    felt = ", ".join(f"`{column}`" for column in found.felt_in)
    return f"; used by {users}" + (f" (in {felt})" if felt else "")
