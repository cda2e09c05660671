"""Sets of columns, and which columns of a reader a change of its inputs' columns can reach."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from vibepiper_interpreter.compile.compiled import CompiledAsset, CompiledProject
from vibepiper_spec.address import Address

if TYPE_CHECKING:
    from vibepiper_interpreter.compile.column_graph import ColumnEdges


@dataclass(frozen=True, slots=True)
class Columns:
    """Some columns of an asset, compared without case. `names` None: all of them, and which rows there are.

    A reader can use no column at all (`select count(*)`) and still feel that rows come and go.
    """

    names: frozenset[str] | None

    @classmethod
    def of(cls, names: Iterable[str] | None) -> Columns:
        return ALL if names is None else cls(frozenset(name.casefold() for name in names))

    def __bool__(self) -> bool:
        return self.names is None or bool(self.names)

    def __or__(self, other: Columns) -> Columns:
        if self.names is None or other.names is None:
            return ALL
        return Columns(self.names | other.names)

    def felt_by(self, used: Iterable[str] | None) -> bool:
        """Whether a change of these columns can be felt by a reader that uses `used` (None: all)."""
        if self.names is None or used is None:
            return bool(self)
        return any(name.casefold() in self.names for name in used)

    def cover(self, used: Iterable[str] | None) -> bool:
        """Whether all that a reader uses is among these columns."""
        if self.names is None:
            return True
        return used is not None and all(name.casefold() in self.names for name in used)


ALL = Columns(None)
NOTHING = Columns(frozenset())


@dataclass(frozen=True, slots=True)
class Origin:
    """A column of an input that a column of an asset comes from. `decides`: not its value, but which rows there are."""

    address: Address
    column: str
    into: str
    decides: bool


# Where the columns of an asset come from.
Origins = Callable[[Address], Iterable[Origin]]


class ColumnFlow:
    """Follows changes through queries. An asset is analysed when a change of single columns first comes to it."""

    def __init__(self, origins: Origins) -> None:
        self._origins = origins
        self._known: dict[Address, tuple[Origin, ...]] = {}

    def through(self, reader: CompiledAsset, changed: Mapping[Address, Columns]) -> Columns:
        """The columns of `reader` that can differ when these columns of its inputs do."""
        felt = {
            read.address: changed[read.address]
            for read in reader.inputs
            if read.address in changed and changed[read.address].felt_by(read.columns)
        }
        return self.with_own_past(reader, self._through(reader, felt))

    def with_own_past(self, asset: CompiledAsset, changed: Columns) -> Columns:
        """The columns of `asset` that can differ where these do in its earlier intervals, which it may read."""
        own = asset.own
        while own is not None and changed.names is not None and changed.felt_by(own.columns):
            further = changed | self._through(asset, {own.address: changed})
            if further == changed:
                break
            changed = further
        return changed

    def _through(self, reader: CompiledAsset, felt: Mapping[Address, Columns]) -> Columns:
        if not felt:
            return NOTHING
        if any(columns.names is None for columns in felt.values()):
            return ALL
        if reader.address not in self._known:
            self._known[reader.address] = tuple(self._origins(reader.address))
        reached = [
            origin
            for origin in self._known[reader.address]
            if origin.address in felt and felt[origin.address].cover((origin.column,))
        ]
        columns = {origin.into.casefold() for origin in reached}
        decided = {origin.into.casefold() for origin in reached if origin.decides}
        # What decides about every column decides about the rows.
        if not columns or decided >= {column.name.casefold() for column in reader.columns}:
            return ALL
        return Columns(frozenset(columns))


def origins_in(project: CompiledProject) -> Origins:
    """Column lineage, read from the queries when first asked."""

    @cache
    def edges() -> ColumnEdges:
        # It brings in the engine, and most plans do without: only changes of single columns are followed.
        from vibepiper_interpreter.compile.column_graph import ColumnEdges

        return ColumnEdges(project)

    def origins(address: Address) -> Iterable[Origin]:
        for edge in edges().of(address):
            source, target = edge.source, edge.target
            yield Origin(source.address, source.column or "", target.column or "", edge.kind != "projection")

    return origins
