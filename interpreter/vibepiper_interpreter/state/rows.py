"""Versions and what hangs on them as rows of text, and back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from vibepiper_interpreter.compile.compiled import Column, CompiledAsset
from vibepiper_interpreter.compile.serial import asset_from_json, asset_to_json, column_to_json
from vibepiper_interpreter.storage.slices import Built, Range, slice_from_json, slice_to_json
from vibepiper_interpreter.storage.version import ColumnStatistics, InputVersion, Part, SourceFile, Version
from vibepiper_spec.address import Address

if TYPE_CHECKING:
    from sqlalchemy import Row

Values = dict[str, Any]

NOTHING = "[]"

# Made once: `json.dumps` makes an encoder for every call.
_COMPACT = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)

# Addresses come back again and again (every reader names its inputs), and parsing is most of a row's cost.
parse_address = lru_cache(maxsize=1 << 16)(Address.parse)


def to_text(value: object) -> str:
    """Compact JSON; equal values give equal text."""
    return _COMPACT.encode(value)


def definition_row(asset: CompiledAsset) -> Values:
    text = to_text(asset_to_json(asset))
    return {"id": sha256(text.encode()).hexdigest(), "asset": text}


def definition_from_text(text: str) -> CompiledAsset:
    return asset_from_json(json.loads(text))


def version_row(version: Version, definition_id: str) -> Values:
    return {
        "id": version.id,
        "address": str(version.address),
        "key": version.key,
        "fingerprint": version.asset.fingerprint,
        "build": version.asset.build,
        "definition_id": definition_id,
        "inputs": inputs_to_text(version.inputs),
        "columns": to_text([column_to_json(column) for column in version.columns]),
        "parts": to_text([_part(part) for part in version.parts]),
        "statistics": to_text([[_statistics(column) for column in part.statistics] for part in version.parts]),
        "source_files": source_files_to_text(version.source_files),
        "rows": version.rows,
        "bytes": version.bytes,
        "seconds": version.seconds,
        "peak_memory": version.peak_memory,
        "run_id": version.run_id,
        "created_at": version.created_at,
        "built": built_to_text(version.built),
        "continues": version.continues,
    }


def version_from_row(row: Row[Any], assets: Mapping[str, CompiledAsset]) -> Version:
    """The inverse of `version_row`; `assets` holds the decoded definitions by id."""
    statistics = json.loads(row.statistics)
    return Version(
        id=row.id,
        asset=assets[row.definition_id],
        key=row.key,
        inputs=inputs_from_text(row.inputs),
        columns=tuple(Column(*column) for column in json.loads(row.columns)),
        parts=tuple(
            replace(part, statistics=tuple(ColumnStatistics(*column) for column in columns))
            for part, columns in zip(parts_from_text(row.parts), statistics, strict=True)
        ),
        source_files=source_files_from_text(row.source_files),
        rows=row.rows,
        bytes=row.bytes,
        seconds=row.seconds,
        peak_memory=row.peak_memory,
        run_id=row.run_id,
        created_at=row.created_at,
        built=built_from_text(row.built),
        continues=row.continues,
    )


def parts_from_text(text: str) -> tuple[Part, ...]:
    """The parts without their statistics."""
    return tuple(_part_from(*written) for written in json.loads(text))


def _part(part: Part) -> list[Any]:
    """`[path, rows, bytes, checksum]`, with a table of what else there is to say as a fifth item."""
    more: Values = {}
    if part.role != "rows":
        more["role"] = part.role
    if part.ranges:
        more["ranges"] = [slice_to_json(each) for each in part.ranges]
    if part.carved:
        more["carved"] = True
    if part.partition is not None:
        more["partition"] = part.partition
    if part.renames:
        more["renames"] = [list(pair) for pair in part.renames]
    written = [part.path, part.rows, part.bytes, part.checksum]
    return [*written, more] if more else written


def _part_from(path: str, rows: int, size: int, checksum: str, more: Mapping[str, Any] | None = None) -> Part:
    if not more:
        return Part(path, rows, size, (), checksum)
    ranges = tuple(Range.parse(*written) for written in more.get("ranges", ()))
    return Part(
        path,
        rows,
        size,
        (),
        checksum,
        more.get("role", "rows"),
        ranges,
        more.get("carved", False),
        more.get("partition"),
        tuple((there, here) for there, here in more.get("renames", ())),
    )


def built_to_text(built: Sequence[Built]) -> str:
    return to_text([[slice_to_json(each.slice), each.since] for each in built])


def built_from_text(text: str) -> tuple[Built, ...]:
    if text == NOTHING:
        return ()
    return tuple(Built(slice_from_json(each), since) for each, since in json.loads(text))


def with_checksums(text: str, checksums: Mapping[str, str]) -> str:
    """The text of parts, with other checksums for the paths that are in `checksums`."""
    parts = json.loads(text)
    for part in parts:
        part[3] = checksums.get(part[0], part[3])
    return to_text(parts)


def inputs_to_text(inputs: Sequence[InputVersion]) -> str:
    return reads_to_text((read.address, read.version_id) for read in inputs)


def reads_to_text(reads: Iterable[tuple[Address, str | None]]) -> str:
    """Sorted, so that texts can be compared. No name or id holds a character that JSON would escape."""
    return "[" + ",".join(sorted([f'["{address}","{version_id}"]' for address, version_id in reads])) + "]"


def inputs_from_text(text: str) -> tuple[InputVersion, ...]:
    if text == NOTHING:
        return ()
    return tuple(InputVersion(parse_address(address), version_id) for address, version_id in json.loads(text))


def source_files_to_text(files: Sequence[SourceFile]) -> str:
    return to_text([[file.path, file.size, file.modified_ns, file.sha256] for file in files])


def source_files_from_text(text: str) -> tuple[SourceFile, ...]:
    return () if text == NOTHING else tuple(SourceFile(*file) for file in json.loads(text))


def _statistics(column: ColumnStatistics) -> list[Any]:
    return [column.name, column.null_count, column.minimum, column.maximum]
