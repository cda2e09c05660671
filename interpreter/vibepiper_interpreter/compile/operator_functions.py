"""Pass: what the functions of Python tasks take: inputs, variables, assets, or the run's context."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace

from vibepiper_interpreter.compile.compilation import Compilation, Workshop
from vibepiper_interpreter.compile.compiled import Flavour, Parameter, PythonDefinition
from vibepiper_interpreter.compile.names import AssetNames
from vibepiper_interpreter.compile.python_annotations import FLAVOUR_NAMES, flavour_of
from vibepiper_interpreter.compile.python_references import CONTEXT, find_function, function_not_found
from vibepiper_interpreter.compile.python_source import Function, PythonModule
from vibepiper_spec.diagnostics import Diagnostic, Fix, Place, Related
from vibepiper_spec.load.loaded import DeclaredTask
from vibepiper_spec.model.task import OWN_VALUES
from vibepiper_spec.model.task_python import PythonTask


@dataclass(frozen=True, slots=True)
class FunctionOfTask:
    """The function of a Python task. `values` are the parameters that get the value of their name."""

    definition: PythonDefinition
    values: tuple[str, ...]
    # Where it is really defined.
    module: str
    function: str


def find_functions_of_tasks(state: Compilation, workshop: Workshop) -> tuple[Compilation, list[Diagnostic]]:
    """Fills `task_functions`."""
    names = AssetNames([*state.addresses, *state.loaded.broken])
    found, diagnostics = {}, []
    for task in state.loaded.project.tasks:
        if not isinstance(task.spec, PythonTask):
            continue
        reading = _Reading(state, workshop, task, names)
        if (function := reading.read()) is not None:
            found[task.address] = function
        diagnostics += reading.diagnostics
    return replace(state, task_functions=found), diagnostics


class _Reading:
    """Reads the parameters of one function, collecting what is wrong with them."""

    def __init__(self, state: Compilation, workshop: Workshop, task: DeclaredTask, names: AssetNames) -> None:
        self.diagnostics: list[Diagnostic] = []
        self._state, self._workshop, self._task, self._names = state, workshop, task, names

    def read(self) -> FunctionOfTask | None:
        assert isinstance(self._task.spec, PythonTask)
        written = self._task.spec.function
        module_name, _, function_name = written.partition(":")
        sources, place = self._workshop.python, self._state.loaded.locator.place(self._task.origin, "function")
        found = find_function(sources, module_name, function_name)
        if found is None:
            self.diagnostics.append(function_not_found(sources, module_name, function_name, place, "task"))
            return None
        module, function = found
        if isinstance(function, ast.AsyncFunctionDef) and not function.decorator_list:
            self._tell(
                "VP404",
                f"`{written}` is an `async def`: calling it gives a coroutine, which nobody awaits, so nothing would "
                "be done.",
                module.place(function),
                "Write a plain `def`; in it, `asyncio.run(…)` waits for what is asynchronous.",
            )
        values: list[str] = []
        tables = tuple(self._parameters(module, function, values))
        return FunctionOfTask(
            PythonDefinition(module_name, function_name, tables), tuple(values), module.name, function.name
        )

    def _parameters(self, module: PythonModule, function: Function, values: list[str]) -> Iterator[Parameter]:
        arguments = function.args
        spec = self._task.spec
        known = {*self._state.parameter_types, *OWN_VALUES, *(name.lower() for name in spec.inputs)}
        if spec.for_each is not None:
            known |= {"item", *(f"item_{column.lower()}" for column in spec.for_each.columns)}
        required = len(arguments.args) - len(arguments.defaults)
        optional = {each.arg for each in arguments.args[required:]}
        optional |= {
            each.arg
            for each, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
            if default is not None
        }
        for parameter in arguments.posonlyargs:
            self._tell(
                "VP403",
                f"The parameter `{parameter.arg}` can only be given by position, but values are given by name.",
                module.place(parameter),
                "Remove the `/` from the parameters.",
            )
        for parameter in (*arguments.args, *arguments.kwonlyargs):
            name = parameter.arg
            if name == CONTEXT:
                yield Parameter(name, None, "context")
            elif name.lower() in known:
                values.append(name)
            elif (address := self._names.resolve(name, self._task.address.pipeline)) is not None:
                yield Parameter(name, address, self._flavour(module, parameter))
            elif name not in optional:
                self._unknown(name, known, module.place(parameter))

    def _unknown(self, name: str, known: set[str], place: Place) -> None:
        near = self._names.nearest(name, self._task.address.pipeline)
        guess = f" Did you mean `{near}`?" if near else ""
        self._tell(
            "VP403",
            f"The parameter `{name}` is no input of the task, no variable and no asset of the pipeline "
            f"`{self._task.address.pipeline}`.{guess}",
            place,
            f'Add it to the task\'s `inputs`: `inputs.{name} = "task.output"`; or give the parameter a default.',
        )

    def _flavour(self, module: PythonModule, parameter: ast.arg) -> Flavour:
        if parameter.annotation is None:
            return "pandas"
        found = flavour_of(module, parameter.annotation, self._state.loaded.project.settings.codegen.package)
        if found is not None:
            return found
        self._tell(
            "VP408",
            f"The parameter `{parameter.arg}` is annotated `{ast.unparse(parameter.annotation)}`, which is no kind of "
            "table that an asset can be given as.",
            module.place(parameter.annotation),
            f"Use one of {', '.join(f'`{name}`' for name in FLAVOUR_NAMES)}; without one it is a pandas frame.",
        )
        return "pandas"

    def _tell(self, code: str, detail: str, place: Place, fix: str) -> None:
        caller = Related(self._state.loaded.locator.place(self._task.origin, "function"), "the task that calls it")
        self.diagnostics.append(Diagnostic(code, detail, place, related=(caller,), fix=Fix(fix)))
