"""A version's `manifest.json`: what its files hold and what made them, readable without the state."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from vibepiper_interpreter.compile.serial import column_to_json, definition_to_json
from vibepiper_interpreter.storage.slices import slice_to_json
from vibepiper_interpreter.storage.storage import MANIFEST
from vibepiper_interpreter.storage.version import Part, Version

MANIFEST_FORMAT = 2


def write_manifest(directory: Path, version: Version) -> None:
    """Write `version`'s manifest into its folder, beside its parts."""
    text = json.dumps(manifest(version), ensure_ascii=False, separators=(",", ":"))
    (directory / MANIFEST).write_text(text, encoding="utf-8")


def manifest(version: Version) -> dict[str, Any]:
    """`version` as plain JSON values. Paths are relative, so the folder can be moved as a whole."""
    asset = version.asset
    return {
        "format": MANIFEST_FORMAT,
        "address": str(version.address),
        "version": version.id,
        "key": version.key,
        "columns": [column_to_json(column) for column in version.columns],
        "rows": version.rows,
        "bytes": version.bytes,
        "parts": [_part(part) for part in version.parts],
        "built": [slice_to_json(each.slice) for each in version.built],
        "source_files": [
            {"path": file.path, "size": file.size, "modified_ns": file.modified_ns, "sha256": file.sha256}
            for file in version.source_files
        ],
        "continues": version.continues,
        "inputs": {str(read.address): read.version_id for read in version.inputs},
        "made_by": {"kind": asset.kind, "fingerprint": asset.fingerprint, **definition_to_json(asset.definition)},
        "run": version.run_id,
        "created_at": version.created_at.isoformat(),
        "seconds": round(version.seconds, 6),
        "peak_memory": version.peak_memory,
    }


def _part(part: Part) -> dict[str, Any]:
    told: dict[str, Any] = {}
    if part.role != "rows":
        told["role"] = part.role
    if part.ranges:
        told["ranges"] = [slice_to_json(each) for each in part.ranges]
        told["carved"] = part.carved
    if part.partition is not None:
        told["partition"] = part.partition
    if part.renames:
        told["renames"] = [list(pair) for pair in part.renames]
    return {
        # Relative to the storage: what is built bit by bit goes on with the parts of earlier versions.
        "path": part.path,
        **told,
        "rows": part.rows,
        "bytes": part.bytes,
        "statistics": {column.name: [column.null_count, column.minimum, column.maximum] for column in part.statistics},
    }
