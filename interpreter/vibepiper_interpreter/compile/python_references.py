"""What a Python asset reads: the assets its function's parameters name, and how it wants each of them."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from vibepiper_interpreter.compile.compiled import Flavour, Parameter, PythonDefinition
from vibepiper_interpreter.compile.declaring import undecorated
from vibepiper_interpreter.compile.names import AssetNames
from vibepiper_interpreter.compile.python_annotations import FLAVOUR_NAMES, flavour_of, returned_flavour
from vibepiper_interpreter.compile.python_source import Function, PythonModule, PythonSources
from vibepiper_spec.diagnostics import Diagnostic, Fix, Place, Range, Related, did_you_mean
from vibepiper_spec.load.loaded import DeclaredAsset
from vibepiper_spec.load.locator import Locator
from vibepiper_spec.model.python_asset import InputSpec, PythonAsset

CONTEXT = "context"


@dataclass(frozen=True, slots=True)
class PythonReferences:
    """A Python asset's definition as far as its text tells, and where each of its inputs is named."""

    definition: PythonDefinition
    # Where the function is really defined: an asset may name one that its module only imports.
    module: str
    function: str
    places: Mapping[str, Place]  # by parameter


def find_references(
    declared: DeclaredAsset, sources: PythonSources, names: AssetNames, locator: Locator, stubs: str
) -> tuple[PythonReferences | None, list[Diagnostic]]:
    """The references of one Python asset; None where its function cannot be found. `stubs` is the package of stubs."""
    assert isinstance(declared.spec, PythonAsset)
    module_name, _, function_name = declared.spec.function.partition(":")
    place = locator.place(declared.origin, "function")
    found = find_function(sources, module_name, function_name)
    if found is None:
        return None, [function_not_found(sources, module_name, function_name, place)]
    module, function = found
    reading = _Parameters(declared, declared.spec, module, function, names, locator, stubs)
    parameters = tuple(reading.read())
    reading.unused_inputs()
    reading.never_awaited()
    definition = PythonDefinition(
        module_name, function_name, parameters, returns_dataset=returned_flavour(module, function, stubs) == "ray"
    )
    return PythonReferences(definition, module.name, function.name, reading.places), reading.diagnostics


def find_function(
    sources: PythonSources, module_name: str, name: str, depth: int = 10
) -> tuple[PythonModule, Function] | None:
    """The `def` behind `module:name`, through imports from the project's own modules."""
    module = sources.module(module_name)
    if module is None or depth == 0:
        return None
    for statement in reversed(module.bindings.get(name, ())):
        if isinstance(statement, Function):
            return module, statement
    for imported in module.imports.get(name, ()):
        found = find_function(sources, imported.module, imported.attribute or "", depth - 1)
        if found:
            return found
    return None


def function_not_found(
    sources: PythonSources, module_name: str, name: str, place: Place, caller: str = "asset"
) -> Diagnostic:
    """VP401 or VP402 for `module:name`, which `caller`, an asset or a task, names at `place`."""
    module, syntax_error = sources.module(module_name), sources.syntax_error(module_name)
    if syntax_error is not None:
        line = syntax_error.lineno or 1
        column = max(syntax_error.offset or 1, 1)
        return Diagnostic(
            "VP401",
            f"The module `{module_name}` is not valid Python: {syntax_error.msg}.",
            Place(syntax_error.filename or module_name, Range.at(line, column)),
            related=(Related(place, f"this {caller} needs it"),),
        )
    if module is None:
        guess = did_you_mean(module_name, sources.names())
        path = module_name.replace(".", "/")
        return Diagnostic(
            "VP401",
            f"There is no module `{module_name}` in the project.{guess}",
            place,
            fix=Fix(f"Write it into `{path}.py`, or into `src/{path}.py`."),
        )
    functions = [key for key, bound in module.bindings.items() if isinstance(bound[-1], Function)]
    defined = f"`{module.path}` defines {', '.join(f'`{key}`' for key in functions[:8])}." if functions else ""
    return Diagnostic(
        "VP402",
        f"The module `{module_name}` defines no function `{name}`.{did_you_mean(name, functions)}",
        place,
        fix=Fix(defined or f"Write `def {name}(…):` into `{module.path}`."),
    )


class _Parameters:
    """Reads the parameters of one function, collecting what is wrong with them."""

    def __init__(
        self,
        declared: DeclaredAsset,
        spec: PythonAsset,
        module: PythonModule,
        function: Function,
        names: AssetNames,
        locator: Locator,
        stubs: str,
    ) -> None:
        self.places: dict[str, Place] = {}
        self.diagnostics: list[Diagnostic] = []
        self._declared, self._spec, self._module, self._function = declared, spec, module, function
        self._names, self._locator, self._stubs = names, locator, stubs

    def read(self) -> Iterator[Parameter]:
        arguments = self._function.args
        for parameter in arguments.posonlyargs:
            self._tell(
                "VP403",
                f"The parameter `{parameter.arg}` can only be given by position, but inputs are given by name.",
                self._module.place(parameter),
                "Remove the `/` from the parameters.",
            )
        for stars, collecting in (("*", arguments.vararg), ("**", arguments.kwarg)):
            if collecting is not None:
                self._tell(
                    "VP403",
                    f"The parameter `{stars}{collecting.arg}` names no asset: what a function reads is told from the "
                    "names of its parameters, so nothing would ever be in it.",
                    self._module.place(collecting),
                    "Give each input a parameter of its own.",
                )
        named = [*arguments.args, *arguments.kwonlyargs]
        first_default = len(arguments.args) - len(arguments.defaults)
        for index, parameter in enumerate(named):
            optional = (
                index >= first_default
                if index < len(arguments.args)
                else arguments.kw_defaults[index - len(arguments.args)] is not None
            )
            found = self._parameter(parameter, optional)
            if found is not None:
                yield found

    def unused_inputs(self) -> None:
        arguments = self._function.args
        known = [parameter.arg for parameter in (*arguments.args, *arguments.kwonlyargs)]
        for name in self._spec.inputs:
            if name not in known:
                self._tell(
                    "VP403",
                    f"`{self._spec.function}` has no parameter `{name}`.{did_you_mean(name, known)}",
                    self._locator.place(self._declared.origin, "inputs", name, part="key"),
                    f"Its parameters are {', '.join(f'`{item}`' for item in known)}."
                    if known
                    else "Its function takes no parameters.",
                )

    def never_awaited(self) -> None:
        """What a decorator makes of an `async def` nobody knows."""
        bare = undecorated(self._module, self._function)
        if isinstance(bare, ast.AsyncFunctionDef) and not bare.decorator_list:
            self._tell(
                "VP404",
                f"`{self._spec.function}` is an `async def`: calling it gives a coroutine, which nobody awaits, and no "
                "table.",
                self._module.place(self._function),
                "Write a plain `def`; in it, `asyncio.run(…)` waits for what is asynchronous.",
                Related(self._locator.place(self._declared.origin, "function"), "the asset that calls this function"),
            )

    def _parameter(self, parameter: ast.arg, optional: bool) -> Parameter | None:
        name = parameter.arg
        given = self._spec.inputs.get(name)
        if name == CONTEXT and given is None:
            return Parameter(name, None, "context")
        place = self._module.place(parameter)
        written = given.asset if given is not None and given.asset else name
        address = self._names.resolve(written, self._declared.address.pipeline)
        if address is None:
            if given is None and optional:
                return None  # its default is meant
            self._unknown(name, written, given, place)
            return None
        if address == self._declared.address and not self._spec.build.sees_itself:
            self._tell(
                "VP403",
                f"The parameter `{name}` names the asset `{address}` itself, which is only there once it was built.",
                place,
                f'Say in `inputs` which asset is meant: `inputs = {{ {name} = "other_asset" }}`. To go on from its own '
                'earlier rows, build it by interval: `build = { mode = "interval", … }`.',
            )
            return None
        self.places[name] = place
        return Parameter(name, address, self._flavour(parameter), given.columns if given is not None else None)

    def _unknown(self, name: str, written: str, given: InputSpec | None, place: Place) -> None:
        if given is not None and given.asset:
            in_spec = self._locator.place(self._declared.origin, "inputs", name)
            self.diagnostics.append(self._names.unknown(written, self._declared.address.pipeline, in_spec))
            return
        near = self._names.nearest(written, self._declared.address.pipeline)
        guess = f" Did you mean `{near}`?" if near else ""
        self._tell(
            "VP403",
            f"The parameter `{name}` of `{self._spec.function}` names no asset of the pipeline "
            f"`{self._declared.address.pipeline}`.{guess}",
            place,
            f'Name the parameter like an asset, or say which one is meant: `inputs = {{ {name} = "pipeline.asset" }}`.',
            Related(self._locator.place(self._declared.origin, "function"), "the asset that calls this function"),
        )

    def _flavour(self, parameter: ast.arg) -> Flavour:
        if parameter.annotation is None:
            return "pandas"
        found = flavour_of(self._module, parameter.annotation, self._stubs)
        if found is None:
            self._tell(
                "VP408",
                f"The parameter `{parameter.arg}` is annotated `{ast.unparse(parameter.annotation)}`, which is no kind "
                "of table that an input can be given as.",
                self._module.place(parameter.annotation),
                f"Use one of {', '.join(f'`{name}`' for name in FLAVOUR_NAMES)}; without an annotation it is a pandas "
                "frame.",
            )
            return "pandas"
        return found

    def _tell(self, code: str, detail: str, place: Place, fix: str, *related: Related) -> None:
        self.diagnostics.append(Diagnostic(code, detail, place, related=related, fix=Fix(fix)))
