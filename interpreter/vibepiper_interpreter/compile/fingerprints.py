"""Pass: what each asset means, as hashes, and the compiled assets themselves.

A fingerprint covers an asset's own meaning, never its inputs', and never how it is written down.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from vibepiper_interpreter.compile.build_settings import BuildSettings, CursorSettings, meaning_of_settings
from vibepiper_interpreter.compile.compilation import Analysis, Compilation, Workshop
from vibepiper_interpreter.compile.compiled import (
    ONCE,
    Check,
    Column,
    CompiledAsset,
    Contract,
    Definition,
    FileDefinition,
    PythonDefinition,
    RetryPolicy,
    SqlDefinition,
)
from vibepiper_interpreter.compile.fingerprint_code import meaning_in, same_meaning, stamped
from vibepiper_interpreter.compile.header_lines import HeaderLines
from vibepiper_interpreter.compile.incremental_builds import cursor_of, mode_of
from vibepiper_interpreter.compile.lineage import QueryAnalysis
from vibepiper_interpreter.compile.resources import resources_of
from vibepiper_interpreter.compile.schedules import schedule_of
from vibepiper_interpreter.compile.serial import check_to_json, definition_to_json, value_to_json
from vibepiper_interpreter.engines.duckdb.session import ENGINE_FINGERPRINT
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic
from vibepiper_spec.load.loaded import DeclaredAsset
from vibepiper_spec.model.duration import duration_seconds
from vibepiper_spec.model.python_asset import PythonAsset

if TYPE_CHECKING:
    from vibepiper_spec.model.retry import Retry


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
    recalled = state.recalled
    python_files = dict(recalled.python_files)
    lines = HeaderLines(state.root, state.loaded.locator)
    for address in state.order:
        if address in state.unknown:
            continue
        if address in recalled.assets:
            assets[address] = recalled.assets[address]
            continue
        definition = _complete(state, workshop, address, python_files)
        assets[address] = _assemble(state, state.declared[address], definition, lines)
    return replace(state, assets=assets, python_files=python_files), []


def _complete(
    state: Compilation, workshop: Workshop, address: Address, python_files: dict[Address, Mapping[str, str]]
) -> Definition:
    """The definition of an asset, with what a function reaches."""
    definition = state.definitions[address]
    if not isinstance(definition, PythonDefinition):
        return definition
    found = state.python[address]
    completed, python_files[address] = complete_function(state, workshop, definition, found.module, found.function)
    return completed


def complete_function(
    state: Compilation, workshop: Workshop, definition: PythonDefinition, module: str, function: str
) -> tuple[PythonDefinition, Mapping[str, str]]:
    """`definition` with what it reaches, being defined as `function` in `module`; and the files of that, hashed."""
    reached = workshop.reached_by(module, function)
    modules = [found for name in reached.modules if (found := workshop.python.module(name)) is not None]
    # A function with a context may read any variable, and the environment's name.
    has_context = any(parameter.flavour == "context" for parameter in definition.parameters)
    completed = replace(
        definition,
        code=reached.fingerprint,
        sources=workshop.sources_of(frozenset({definition.module, module})),
        context=_as_text([state.environment, value_to_json(dict(state.variables))]) if has_context else "",
    )
    return completed, {found.path: found.sha256 for found in modules}


def meaning_of_files(
    definition: FileDefinition, order_by: Sequence[str], settings: BuildSettings | None, cursor: CursorSettings | None
) -> Meaning:
    """Which files there are is no part of it: the planner compares those by content."""
    written = definition_to_json(definition)
    types = written.pop("types")
    if settings is not None:
        del written["paths"]  # what was read stays, wherever the next files come from
    if cursor is not None and cursor.column is not None:
        written["cursor"] = [cursor.column, value_to_json(cursor.start)]
    shape = hash_json(["file", written, ENGINE_FINGERPRINT])
    columns = tuple((name, hash_json([name, kind])) for name, kind in types)
    return Meaning(hash_json([shape, types, list(order_by)]), shape, columns, deterministic=True)


def meaning_of_query(analysis: Analysis | QueryAnalysis, order_by: Sequence[str]) -> Meaning:
    """The values of its parameters are in the meanings of the expressions that name them."""
    fingerprint = hash_json(["sql", analysis.fingerprint, list(order_by), ENGINE_FINGERPRINT])
    if not analysis.shape:
        return Meaning(fingerprint, deterministic=analysis.deterministic)
    shape = hash_json([analysis.shape, ENGINE_FINGERPRINT])
    return Meaning(fingerprint, shape, analysis.column_fingerprints, analysis.deterministic)


def meaning_of_function(definition: PythonDefinition, columns: Sequence[Column], order_by: Sequence[str]) -> Meaning:
    parameters = definition_to_json(definition)["parameters"]
    types = sorted((column.name, column.type) for column in columns)
    return Meaning(hash_json(["python", definition.code, parameters, types, definition.context, list(order_by)]))


def with_meaning(asset: CompiledAsset, meaning: Meaning) -> CompiledAsset:
    whole = meaning.fingerprint
    if asset.settings is not None:
        whole = hash_json([whole, meaning_of_settings(asset.settings)])
    return replace(
        asset,
        fingerprint=stamped(whole, prevent_destroy=asset.prevent_destroy),
        shape=meaning.shape,
        column_fingerprints=meaning.columns,
        deterministic=meaning.deterministic,
    )


def same_but_for_settings(one: CompiledAsset, other: CompiledAsset) -> bool:
    """Whether two assets, at least one of which is made at once, make their rows in the same way: what is built bit by
    bit of a meaning is told by that meaning and the settings."""
    at_once, by_bits = (one, other) if one.settings is None else (other, one)
    if at_once.settings is not None or _types(at_once.columns) != _types(by_bits.columns):
        return False
    as_if = replace(by_bits, prevent_destroy=False)
    return same_meaning(with_meaning(as_if, Meaning(meaning_in(at_once.fingerprint))).fingerprint, by_bits.fingerprint)


def _types(columns: Sequence[Column]) -> list[tuple[str, str]]:
    return [(column.name, column.type) for column in columns]


def _assemble(state: Compilation, declared: DeclaredAsset, definition: Definition, lines: HeaderLines) -> CompiledAsset:
    address, spec = declared.address, declared.spec
    checks = state.checks.get(address, ())
    match definition:
        case FileDefinition():
            meaning = meaning_of_files(definition, spec.order_by, state.settings.get(address), cursor_of(spec))
        case SqlDefinition():
            meaning = meaning_of_query(state.analyses[address], spec.order_by)
        case PythonDefinition():
            meaning = meaning_of_function(definition, state.columns[address], spec.order_by)
    asset = CompiledAsset(
        address=address,
        kind=declared.kind,
        build=mode_of(spec),
        definition=definition,
        inputs=state.inputs[address],
        columns=state.columns[address],
        checks=checks,
        fingerprint="",
        checks_fingerprint=fingerprint_of_checks(checks),
        check_inputs=state.check_inputs.get(address, ()),
        order_by=spec.order_by,
        rebuild_always=spec.rebuild == "always",
        resources=resources_of(spec.resources),
        priority=spec.priority or 0,
        validate=spec.validate_rows if isinstance(spec, PythonAsset) else None,
        schedule=schedule_of(spec.schedule),
        timeout=None if spec.timeout is None else duration_seconds(spec.timeout),
        executor=spec.executor,
        retry=retry_policy(spec.retry),
        contract=None if spec.contract is None else Contract(spec.contract.columns or "", spec.contract.types or ""),
        prevent_destroy=spec.prevent_destroy,
        settings=state.settings.get(address),
        own=state.own.get(address),
        given=state.given.get(address, ()),
        cursor=cursor_of(spec),
        description=spec.description,
        owner=spec.owner,
        tags=spec.tags,
        declared_in=declared.origin.path,
        declared_at_line=lines.line(declared.origin),
    )
    return with_meaning(asset, meaning)


def retry_policy(retry: Retry | None) -> RetryPolicy:
    """`retry` as the run takes it."""
    if retry is None or retry.attempts == 1:
        return ONCE
    delay, most = duration_seconds(retry.delay), duration_seconds(retry.max_delay)
    assert delay is not None and most is not None  # the model has looked
    return RetryPolicy(retry.attempts, delay, retry.backoff, most, retry.on)


def fingerprint_of_checks(checks: tuple[Check, ...]) -> str:
    """What the checks demand: how they are described and where they stand makes no difference, nor the condition made
    of the arguments.

    Unlike the fingerprint of an asset it does not say which code computed it: a test pins it. If its form must change,
    every check runs once more after the upgrade, and nothing is rebuilt.
    """
    if not checks:
        return ""
    return hash_json(sorted((_demand(check_to_json(check)) for check in checks), key=json.dumps))


def _demand(check: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in check.items() if name not in ("condition", "description", "keys")}


def hash_json(value: Any) -> str:
    return hashlib.sha256(_as_text(value).encode("utf-8", "surrogatepass")).hexdigest()


def _as_text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
