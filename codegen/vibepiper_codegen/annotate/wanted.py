"""Which annotations the functions of Python assets lack, and which contradict what the functions are given."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from vibepiper_codegen.stubs.frames import FRAMES, frame_name_of
from vibepiper_codegen.stubs.functions import context_type, narrowed_name
from vibepiper_codegen.stubs.places import StubPlaces
from vibepiper_interpreter.compile.compiled import CompiledAsset, CompiledProject, Flavour, Parameter, PythonDefinition
from vibepiper_interpreter.compile.python_annotations import full_names
from vibepiper_interpreter.compile.python_references import find_function
from vibepiper_interpreter.compile.python_source import Function, PythonModule, PythonSources
from vibepiper_interpreter.compile.stub_names import flavour_of_stub
from vibepiper_spec.diagnostics import Diagnostic, Fix
from vibepiper_spec.model.codegen import Codegen

# Right for everything that a Python asset may return.
RETURNED = ("vibepiper.frames.tables", "Returned")

# A class as it is imported: module and name.
StubClass = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a function lacks: annotations of parameters by name, and whether its result has none."""

    function: str
    line: int
    parameters: Mapping[str, StubClass]
    result: StubClass | None

    @property
    def none(self) -> bool:
        return not self.parameters and self.result is None


@dataclass(slots=True)
class WantedInFiles:
    """By path of the file, relative to the project."""

    files: dict[str, list[Wanted]] = field(default_factory=dict)
    modules: dict[str, PythonModule] = field(default_factory=dict)
    diagnostics: list[Diagnostic] = field(default_factory=list)


def wanted_annotations(project: CompiledProject, sources: PythonSources, codegen: Codegen) -> WantedInFiles:
    """What all functions lack. What is annotated is kept; VP411 where it is the table of another asset."""
    places = StubPlaces.of(codegen.package, project.assets)
    found = WantedInFiles()
    functions: dict[tuple[str, int], list[tuple[PythonModule, Function, CompiledAsset]]] = {}
    for asset in project.assets.values():
        if isinstance(asset.definition, PythonDefinition):
            there = find_function(sources, asset.definition.module, asset.definition.function)
            if there is not None:
                module, function = there
                functions.setdefault((module.path, function.lineno), []).append((module, function, asset))
    for (path, _), users in sorted(functions.items(), key=lambda item: item[0]):
        module, function, _ = users[0]
        reading = _Reading(module, function, [asset for _, _, asset in users], places, codegen)
        wanted = reading.wanted()
        found.diagnostics += reading.diagnostics
        if not wanted.none:
            found.files.setdefault(path, []).append(wanted)
            found.modules[path] = module
    return found


@dataclass(slots=True)
class _Reading:
    """One function, and the assets that call it."""

    module: PythonModule
    function: Function
    assets: list[CompiledAsset]
    places: StubPlaces
    codegen: Codegen
    diagnostics: list[Diagnostic] = field(default_factory=list)

    def wanted(self) -> Wanted:
        arguments = self.function.args
        lacking: dict[str, StubClass] = {}
        for argument in (*arguments.args, *arguments.kwonlyargs):
            classes = {self._class_of(asset, argument.arg) for asset in self.assets}
            given = classes.pop()
            if classes or given is None:
                continue  # called for several assets with different tables, or of no type that there is
            if argument.annotation is None or self._is_gone(argument.annotation):
                lacking[argument.arg] = given
            else:
                self._judge(argument.arg, argument.annotation, given)
        result = RETURNED if self.function.returns is None else None
        return Wanted(self.function.name, self.function.lineno, lacking, result)

    def _class_of(self, asset: CompiledAsset, name: str) -> StubClass | None:
        assert isinstance(asset.definition, PythonDefinition)
        parameter = next((each for each in asset.definition.parameters if each.name == name), None)
        if parameter is None:
            return None
        if parameter.address is None:
            return f"{self.codegen.package}.context", context_type(asset)
        if parameter.address not in self.places.assets or parameter.flavour not in self._flavours():
            return None
        return self._table_of(asset, parameter)

    def _table_of(self, asset: CompiledAsset, parameter: Parameter) -> StubClass:
        assert parameter.address is not None
        if parameter.columns is not None:
            own = narrowed_name(self.places.class_of(asset.address), parameter.name)
            return self.places.module_of(asset.address), frame_name_of(own, parameter.flavour)
        name = frame_name_of(self.places.class_of(parameter.address), parameter.flavour)
        return self.places.module_of(parameter.address), name

    def _flavours(self) -> Iterable[Flavour]:
        return [frame for each in self.codegen.flavours for frame in FRAMES.get(each, ())]

    def _stub_named_by(self, annotation: ast.expr) -> StubClass | None:
        for name in sorted(full_names(self.module, annotation)):
            if flavour_of_stub(name, self.codegen.package) is not None:
                module, _, own = name.rpartition(".")
                return module, own
        return None

    def _is_gone(self, annotation: ast.expr) -> bool:
        """Whether it names a table that the stubs had once: its asset was renamed or removed."""
        named = self._stub_named_by(annotation)
        return named is not None and named[0] not in {self.places.module_of(each) for each in self.places.assets}

    def _judge(self, parameter: str, annotation: ast.expr, given: StubClass) -> None:
        named = self._stub_named_by(annotation)
        if named is None or named == given:
            return
        self.diagnostics.append(
            Diagnostic(
                "VP411",
                f"The parameter `{parameter}` of `{self.function.name}` is annotated `{'.'.join(named)}`, and what the "
                f"function is given is `{'.'.join(given)}`.",
                self.module.place(annotation),
                severity="warning",
                fix=Fix(f"Annotate it `{given[1]}`, or name in `inputs` the asset that is meant."),
            )
        )
