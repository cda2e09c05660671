"""How two environments differ by what is known without reading a row: versions, meanings, columns, counts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from vibepiper_interpreter.plan.column_changes import column_changes
from vibepiper_interpreter.plan.plan import ColumnChange
from vibepiper_interpreter.state import State
from vibepiper_interpreter.storage.version import Version
from vibepiper_spec.address import Address

# meaning: it is defined otherwise · build: table or view · inputs: made from other versions of them · files: a source
# read other ones · made_twice: the same was made twice, and may differ only where it is not reproducible.
Cause = Literal["meaning", "build", "inputs", "files", "made_twice"]


@dataclass(frozen=True, slots=True)
class AssetDifference:
    """An asset that two environments show different versions of; None on the side that does not show it.

    `columns` differ in name, type or expression: `before` and `after` are the types on the left and on the right, and
    "added" is what only the right one has.
    """

    address: Address
    left: Version | None
    right: Version | None
    causes: tuple[Cause, ...] = ()
    columns: tuple[ColumnChange, ...] = ()
    # Inputs of which the right version was made from another version than the left one.
    inputs: tuple[Address, ...] = ()

    @property
    def same_rows_number(self) -> bool | None:
        """None where nobody has counted."""
        if self.left is None or self.right is None or self.left.rows is None or self.right.rows is None:
            return None
        return self.left.rows == self.right.rows


@dataclass(frozen=True, slots=True)
class EnvironmentDifference:
    """All that two environments show differently, and how many assets they show the same of."""

    left: str
    right: str
    assets: tuple[AssetDifference, ...]
    same: int


def compare_published(
    state: State, left: str, right: str, only: Iterable[Address] | None = None
) -> EnvironmentDifference:
    """Compare what two environments show now, or of it only the assets in `only`."""
    ours, theirs = state.pointers(left), state.pointers(right)
    wanted = sorted((ours.keys() | theirs.keys()) if only is None else set(only) & (ours.keys() | theirs.keys()))
    ids = {
        address: tuple(side[address].version_id if address in side else "" for side in (ours, theirs))
        for address in wanted
    }
    different = {address: both for address, both in ids.items() if both[0] != both[1]}
    versions = state.versions({version_id for both in different.values() for version_id in both if version_id})
    found = tuple(
        _difference(address, versions.get(both[0]), versions.get(both[1])) for address, both in different.items()
    )
    return EnvironmentDifference(left, right, found, len(wanted) - len(found))


def _difference(address: Address, left: Version | None, right: Version | None) -> AssetDifference:
    if left is None or right is None:
        return AssetDifference(address, left, right)
    causes: list[Cause] = []
    if left.asset.fingerprint != right.asset.fingerprint:
        causes.append("meaning")
    if left.asset.build != right.asset.build:
        causes.append("build")
    before = {read.address: read.version_id for read in left.inputs}
    inputs = tuple(
        read.address for read in right.inputs if before.get(read.address, read.version_id) != read.version_id
    )
    if inputs:
        causes.append("inputs")
    if {(f.path, f.sha256) for f in left.source_files} != {(f.path, f.sha256) for f in right.source_files}:
        causes.append("files")
    # Where the query differs around its columns, all expressions do, and naming them says nothing.
    split = left.asset.shape != "" and left.asset.shape == right.asset.shape
    columns = tuple(change for change in column_changes(left, right.asset) if split or change.change != "expression")
    return AssetDifference(address, left, right, tuple(causes) or ("made_twice",), columns, inputs)
