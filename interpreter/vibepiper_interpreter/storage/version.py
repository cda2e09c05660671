"""The immutable content of an asset: a version, and the Parquet parts it is made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from vibepiper_interpreter.compile.compiled import Column, CompiledAsset
from vibepiper_interpreter.storage.slices import Built, Range
from vibepiper_spec.address import Address

# rows: they are in the table · upserts: they are too, in the place of rows of the same key in parts with role rows ·
# deletes: only keys, whose rows in parts with role rows are gone.
PartRole = Literal["rows", "upserts", "deletes"]

# Stands before the checksum of a part that was found damaged. No hash begins with it.
_DAMAGED = "!"


@dataclass(frozen=True, slots=True)
class ColumnStatistics:
    """What Parquet's footer knows of a column; minimum and maximum as DuckDB prints them."""

    name: str
    null_count: int
    minimum: str | None = None
    maximum: str | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """One Parquet file of a version. `path` is relative to the storage root, with `/`."""

    path: str
    rows: int
    bytes: int
    statistics: tuple[ColumnStatistics, ...] = ()
    # sha256 of the file's bytes, as `vp state verify` first found them; empty before. With a mark in front where a
    # later look found another content.
    checksum: str = ""
    role: PartRole = "rows"
    # Of an interval asset: the stretches of time whose rows are read from this part. Empty: all of its rows are read.
    # A part that holds rows of others too, which were made anew since, is `carved`.
    ranges: tuple[Range, ...] = ()
    carved: bool = False
    # Of a partitioned asset: the value that all its rows have.
    partition: str | None = None
    # Columns that have another name in the file, where they were renamed after it was written: there, and here.
    renames: tuple[tuple[str, str], ...] = ()

    @property
    def damaged(self) -> bool:
        """Whether the file is known not to hold any more what was written: it counts as missing."""
        return self.checksum.startswith(_DAMAGED)

    @property
    def known_checksum(self) -> str:
        """What the file should be; empty where nobody knows."""
        return self.checksum.removeprefix(_DAMAGED)

    @property
    def marked_damaged(self) -> str:
        """The checksum of the same part, once it was found damaged."""
        return _DAMAGED + self.known_checksum


def address_of_part(part: Part) -> Address:
    """The asset, as it was called, whose version made `part`."""
    pipeline, name, *_ = part.path.split("/")
    return Address(pipeline, name)


def version_of_part(part: Part) -> str:
    """The version that made `part`: its files lie in that one's folder."""
    return part.path.split("/")[2]


class Stored(Protocol):
    """Anything that says which files it is made of: a version, or what planning knows of one."""

    @property
    def parts(self) -> tuple[Part, ...]: ...


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that a source read, as it was then. `path` is relative to the project root where it lies below it."""

    path: str
    size: int  # bytes
    modified_ns: int
    sha256: str


@dataclass(frozen=True, slots=True)
class InputVersion:
    """The version of an input that a version was made from."""

    address: Address
    version_id: str


@dataclass(frozen=True, slots=True)
class Version:
    """What one asset was at one time: immutable, never changed after it is recorded.

    `key` says what made it: the hash of its fingerprint and of its inputs' version ids (for a source: of the content
    of its files). Two versions of one key hold the same table, as far as both are `built`. A view has no parts; a
    source of mode view has `source_files` and no parts.
    """

    id: str
    asset: CompiledAsset
    key: str
    inputs: tuple[InputVersion, ...]
    columns: tuple[Column, ...]
    parts: tuple[Part, ...]
    source_files: tuple[SourceFile, ...]
    rows: int | None  # None for views: nobody has counted
    bytes: int
    seconds: float
    # The most bytes that the process held while this was made, all that ran beside it included; None where nothing is
    # made (a view), or nobody can tell (only Linux can).
    peak_memory: int | None
    run_id: str
    created_at: datetime  # UTC
    # Of an asset that is built by interval or partition: what is built, and since which making it is as it is.
    built: tuple[Built, ...] = ()
    # The version that this one goes on with, or is the same rows as: all that one held is in it, or was replaced.
    continues: str | None = None

    @property
    def address(self) -> Address:
        return self.asset.address

    @property
    def plain(self) -> bool:
        """Whether the files of its parts together hold its rows as they are: nothing is taken away or renamed."""
        return all(part.role == "rows" and not part.carved and not part.renames for part in self.parts)
