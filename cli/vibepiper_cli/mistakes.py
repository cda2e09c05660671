"""The mistakes of one asset, or task, among those of the whole project."""

from __future__ import annotations

import re
from collections.abc import Sequence

from vibepiper_cli.views.source_text import SourceText
from vibepiper_spec import LoadedProject
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic, Place

_HEADER = re.compile(r"^\s*\[+\s*([^\]]+?)\s*\]")


def declared(loaded: LoadedProject) -> set[Address]:
    """All assets that the specs declare, those with mistakes too."""
    return {asset.address for asset in loaded.project.assets} | loaded.broken


def declared_tasks(loaded: LoadedProject) -> set[Address]:
    """All tasks that the specs declare, those with mistakes too."""
    return {task.address for task in loaded.project.tasks} | loaded.broken_tasks


def mistakes_of(
    address: Address, diagnostics: Sequence[Diagnostic], loaded: LoadedProject, source: SourceText
) -> tuple[Diagnostic, ...]:
    """Those that stand in the block of the asset, or in its SQL file; empty where it only reads what has some."""
    return tuple(each for each in diagnostics if each.place and _is_about(address, each.place, loaded, source))


def _is_about(address: Address, place: Place, loaded: LoadedProject, source: SourceText) -> bool:
    for origin, path in loaded.sql_files.items():
        if path == place.path and origin.keys[-1].lower() == address.name:
            return _pipeline(origin.path, loaded) == address.pipeline
    if _pipeline(place.path, loaded) != address.pipeline:
        return False
    for number in range(place.range.start_line, 0, -1):
        header = _HEADER.match(source.line(place.path, number) or "")
        if header:
            parts = [part.strip().strip("\"'").lower() for part in header[1].split(".")]
            return address.name in (parts[3:4] if parts[:2] == ["task", "wait"] else parts[1:3])
    return False


def _pipeline(path: str, loaded: LoadedProject) -> str:
    return str(loaded.headers.get(path, {}).get("name", "")).lower()
