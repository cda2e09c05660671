"""The values that a task may name as `$name`: which there are, and which it names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from vibepiper_interpreter.compile.compilation import Compilation
from vibepiper_interpreter.compile.operator_names import outputs_of
from vibepiper_interpreter.compile.settings import BUILT_IN_PARAMETERS
from vibepiper_interpreter.operators.placing import names_in
from vibepiper_interpreter.operators.statements import SQL_TEXTS, parameters_in
from vibepiper_spec.diagnostics import Diagnostic, Fix, Place, TextEdit, did_you_mean, nearest
from vibepiper_spec.load.loaded import DeclaredTask
from vibepiper_spec.model.variable import inferred_type

# What every task has, with the types that a condition sees.
OWN_TYPES = {**BUILT_IN_PARAMETERS, "run_id": "VARCHAR", "failed": "VARCHAR", "error": "VARCHAR"}


def types_of_values(
    state: Compilation, task: DeclaredTask, given: Mapping[str, tuple[DeclaredTask, str]]
) -> dict[str, str]:
    """The values of one task, with DuckDB's types. `given`: by input, the task and the output that it is."""
    types = {**state.parameter_types, **OWN_TYPES}
    for name, (giver, output) in given.items():
        types[name] = outputs_of(giver)[output].upper()
    return types | _types_of_items(state, task)


def _types_of_items(state: Compilation, task: DeclaredTask) -> dict[str, str]:
    each = task.spec.for_each
    if each is None:
        return {}
    if each.items is not None:
        return {"item": inferred_type(each.items[0]).upper() if each.items else "VARCHAR"}
    asset = state.names.resolve(each.asset or "", task.address.pipeline)
    columns = {} if asset is None else {column.name: column.type for column in state.columns.get(asset, ())}
    return {f"item_{name.lower()}": columns.get(name) or "VARCHAR" for name in each.columns}


def names_used(state: Compilation, task: DeclaredTask) -> Iterator[tuple[tuple[str | int, ...], str, int, int]]:
    """Every `$name` in the texts and the SQL of its kind: the keys of the text, the name, and where it stands in it."""
    for key, value in task.spec.texts().items():
        yield from _names_below((key,), value)
    found = state.loaded.project.settings.connection.named(getattr(task.spec, "connection", None) or "")
    # The SQL is that of its database; of a connection that is told to be unknown nobody knows how to read it.
    text = None if found is None else SQL_TEXTS.get(found[0])
    if text is not None:
        for keys, statement in task.spec.statements().items():
            for named in parameters_in(statement, text):
                yield keys, named.name.lower(), named.start, named.end


def names_in_scripts(task: DeclaredTask) -> set[str]:
    """Names in the texts of other languages that may stand for values."""
    return {named.name.lower() for text in task.spec.scripts().values() for named in names_in(text)}


def _names_below(keys: tuple[str | int, ...], value: Any) -> Iterator[tuple[tuple[str | int, ...], str, int, int]]:
    if isinstance(value, str):
        for named in names_in(value):
            yield keys, named.name.lower(), named.start, named.end
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _names_below((*keys, key), item)
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from _names_below((*keys, number), item)


def judge_names(state: Compilation, task: DeclaredTask, types: Mapping[str, str]) -> Iterator[Diagnostic]:
    """VP308 for every `$name` of its texts that stands for nothing."""
    for keys, name, start, end in names_used(state, task):
        if name not in types and not state.loaded.may_declare(name):
            yield unknown_value(name, types, state.loaded.locator.inside(task.origin, *keys, start=start, end=end))


def unknown_value(name: str, types: Mapping[str, str], place: Place) -> Diagnostic:
    """VP308 with the nearest of `types`."""
    match = nearest(name, types)
    known = ", ".join(f"`${each}`" for each in types)
    return Diagnostic(
        "VP308",
        f"`${name}` stands for nothing: no input, variable or value of the run has that name."
        f"{did_you_mean(name, types)}",
        place,
        fix=Fix(
            f"Replace it by `${match}`." if match else f"Known are {known}. `$$` is a plain dollar sign.",
            (TextEdit(place, f"${match}"),) if match else (),
        ),
    )
