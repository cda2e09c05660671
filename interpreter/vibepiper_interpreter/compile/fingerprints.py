"""Pass: what each asset means, as hashes, and the compiled assets themselves.

A fingerprint covers an asset's own meaning, never its inputs', and never how it is written down.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from vibepiper_interpreter.compile.compilation import Analysis, Compilation, Workshop
from vibepiper_interpreter.compile.compiled import (
    Check,
    CompiledAsset,
    FileDefinition,
    PythonDefinition,
    SqlDefinition,
)
from vibepiper_interpreter.compile.header_lines import HeaderLines
from vibepiper_interpreter.compile.python_fingerprint import fingerprint_function
from vibepiper_interpreter.compile.serial import check_to_json, definition_to_json, value_to_json
from vibepiper_interpreter.engines.duckdb.session import ENGINE_FINGERPRINT
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic
from vibepiper_spec.load.loaded import DeclaredAsset


@dataclass(frozen=True, slots=True)
class Meaning:
    """The hashes of one asset, and whether equal inputs give equal rows."""

    fingerprint: str
    shape: str = ""
    columns: tuple[tuple[str, str], ...] = ()
    deterministic: bool = False


def fingerprint_assets(state: Compilation, workshop: Workshop) -> tuple[Compilation, list[Diagnostic]]:
    """Fills `assets`, in order, with every asset whose columns are known, and `python_files`."""
    assets: dict[Address, CompiledAsset] = {}
    python_files: dict[str, str] = {}
    lines = HeaderLines(state.root, state.loaded.locator)
    for address in state.order:
        if address not in state.unknown:
            meaning = _meaning(state, workshop, address, python_files)
            assets[address] = _assemble(state, state.declared[address], meaning, lines)
    return replace(state, assets=assets, python_files=tuple(sorted(python_files.items()))), []


def _meaning(state: Compilation, workshop: Workshop, address: Address, python_files: dict[str, str]) -> Meaning:
    definition = state.definitions[address]
    order_by = list(state.declared[address].spec.order_by)
    match definition:
        case FileDefinition():
            return _of_files(definition, order_by)
        case SqlDefinition():
            return _of_query(state.analyses[address], order_by)
        case PythonDefinition():
            found = state.python[address]
            reached = fingerprint_function(workshop.python, found.module, found.function)
            for name in reached.modules:
                module = workshop.python.module(name)
                if module is not None:
                    python_files[module.path] = hashlib.sha256(module.content).hexdigest()
            return _of_function(state, address, definition, reached.fingerprint, order_by)


def _of_files(definition: FileDefinition, order_by: list[str]) -> Meaning:
    """Which files there are is no part of it: the planner compares those by content."""
    written = definition_to_json(definition)
    types = written.pop("types")
    shape = hash_json(["file", written, ENGINE_FINGERPRINT])
    columns = tuple((name, hash_json([name, kind])) for name, kind in types)
    return Meaning(hash_json([shape, types, order_by]), shape, columns, deterministic=True)


def _of_query(analysis: Analysis, order_by: list[str]) -> Meaning:
    """The values of its parameters are in the meanings of the expressions that name them."""
    fingerprint = hash_json(["sql", analysis.fingerprint, order_by, ENGINE_FINGERPRINT])
    if not analysis.shape:
        return Meaning(fingerprint, deterministic=analysis.deterministic)
    shape = hash_json([analysis.shape, ENGINE_FINGERPRINT])
    return Meaning(fingerprint, shape, analysis.column_fingerprints, analysis.deterministic)


def _of_function(
    state: Compilation, address: Address, definition: PythonDefinition, reached: str, order_by: list[str]
) -> Meaning:
    written = definition_to_json(definition)
    columns = sorted((column.name, column.type) for column in state.columns[address])
    # A function with a context may read any variable, and the environment's name.
    has_context = any(parameter.flavour == "context" for parameter in definition.parameters)
    context = [state.environment, _variables(state)] if has_context else None
    return Meaning(hash_json(["python", reached, written["parameters"], columns, context, order_by]))


def _variables(state: Compilation) -> Any:
    return value_to_json(dict(sorted(state.variables.items())))


def _assemble(state: Compilation, declared: DeclaredAsset, meaning: Meaning, lines: HeaderLines) -> CompiledAsset:
    address, spec = declared.address, declared.spec
    checks = state.checks.get(address, ())
    return CompiledAsset(
        address=address,
        kind=declared.kind,
        build=spec.build.mode,
        definition=state.definitions[address],
        inputs=state.inputs[address],
        columns=state.columns[address],
        checks=checks,
        fingerprint=meaning.fingerprint,
        checks_fingerprint=_of_checks(checks),
        shape=meaning.shape,
        column_fingerprints=meaning.columns,
        deterministic=meaning.deterministic,
        check_inputs=state.check_inputs.get(address, ()),
        order_by=spec.order_by,
        rebuild_always=spec.rebuild == "always",
        description=spec.description,
        owner=spec.owner,
        tags=spec.tags,
        declared_in=declared.origin.path,
        declared_at_line=lines.line(declared.origin),
    )


def _of_checks(checks: tuple[Check, ...]) -> str:
    """What the checks demand: how they are described makes no difference, nor the condition made of the arguments."""
    if not checks:
        return ""
    return hash_json(sorted((_demand(check_to_json(check)) for check in checks), key=json.dumps))


def _demand(check: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in check.items() if name not in ("condition", "description")}


def hash_json(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
