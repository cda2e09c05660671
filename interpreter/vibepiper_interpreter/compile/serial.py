"""Compiled assets as plain JSON values and back, for the cache, saved plans and the state."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from vibepiper_interpreter.compile.build_settings import CursorSettings, settings_from_json, settings_to_json
from vibepiper_interpreter.compile.compiled import (
    NO_RESOURCES,
    ONCE,
    Check,
    Column,
    CompiledAsset,
    Contract,
    Definition,
    FileDefinition,
    Input,
    Parameter,
    PythonDefinition,
    Resources,
    RetryPolicy,
    Schedule,
    SqlDefinition,
)
from vibepiper_spec.address import Address

# Values JSON has no form for travel as `{"$date": "2024-01-01"}`. No spec key starts with `$`, so nothing collides.
_TAG_READERS = {
    "$date": date.fromisoformat,
    "$timestamp": datetime.fromisoformat,
    "$time": time.fromisoformat,
    "$decimal": Decimal,
    "$float": float,
}


def asset_to_json(asset: CompiledAsset) -> dict[str, Any]:
    """`asset` as plain JSON values; keys whose value is the default are left out."""
    found: dict[str, Any] = {
        "address": str(asset.address),
        "kind": asset.kind,
        "build": asset.build,
        "definition": definition_to_json(asset.definition),
        "columns": [column_to_json(column) for column in asset.columns],
        "fingerprint": asset.fingerprint,
        "checks_fingerprint": asset.checks_fingerprint,
    }
    if asset.inputs:
        found["inputs"] = [_input_to_json(read) for read in asset.inputs]
    if asset.checks:
        found["checks"] = [check_to_json(check) for check in asset.checks]
    if asset.shape:
        found["shape"] = asset.shape
    if asset.column_fingerprints:
        found["column_fingerprints"] = [list(pair) for pair in asset.column_fingerprints]
    if asset.deterministic:
        found["deterministic"] = True
    if asset.check_inputs:
        found["check_inputs"] = [str(address) for address in asset.check_inputs]
    if asset.order_by:
        found["order_by"] = list(asset.order_by)
    if asset.rebuild_always:
        found["rebuild_always"] = True
    if asset.retry != ONCE:
        found["retry"] = list(astuple(asset.retry))
    if asset.resources != NO_RESOURCES:
        found["resources"] = list(astuple(asset.resources))
    if asset.priority:
        found["priority"] = asset.priority
    if asset.validate is not None:
        found["validate"] = asset.validate
    if asset.schedule is not None:
        found["schedule"] = list(astuple(asset.schedule))
    if asset.timeout is not None:
        found["timeout"] = asset.timeout
    if asset.executor is not None:
        found["executor"] = asset.executor
    if asset.contract:
        found["promises"] = [asset.contract.columns, asset.contract.types]
    if asset.prevent_destroy:
        found["prevent_destroy"] = True
    if asset.on_failure:
        found["on_failure"] = [str(address) for address in asset.on_failure]
    if asset.on_success:
        found["on_success"] = [str(address) for address in asset.on_success]
    if asset.settings is not None:
        found["settings"] = settings_to_json(asset.settings)
    if asset.own is not None:
        found["own"] = _input_to_json(asset.own)
    if asset.given:
        found["given"] = [column_to_json(column) for column in asset.given]
    if asset.cursor is not None:
        cursor = asset.cursor
        found["cursor"] = [cursor.by, cursor.column, value_to_json(cursor.start), cursor.lag]
    if asset.description:
        found["description"] = asset.description
    if asset.owner:
        found["owner"] = asset.owner
    if asset.tags:
        found["tags"] = list(asset.tags)
    if asset.declared_in:
        found["declared_in"] = asset.declared_in
    if asset.declared_at_line != 1:
        found["declared_at_line"] = asset.declared_at_line
    return found


def asset_from_json(found: Mapping[str, Any]) -> CompiledAsset:
    """The inverse of `asset_to_json`."""
    columns = tuple(Column(*column) for column in found["columns"])
    checks = tuple(check_from_json(check) for check in found.get("checks", ()))
    return assemble_asset(found, columns, checks, Address.parse)


def assemble_asset(
    found: Mapping[str, Any],
    columns: tuple[Column, ...],
    checks: tuple[Check, ...],
    address_of: Callable[[str], Address],
) -> CompiledAsset:
    """An asset from its JSON form, with columns and checks that are decoded already."""
    get = found.get
    settings, cursor, own = get("settings"), get("cursor"), get("own")
    return CompiledAsset(
        address=address_of(found["address"]),
        kind=found["kind"],
        build=found["build"],
        definition=definition_from_json(found["definition"]),
        inputs=tuple([_input_from_json(read, address_of) for read in get("inputs", ())]),
        columns=columns,
        checks=checks,
        fingerprint=found["fingerprint"],
        checks_fingerprint=found["checks_fingerprint"],
        shape=get("shape", ""),
        column_fingerprints=tuple(map(tuple, get("column_fingerprints", ()))),
        deterministic=get("deterministic", False),
        check_inputs=tuple([address_of(address) for address in get("check_inputs", ())]),
        order_by=tuple(get("order_by", ())),
        rebuild_always=get("rebuild_always", False),
        timeout=get("timeout"),
        executor=get("executor"),
        retry=retry_from_json(get("retry", ())),
        contract=Contract(*get("promises", ())) if get("promises", ()) else None,
        prevent_destroy=get("prevent_destroy", False),
        resources=resources_from_json(get("resources", ())),
        priority=get("priority", 0),
        validate=get("validate", None),
        schedule=Schedule(*get("schedule", ())) if get("schedule", ()) else None,
        on_failure=tuple([address_of(address) for address in get("on_failure", ())]),
        on_success=tuple([address_of(address) for address in get("on_success", ())]),
        settings=None if settings is None else settings_from_json(settings),
        own=None if own is None else _input_from_json(own, address_of),
        given=tuple(Column(*column) for column in get("given", ())),
        cursor=None if cursor is None else CursorSettings(cursor[0], cursor[1], value_from_json(cursor[2]), cursor[3]),
        description=get("description", ""),
        owner=get("owner", ""),
        tags=tuple(get("tags", ())),
        declared_in=get("declared_in", ""),
        declared_at_line=get("declared_at_line", 1),
    )


def retry_from_json(found: Sequence[Any]) -> RetryPolicy:
    """A policy from the list of its fields; an empty one is that of a single attempt."""
    if not found:
        return ONCE
    attempts, delay, backoff, max_delay, on = found
    return RetryPolicy(attempts, delay, backoff, max_delay, tuple(on))


def resources_from_json(found: Sequence[Any]) -> Resources:
    """What is claimed, from the list of its fields; an empty one claims nothing."""
    if not found:
        return NO_RESOURCES
    memory, cpus, pools, gpus, custom = found
    return Resources(memory, cpus, tuple(pools), gpus, tuple((name, amount) for name, amount in custom))


def _input_to_json(read: Input) -> list[Any]:
    """`[address, columns]`, with the slice column as a third item where there is one."""
    found = [str(read.address), None if read.columns is None else list(read.columns)]
    return found if read.slice_column is None else [*found, read.slice_column]


def _input_from_json(found: Sequence[Any], address_of: Callable[[str], Address]) -> Input:
    address, used, *slices = found
    return Input(address_of(address), None if used is None else tuple(used), *slices)


def column_to_json(column: Column) -> list[str]:
    """`[name, type]`, or with the description as a third item."""
    return [column.name, column.type, column.description] if column.description else [column.name, column.type]


def definition_to_json(definition: Definition) -> dict[str, Any]:
    match definition:
        case SqlDefinition():
            written: dict[str, Any] = {"sql": definition.query}
            return written | _parameters_to_json(definition.parameters, definition.values)
        case PythonDefinition():
            return {
                "module": definition.module,
                "function": definition.function,
                "parameters": [
                    [
                        parameter.name,
                        None if parameter.address is None else str(parameter.address),
                        parameter.flavour,
                        None if parameter.columns is None else list(parameter.columns),
                    ]
                    for parameter in definition.parameters
                ],
                "reaches": [definition.code, definition.sources, definition.context],
                **({"returns_dataset": True} if definition.returns_dataset else {}),
            }
        case FileDefinition():
            return {
                "paths": list(definition.paths),
                "format": definition.format,
                "options": [[name, value_to_json(value)] for name, value in definition.options],
                "types": [list(pair) for pair in definition.types],
            }


def definition_from_json(found: Mapping[str, Any]) -> Definition:
    if "sql" in found:
        return SqlDefinition(found["sql"], *_parameters_from_json(found))
    if "module" in found:
        return PythonDefinition(
            found["module"],
            found["function"],
            tuple(
                Parameter(
                    name,
                    None if address is None else Address.parse(address),
                    flavour,
                    None if columns is None else tuple(columns),
                )
                for name, address, flavour, columns in found["parameters"]
            ),
            code=found["reaches"][0],
            sources=found["reaches"][1],
            context=found["reaches"][2],
            returns_dataset=found.get("returns_dataset", False),
        )
    return FileDefinition(
        tuple(found["paths"]),
        found["format"],
        tuple((name, value_from_json(value)) for name, value in found["options"]),
        tuple((name, kind) for name, kind in found["types"]),
    )


def check_to_json(check: Check) -> dict[str, Any]:
    found: dict[str, Any] = {"id": check.id, "rule": check.rule, "severity": check.severity}
    if check.column is not None:
        found["column"] = check.column
    if check.arguments:
        found["arguments"] = [[name, value_to_json(value)] for name, value in check.arguments]
    if check.condition is not None:
        found["condition"] = check.condition
    if check.where is not None:
        found["where"] = check.where
    if check.description:
        found["description"] = check.description
    if check.keys:
        found["keys"] = list(check.keys)
    return found | _parameters_to_json(check.parameters, check.values)


def check_from_json(found: Mapping[str, Any]) -> Check:
    get = found.get
    parameters, values = _parameters_from_json(found)
    return Check(
        id=found["id"],
        rule=found["rule"],
        severity=found["severity"],
        column=get("column"),
        arguments=tuple((name, value_from_json(value)) for name, value in get("arguments", ())),
        condition=get("condition"),
        where=get("where"),
        parameters=parameters,
        values=values,
        description=get("description", ""),
        keys=tuple(get("keys", ())),
    )


def _parameters_to_json(parameters: tuple[tuple[str, str], ...], values: tuple[tuple[str, Any], ...]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if parameters:
        found["parameters"] = [list(pair) for pair in parameters]
    if values:
        found["values"] = [[name, value_to_json(value)] for name, value in values]
    return found


def _parameters_from_json(found: Mapping[str, Any]) -> tuple[tuple[tuple[str, str], ...], tuple[tuple[str, Any], ...]]:
    if "parameters" not in found:
        return (), ()
    return (
        tuple((name, kind) for name, kind in found["parameters"]),
        tuple((name, value_from_json(value)) for name, value in found.get("values", ())),
    )


def value_to_json(value: Any) -> Any:
    """A value of a spec (variable, option, check argument) as JSON: dates, decimals and odd floats are tagged."""
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if value - value == 0 else {"$float": str(value)}
        case datetime():
            return {"$timestamp": value.isoformat()}
        case date():
            return {"$date": value.isoformat()}
        case time():
            return {"$time": value.isoformat()}
        case Decimal():
            return {"$decimal": str(value)}
        case list() | tuple():
            return [value_to_json(item) for item in value]
        case Mapping():
            return {name: value_to_json(item) for name, item in value.items()}
    raise ValueError(f"no JSON form for {type(value).__name__}")


def value_from_json(value: Any) -> Any:
    """The inverse of `value_to_json`; lists come back as tuples."""
    if isinstance(value, list):
        return tuple(value_from_json(item) for item in value)
    if isinstance(value, dict):
        for tag, read in _TAG_READERS.items():
            if tag in value:
                return read(value[tag])
        return {name: value_from_json(item) for name, item in value.items()}
    return value
