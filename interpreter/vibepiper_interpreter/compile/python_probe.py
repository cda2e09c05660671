"""Checks that the modules of Python assets and tasks really import, and hold the functions that are named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from vibepiper_interpreter.compile.compilation import Compilation, Workshop
from vibepiper_interpreter.compile.compiled import PythonDefinition
from vibepiper_interpreter.compile.python_imports import Failure, does_not_import
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic, Fix, Place, did_you_mean
from vibepiper_spec.load.origin import Origin


def probe_imports(state: Compilation, workshop: Workshop) -> tuple[Compilation, list[Diagnostic]]:
    """VP401 and VP402 for what only shows when a module is really imported."""
    if workshop.offline_python:
        return state, []
    functions = _functions(state)
    wanted: dict[str, list[Address]] = {}
    for address, (definition, _) in functions.items():
        wanted.setdefault(definition.module, []).append(address)
    results = workshop.imports.of(list(wanted))
    diagnostics = []
    unknown = set(state.unknown)
    locator = state.loaded.locator
    stubs = state.loaded.project.settings.codegen.package
    for module, addresses in wanted.items():
        result = results[module]
        if isinstance(result, Failure):
            place = locator.place(functions[addresses[0]][1], "function")
            diagnostics.append(does_not_import(workshop.python, module, result, place, stubs))
            unknown.update(addresses)
            continue
        for address in addresses:
            definition, origin = functions[address]
            if definition.function not in result.functions:
                place = locator.place(origin, "function")
                diagnostics.append(_not_callable(module, definition.function, result.functions, place))
                unknown.add(address)
    return replace(state, unknown=frozenset(unknown)), diagnostics


def _functions(state: Compilation) -> dict[Address, tuple[PythonDefinition, Origin]]:
    """The functions of assets and tasks, with the blocks that name them."""
    found = {address: (each.definition, state.declared[address].origin) for address, each in state.python.items()}
    origins = {task.address: task.origin for task in state.loaded.project.tasks}
    return found | {address: (each.definition, origins[address]) for address, each in state.task_functions.items()}


def _not_callable(module: str, function: str, functions: Sequence[str], place: Place) -> Diagnostic:
    return Diagnostic(
        "VP402",
        f"After importing, `{module}` has no function `{function}`.{did_you_mean(function, functions)}",
        place,
        fix=Fix("Look whether something at the end of the module deletes or replaces it."),
    )
