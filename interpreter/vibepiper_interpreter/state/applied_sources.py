"""Tells the compiler how sources were read for what is published (see `compile.applied_sources`)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from vibepiper_interpreter.compile.applied_sources import AppliedSource
from vibepiper_interpreter.compile.compiled import FileDefinition
from vibepiper_interpreter.state.sight import DEFAULT_FILE
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import DiagnosticError


def applied_sources(
    root: Path, state_url: str | None, environment: str, addresses: Collection[Address]
) -> Mapping[Address, AppliedSource]:
    """Nothing where there is no state yet, or none that can be asked: whoever needs one will say so."""
    if state_url is None and not (root / DEFAULT_FILE).exists():
        return {}
    from vibepiper_interpreter.state.open import open_state_at  # brings SQLAlchemy

    try:
        with open_state_at(root, state_url) as state:
            pointers = state.pointers(environment)
            versions = state.versions(pointers[each].version_id for each in addresses if each in pointers)
    except DiagnosticError:
        return {}
    return {
        version.address: AppliedSource(version.asset.definition, version.source_files)
        for version in versions.values()
        if isinstance(version.asset.definition, FileDefinition)
    }
