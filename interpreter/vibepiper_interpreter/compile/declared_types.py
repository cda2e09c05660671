"""Pass: every declared column type is a type, and one that can be stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from vibepiper_interpreter.compile.compilation import Compilation, Workshop
from vibepiper_interpreter.compile.placing import at_value
from vibepiper_interpreter.engines.duckdb.errors import SqlProblem
from vibepiper_interpreter.engines.duckdb.types import canonical_type, stored_type
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic


def resolve_declared_types(state: Compilation, workshop: Workshop) -> tuple[Compilation, list[Diagnostic]]:
    """Fills `declared_types`; a column whose type is no type is left out, and so is judged by nothing else."""
    found: dict[Address, Mapping[str, tuple[str, str]]] = {}
    diagnostics: list[Diagnostic] = []
    known: dict[str, tuple[str, str] | SqlProblem] = {}
    for address, declared in state.declared.items():
        types: dict[str, tuple[str, str]] = {}
        for name, column in declared.spec.columns.items():
            if column.type is None:
                continue
            if column.type not in known:
                known[column.type] = _resolve(column.type, name)
            resolved = known[column.type]
            if isinstance(resolved, SqlProblem):
                keys = ("columns", name, "type")
                diagnostics.append(at_value(state.loaded.locator, declared.origin, keys, resolved))
            else:
                types[name] = resolved
        if types:
            found[address] = types
    return replace(state, declared_types=found), diagnostics


def _resolve(text: str, column: str) -> tuple[str, str] | SqlProblem:
    canonical = canonical_type(text)
    if isinstance(canonical, SqlProblem):
        return canonical
    stored = stored_type(canonical, column)
    return stored if isinstance(stored, SqlProblem) else (canonical, stored)
