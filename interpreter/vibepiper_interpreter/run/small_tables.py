"""Which small results of a run are tables in memory: their readers and checks need not open a file each."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable

from vibepiper_interpreter.compile.compiled import CompiledAsset
from vibepiper_interpreter.engines.duckdb.copy import same_in_memory
from vibepiper_interpreter.plan.plan import Plan
from vibepiper_interpreter.storage.version import SourceFile, Version
from vibepiper_spec.address import Address

_MOST_BYTES = 8_000_000  # of files
_LEAST_ROWS_OF_A_TABLE = 5_000  # an almost empty one takes as much memory


def is_small(read: Iterable[Version], files: Iterable[SourceFile] = ()) -> bool:
    """Whether working on all of this together takes some milliseconds, and not more."""
    rows = 0
    size = sum(file.size for file in files)
    for version in read:
        if version.rows is None:
            return False
        rows += version.rows
        size += version.bytes
    return rows <= SmallTables.MOST_ROWS and size <= _MOST_BYTES


class SmallTables:
    """Counts who still reads each table, so that there is room for the next. Safe to use from several threads."""

    MOST_ROWS = 50_000  # of one table, and of all that it is made from
    # Of all tables together. The engine spills tables too where memory runs out, so this need not be exact.
    MOST_ROWS_AT_ONCE = 2_000_000

    def __init__(self, plan: Plan | None = None) -> None:
        """`plan` says who reads what; without one nobody makes or reads anything here."""
        assets = () if plan is None else plan.assets.values()
        self._lock = threading.Lock()
        self._readers = Counter(address for asset in assets for address in _read_by(asset))
        # A view reads its inputs whenever somebody reads it, and nobody counts that.
        self._needed = {read.address for asset in assets if asset.build == "view" for read in asset.inputs}
        self._rows: dict[Address, int] = {}
        self._parts: dict[Address, str] = {}
        self._unread: list[Address] = []
        self._total = 0

    def holds(self, address: Address) -> bool:
        return address in self._parts

    def holds_version(self, version: Version) -> bool:
        """Whether the table of the version's name has the version's rows."""
        return len(version.parts) == 1 and version.plain and self._parts.get(version.address) == version.parts[0].path

    def wanted(self, asset: CompiledAsset, inputs: Iterable[Version]) -> bool:
        """Whether the result of `asset` is most likely small, by what it is made from, and there is room for it."""
        if self._total > self.MOST_ROWS_AT_ONCE or not same_in_memory(asset.columns):
            return False
        versions = tuple(inputs)
        return bool(versions) and is_small(versions)

    def add(self, address: Address, part: str, rows: int) -> None:
        """The asset's name is now a table with the rows of the file `part`."""
        with self._lock:
            self._parts[address] = part
            self._rows[address] = max(rows, _LEAST_ROWS_OF_A_TABLE)
            self._total += self._rows[address]

    def remove(self, address: Address) -> None:
        """The asset's name is no table any more."""
        with self._lock:
            del self._parts[address]
            self._total -= self._rows.pop(address)

    def done(self, asset: CompiledAsset) -> None:
        """The run's task of `asset` has ended, and with it one reader of each of its inputs."""
        with self._lock:
            for address in _read_by(asset):
                self._readers[address] -= 1
            for address in (*_read_by(asset), asset.address):
                if self._readers[address] <= 0 and address not in self._needed:
                    self._unread.append(address)

    def spare(self) -> list[Address]:
        """Tables to drop, since nobody will read them again and room is getting short."""
        if self._total <= self.MOST_ROWS_AT_ONCE // 2:
            return []
        with self._lock:
            spare = [address for address in self._unread if address in self._parts]
            self._unread.clear()
            return spare


def _read_by(asset: CompiledAsset) -> set[Address]:
    return {*(read.address for read in asset.inputs), *asset.check_inputs}
