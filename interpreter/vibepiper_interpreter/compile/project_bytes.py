"""A whole compiled project as bytes for the cache, and back: made to be read fast."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from vibepiper_interpreter.compile.compiled import Column, Compiled, CompiledAsset, CompiledProject
from vibepiper_interpreter.compile.serial import (
    assemble_asset,
    asset_to_json,
    check_from_json,
    value_from_json,
    value_to_json,
)
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic, Fix, Place, Range, Related, TextEdit


def compiled_to_bytes(compiled: Compiled) -> bytes:
    """The project and its diagnostics. Equal columns and checks, of which a project is full, are written once."""
    project = compiled.project
    columns, checks = _Table(), _Table()
    assets = []
    for asset in project.assets.values():
        found = asset_to_json(asset)
        found["columns"] = [columns.number(column) for column in found["columns"]]
        found["checks"] = [checks.number(check) for check in found.get("checks", ())]
        assets.append(found)
    whole = {
        "name": project.name,
        "environment": project.environment,
        "variables": value_to_json(project.variables),
        "publish_each": sorted(project.publish_each),
        "digest": project.digest,
        "storage_path": compiled.storage_path,
        "state_url": compiled.state_url,
        "diagnostics": [diagnostic.to_json() for diagnostic in compiled.diagnostics],
        "columns": columns.entries,
        "checks": checks.entries,
        "assets": assets,
    }
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


class _Table:
    """Numbers equal JSON values alike."""

    def __init__(self) -> None:
        self.entries: list[Any] = []
        self._numbers: dict[str, int] = {}

    def number(self, value: Any) -> int:
        key = json.dumps(value)
        if key not in self._numbers:
            self._numbers[key] = len(self.entries)
            self.entries.append(value)
        return self._numbers[key]


def compiled_from_bytes(content: bytes) -> Compiled:
    """The inverse of `compiled_to_bytes`. Raises ValueError, KeyError, IndexError or TypeError for anything else."""
    # Tens of thousands of objects that all stay: the collector would look through them again and again.
    collecting = gc.isenabled()
    gc.disable()
    try:
        whole = json.loads(content)
        project = CompiledProject(
            whole["name"],
            whole["environment"],
            _assets(whole),
            value_from_json(whole["variables"]),
            frozenset(whole["publish_each"]),
            whole["digest"],
        )
        diagnostics = tuple(map(diagnostic_from_json, whole["diagnostics"]))
        return Compiled(project, diagnostics, whole["storage_path"], whole["state_url"])
    finally:
        if collecting:
            gc.enable()


def _assets(whole: Mapping[str, Any]) -> dict[Address, CompiledAsset]:
    columns = [Column(*column) for column in whole["columns"]]
    checks = [check_from_json(check) for check in whole["checks"]]
    address_of: Callable[[str], Address] = cache(Address.parse)
    found = {}
    for written in whole["assets"]:
        asset = assemble_asset(
            written,
            tuple([columns[number] for number in written["columns"]]),
            tuple([checks[number] for number in written["checks"]]),
            address_of,
        )
        found[asset.address] = asset
    return found


def diagnostic_from_json(found: Mapping[str, Any]) -> Diagnostic:
    """The inverse of `Diagnostic.to_json`."""
    fix = found["fix"]
    return Diagnostic(
        found["code"],
        found["detail"],
        None if found["place"] is None else _place_from_json(found["place"]),
        found["severity"],
        tuple(Related(_place_from_json(item["place"]), item["message"]) for item in found["related"]),
        None
        if fix is None
        else Fix(fix["title"], tuple(TextEdit(_place_from_json(e["place"]), e["new_text"]) for e in fix["edits"])),
        tuple(found["notes"]),
    )


def _place_from_json(found: Mapping[str, Any]) -> Place:
    start, end = found["start"], found["end"]
    return Place(found["path"], Range(start["line"], start["column"], end["line"], end["column"]))
