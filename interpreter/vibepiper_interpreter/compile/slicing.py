"""How the slices of an asset hang together with its inputs: what the query proves, and what the spec declares."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

from vibepiper_interpreter.compile.build_settings import BuildSettings, Intervals, Partitions, settings_to_json
from vibepiper_interpreter.compile.compilation import Compilation, Workshop
from vibepiper_interpreter.compile.compiled import Column, Input, SqlDefinition
from vibepiper_interpreter.compile.memo import columns_to_json
from vibepiper_interpreter.compile.memo_key import memo_key
from vibepiper_interpreter.compile.own_past import own_reach
from vibepiper_interpreter.compile.placed_rows import lie_where_bounded
from vibepiper_interpreter.compile.separable import is_separable
from vibepiper_interpreter.compile.slice_columns import slice_columns
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic, Fix, did_you_mean
from vibepiper_spec.load.loaded import DeclaredAsset
from vibepiper_spec.model.python_asset import InputSpec, PythonAsset
from vibepiper_spec.model.sql_asset import SqlAsset, SqlInput

_CACHE_KIND = "sliced_query"
_TIMES = ("DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE")


def slice_query(
    workshop: Workshop,
    own: Address,
    definition: SqlDefinition,
    schemas: Mapping[Address, tuple[Column, ...]],
    settings: BuildSettings,
    given: tuple[Column, ...],
) -> tuple[BuildSettings, dict[Address, str]]:
    """The settings, with whether the query is separable and how far it looks back at its own rows, and the slice
    columns that it proves. `own` is the asset itself, which `schemas` knows where it reads itself; `given` are the
    columns of the query."""
    if not isinstance(settings, Intervals | Partitions):
        return settings, {}
    inputs = [[str(read), columns_to_json(columns)] for read, columns in sorted(schemas.items())]
    key = memo_key(str(own), definition.query, inputs, settings_to_json(settings), columns_to_json(given))
    known = workshop.cache.get(_CACHE_KIND, key)
    if known is None:
        node = workshop.take_syntax(definition.query).node
        separable = (
            isinstance(settings, Intervals)
            and is_separable(node, settings)
            and lie_where_bounded(node, given, settings)
        )
        found = slice_columns(node, own.pipeline, schemas, settings)
        reach = None
        if isinstance(settings, Intervals) and settings.own_past:
            reach = own_reach(node, own.pipeline, own, schemas, settings)
        known = json.dumps([separable, {str(read): column for read, column in found.items()}, reach]).encode()
        workshop.cache.put(_CACHE_KIND, key, known)
    separable, columns, reach = json.loads(known)
    if isinstance(settings, Intervals) and settings.own_past:
        settings = replace(settings, own_reach=reach)
    elif isinstance(settings, Intervals):
        settings = replace(settings, separable=separable or settings.batch_size is not None)
    return settings, {Address.parse(read): column for read, column in columns.items()}


def with_own_reach(settings: BuildSettings | None, own: Input | None) -> BuildSettings | None:
    """`settings`, with what `inputs.NAME` declares of the asset itself: rows of further back reach no interval."""
    if not isinstance(settings, Intervals) or own is None or own.slice_column is None or settings.own_reach is not None:
        return settings
    return replace(settings, own_reach=settings.lookback)


def with_slice_columns(
    state: Compilation,
    declared: DeclaredAsset,
    inputs: tuple[Input, ...],
    settings: BuildSettings | None,
    proven: Mapping[Address, str],
) -> tuple[tuple[Input, ...], list[Diagnostic]]:
    """`inputs` with the slice columns that are proven, else with those that `inputs.NAME` of the spec declares.

    `state` knows the columns of the inputs.
    """
    spec, problems = declared.spec, []
    by_address: dict[Address, str] = {}
    given: Mapping[str, InputSpec | SqlInput] = spec.inputs if isinstance(spec, SqlAsset | PythonAsset) else {}
    key = "partition_column" if isinstance(settings, Partitions) else "time_column"
    for name, item in given.items():
        address = _address_of(state, declared, name, item, inputs)
        place = state.loaded.locator.place(declared.origin, "inputs", name, part="key")
        if address is None:
            reads = [str(read.address) for read in inputs]
            problems.append(
                Diagnostic(
                    "VP202",
                    f"`{declared.address}` reads no asset `{name}`.{did_you_mean(name, reads)}",
                    place,
                    fix=Fix(f"It reads {', '.join(f'`{read}`' for read in reads[:12])}." if reads else "Remove it."),
                )
            )
            continue
        column, problem = _column(state, declared, name, key, getattr(item, key), address)
        if column is not None and problem is None and address == declared.address:
            problem = _not_its_own_time(state, declared, name, column, settings)
        if problem is not None:
            problems.append(problem)
        elif column is not None and isinstance(settings, Intervals | Partitions):
            by_address[address] = column
    columns = {**by_address, **proven}
    return tuple(replace(read, slice_column=columns.get(read.address)) for read in inputs), problems


def _not_its_own_time(
    state: Compilation, declared: DeclaredAsset, name: str, column: str, settings: BuildSettings | None
) -> Diagnostic | None:
    """VP109 where what is declared of the asset's own rows cannot be meant."""
    if not isinstance(settings, Intervals):
        return None
    place = state.loaded.locator.place(declared.origin, "inputs", name, "time_column")
    if column.casefold() != settings.column.casefold():
        detail = f"Its own rows belong to intervals by `{settings.column}`, and not by `{column}`."
        return Diagnostic("VP109", detail, place, fix=Fix(f'Write `time_column = "{settings.column}"`.'))
    if not settings.lookback:
        return Diagnostic(
            "VP109",
            f"With `time_column` only rows of the interval and of its `lookback` reach it, and `lookback` is 0: of "
            f"`{declared.address}` itself, which it sees before the interval only, that would be none.",
            place,
            fix=Fix("Add `lookback = 1`, or as many intervals as it looks back at itself; or leave `time_column` out."),
        )
    return None


def _address_of(
    state: Compilation, declared: DeclaredAsset, name: str, item: InputSpec | SqlInput, inputs: tuple[Input, ...]
) -> Address | None:
    if isinstance(item, InputSpec):
        parameters = state.python[declared.address].definition.parameters
        # A name that is no parameter is told elsewhere.
        return next((each.address for each in parameters if each.name == name), inputs[0].address if inputs else None)
    address = state.names.resolve(name, declared.address.pipeline)
    return address if any(read.address == address for read in inputs) else None


def _column(
    state: Compilation, declared: DeclaredAsset, name: str, key: str, wanted: str | None, address: Address
) -> tuple[str | None, Diagnostic | None]:
    if wanted is None:
        return None, None
    columns = {column.name.casefold(): column for column in state.columns.get(address, ())}
    if not columns:
        return wanted, None  # known at run time
    column = columns.get(wanted.casefold())
    place = state.loaded.locator.place(declared.origin, "inputs", name, key)
    if column is None:
        known = [each.name for each in columns.values()]
        listed = ", ".join(f"`{each}`" for each in known[:12])
        detail = f"`{address}` has no column `{wanted}`.{did_you_mean(wanted, known)}"
        return None, Diagnostic("VP302", detail, place, fix=Fix(f"It has {listed}."))
    if key == "time_column" and column.type and column.type not in _TIMES:
        detail = f"Column `{column.name}` of `{address}` is {column.type}, and only a date or a timestamp is a time."
        return None, Diagnostic("VP304", detail, place, fix=Fix("Name another column, or leave `time_column` out."))
    return column.name, None
