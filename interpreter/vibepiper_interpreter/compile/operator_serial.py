"""Compiled operators as plain JSON values and back, for the cache and saved plans."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple
from typing import Any

from vibepiper_interpreter.compile.compiled import NO_RESOURCES, ONCE, PythonDefinition
from vibepiper_interpreter.compile.compiled_operator import CompiledOperator, ForEach, Hook, OperatorInput
from vibepiper_interpreter.compile.serial import (
    asset_from_json,
    asset_to_json,
    definition_from_json,
    definition_to_json,
    resources_from_json,
    retry_from_json,
    value_from_json,
    value_to_json,
)
from vibepiper_interpreter.operators.call import OutputDefinition
from vibepiper_spec.address import Address


def operator_to_json(operator: CompiledOperator) -> dict[str, Any]:
    """`operator` as plain JSON values; keys whose value is empty are left out."""
    found: dict[str, Any] = {
        "settings": operator.settings,
        "after": [str(each) for each in operator.after],
        "before": [str(each) for each in operator.before],
        "inputs": [[read.name, str(read.address), read.output] for read in operator.inputs],
        "outputs": [[name, each.type, each.source] for name, each in operator.outputs],
        "when": operator.when,
        "when_parameters": [list(pair) for pair in operator.when_parameters],
        "run_if": "" if operator.run_if == "all_success" else operator.run_if,
        "hooks": [[hook.on, isinstance(hook.of, Address), str(hook.of)] for hook in operator.hooks],
        "teardown_of": None if operator.teardown_of is None else str(operator.teardown_of),
        "waits_for": [str(each) for each in operator.waits_for],
        "function": None if operator.function is None else definition_to_json(operator.function),
        "function_values": list(operator.function_values),
        "for_each": None if operator.for_each is None else _for_each_to_json(operator.for_each),
        "tests": None if operator.tests is None else asset_to_json(operator.tests),
        "run_always": operator.run_always,
        "retry": [] if operator.retry == ONCE else list(astuple(operator.retry)),
        "timeout": operator.timeout,
        "executor": operator.executor,
        "resources": [] if operator.resources == NO_RESOURCES else list(astuple(operator.resources)),
        "priority": operator.priority,
        "description": operator.description,
        "owner": operator.owner,
        "tags": list(operator.tags),
        "declared_in": operator.declared_in,
    }
    return {
        "address": str(operator.address),
        "kind": operator.kind,
        "fingerprint": operator.fingerprint,
        "line": operator.declared_at_line,
        **{name: value for name, value in found.items() if value},
    }


def _for_each_to_json(each: ForEach) -> list[Any]:
    asset = None if each.asset is None else str(each.asset)
    return [
        value_to_json(list(each.items)),
        asset,
        list(each.columns),
        each.key,
        each.limit,
        each.concurrency,
        each.fingerprint,
    ]


def _for_each_from_json(found: list[Any] | None) -> ForEach | None:
    if found is None:
        return None
    items, asset, columns, *rest = found
    return ForEach(value_from_json(items), None if asset is None else Address.parse(asset), tuple(columns), *rest)


def operator_from_json(found: Mapping[str, Any]) -> CompiledOperator:
    """The inverse of `operator_to_json`."""
    get = found.get
    teardown_of, function = get("teardown_of"), get("function")
    definition = None if function is None else definition_from_json(function)
    assert definition is None or isinstance(definition, PythonDefinition)
    return CompiledOperator(
        address=Address.parse(found["address"]),
        kind=found["kind"],
        settings=get("settings", {}),
        fingerprint=found["fingerprint"],
        after=tuple(map(Address.parse, get("after", ()))),
        before=tuple(map(Address.parse, get("before", ()))),
        inputs=tuple(OperatorInput(name, Address.parse(of), output) for name, of, output in get("inputs", ())),
        outputs=tuple((name, OutputDefinition(kind, source)) for name, kind, source in get("outputs", ())),
        when=get("when"),
        when_parameters=tuple((name, kind) for name, kind in get("when_parameters", ())),
        run_if=get("run_if", "all_success"),
        hooks=tuple(Hook(on, Address.parse(of) if single else of) for on, single, of in get("hooks", ())),
        teardown_of=None if teardown_of is None else Address.parse(teardown_of),
        waits_for=tuple(map(Address.parse, get("waits_for", ()))),
        function=definition,
        function_values=tuple(get("function_values", ())),
        for_each=_for_each_from_json(get("for_each")),
        tests=None if get("tests") is None else asset_from_json(found["tests"]),
        run_always=get("run_always", False),
        retry=retry_from_json(get("retry", ())),
        timeout=get("timeout"),
        executor=get("executor"),
        resources=resources_from_json(get("resources", ())),
        priority=get("priority", 0),
        description=get("description", ""),
        owner=get("owner", ""),
        tags=tuple(get("tags", ())),
        declared_in=get("declared_in", ""),
        declared_at_line=found["line"],
    )
