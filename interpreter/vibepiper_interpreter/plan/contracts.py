"""Sixth step: what a change of columns breaks, and whether the asset has promised that it will not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from vibepiper_interpreter.compile.compiled import CompiledAsset, Contract
from vibepiper_interpreter.compile.wider import holds_every_value
from vibepiper_interpreter.plan.draft import Draft, Planning
from vibepiper_interpreter.plan.flow import Columns
from vibepiper_interpreter.plan.plan import Break, ColumnChange
from vibepiper_interpreter.storage.version import Version
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError, Fix, Place, Range

# What is said of columns and of types.
_PROMISES = {
    ("freeze", "freeze"): "its columns and types are frozen",
    ("freeze", "evolve"): "its columns are frozen, and their types may only get wider",
    ("freeze", ""): "its columns are frozen, and their types are free",
    ("evolve", "freeze"): "columns may only be added to it, and types are frozen",
    ("evolve", "evolve"): "columns may only be added to it, and types may only get wider",
    ("evolve", ""): "columns may only be added to it, and types are free",
    ("", "freeze"): "the types of its columns are frozen",
    ("", "evolve"): "the types of its columns may only get wider",
}


def hold_to_contracts(planning: Planning) -> None:
    """Note what breaks. VP718 for every asset whose contract does not allow what would be published of it."""
    refused = []
    for draft in planning.acting():
        if draft.published is None or not (draft.column_changes or draft.renames):
            continue
        draft.breaks = tuple(_breaks(planning, draft))
        if draft.asset.contract is not None and (breaches := _breaches(draft, draft.asset.contract)):
            refused.append(_refusal(planning, draft, draft.asset.contract, breaches))
    if refused:
        raise DiagnosticError(refused)


def _breaks(planning: Planning, draft: Draft) -> Iterator[Break]:
    """Columns that are not there any more as they were published, and who uses them."""
    changed = [
        (change.name, f"removed, {change.before}") for change in draft.column_changes if change.change == "removed"
    ]
    changed += [(change.name, _types(change)) for change in draft.column_changes if _is_another_type(change)]
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


def _types(change: ColumnChange) -> str:
    return f"{change.before} → {change.after}"


def _is_another_type(change: ColumnChange) -> bool:
    """Whether it is one that does not hold all that the one of before held."""
    return change.change == "type" and not holds_every_value(change.after or "", of=change.before or "")


def _breaches(draft: Draft, contract: Contract) -> list[str]:
    """What the contract does not allow, a line each."""
    by_type = {change.name for change in draft.column_changes if change.change == "type"}
    found = [
        f"`{each.column}`: {each.words}{_users(each)}"
        for each in draft.breaks
        if (contract.types if each.column in by_type else contract.columns)
    ]
    for change in draft.column_changes:
        if change.change == "type" and contract.types == "freeze" and not _is_another_type(change):
            found.append(f"`{change.name}`: {_types(change)}")
        elif change.change == "added" and contract.columns == "freeze":
            found.append(f"`{change.name}`: added")
    return found


def _refusal(planning: Planning, draft: Draft, contract: Contract, breaches: list[str]) -> Diagnostic:
    asset, promise = draft.asset, _PROMISES[contract.columns, contract.types]
    return Diagnostic(
        "VP718",
        f"`{asset.address}` has the contract `{_written(contract)}`: {promise}. What the specs say now differs from "
        f"what `{planning.environment}` shows. Nothing was planned.",
        Place(asset.declared_in, Range.at(asset.declared_at_line, 1)),
        notes=tuple(breaches),
        fix=Fix(" ".join(_advice(draft, contract))),
    )


def _advice(draft: Draft, contract: Contract) -> Iterator[str]:
    """What to do about each kind of breach that there is."""
    if contract.columns and (gone := [each.name for each in draft.column_changes if each.change == "removed"]):
        yield f"Give {_listed(gone)} back."
    if contract.columns and draft.renames:
        yield f"Give {_listed(before for before, _ in draft.renames)} too, beside the new name."
    retyped = [each for each in draft.column_changes if each.change == "type"]
    if contract.types == "evolve":
        retyped = [each for each in retyped if _is_another_type(each)]
    if contract.types and retyped:
        if draft.asset.kind == "source":
            wanted = ", ".join(f'`columns.{each.name} = "{each.before}"`' for each in retyped)
            yield f"Declare the types of before: {wanted}."
        else:
            yield f"Give {', '.join(f'`{each.name}` as {each.before}' for each in retyped)}."
    if contract.columns == "freeze" and (added := [e.name for e in draft.column_changes if e.change == "added"]):
        evolving = _written(replace(contract, columns="evolve"))
        evolving = '"evolve"' if contract.types == "evolve" else f"{{ {evolving} }}"
        yield f"Put {_listed(added)} into an asset of its own, or let columns be added: `contract = {evolving}`."
    yield "Where the change is agreed with all who read it, apply it once without the contract: then it is reviewed."


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _written(contract: Contract) -> str:
    if contract.columns == contract.types:
        return contract.columns
    keys = {"columns": contract.columns, "types": contract.types}
    return ", ".join(f'{key} = "{promise}"' for key, promise in keys.items() if promise)


def _users(found: Break) -> str:
    """`, which `shop.daily` uses`; nothing where no asset does."""
    users = ", ".join(f"`{address}`" for address in found.used_by)
    if not users:
        return ""
    felt = ", ".join(f"`{column}`" for column in found.felt_in)
    return f"; used by {users}" + (f" (in {felt})" if felt else "")
