"""What a Python asset's function has to look like: a protocol, and the line that holds the function to it."""

from __future__ import annotations

from collections.abc import Iterable

from vibepiper_codegen.stubs.frames import frame_name_of
from vibepiper_codegen.stubs.names import class_name
from vibepiper_codegen.stubs.places import StubPlaces
from vibepiper_codegen.stubs.text import docstring
from vibepiper_interpreter.compile.compiled import CompiledAsset, Parameter, PythonDefinition
from vibepiper_interpreter.compile.stub_names import FRAME_SUFFIXES


def function_protocol(asset: CompiledAsset, definition: PythonDefinition, places: StubPlaces) -> str:
    """`class SeasonsFunction(Protocol)`, whose call has the parameters of the function."""
    parameters = [f"{each.name}: {parameter_type(each, asset, places)}" for each in definition.parameters]
    arguments = ", ".join(["self", *(["*", *parameters] if parameters else [])])
    said = docstring(f"What `{definition.module}:{definition.function}` is called as, and gives.", "    ")
    return f"class {function_name(asset, places)}(Protocol):\n{said}\n    def __call__({arguments}) -> Returned: ...\n"


def function_name(asset: CompiledAsset, places: StubPlaces) -> str:
    return f"{places.class_of(asset.address)}Function"


def parameter_type(parameter: Parameter, asset: CompiledAsset, places: StubPlaces) -> str:
    """The type of what the function is given, as the asset's own module says it."""
    if parameter.address is None:
        return context_type(asset)
    if parameter.address not in places.assets or parameter.flavour not in FRAME_SUFFIXES:
        return "Any"
    if parameter.columns is not None:
        return frame_name_of(narrowed_name(places.class_of(asset.address), parameter.name), parameter.flavour)
    name = frame_name_of(places.class_of(parameter.address), parameter.flavour)
    return places.name_in(parameter.address, asset.address, name)


def narrowed_name(asset_class: str, parameter: str) -> str:
    """What begins the names of the classes for the columns of an input that one function sees."""
    return f"{asset_class}{class_name(parameter)}"


def context_type(asset: CompiledAsset) -> str:
    """A function that builds intervals knows that there is one."""
    match asset.build:
        case "interval":
            return "IntervalContext"
        case "partition":
            return "PartitionContext"
    return "Context"


def signatures(assets: Iterable[CompiledAsset], places: StubPlaces) -> str:
    """The module that holds each function to its protocol; empty where there is none."""
    brought, checked = "", ""
    for asset in assets:
        if isinstance(asset.definition, PythonDefinition):
            alias = places.aliases[asset.address]
            protocol = f"{alias}.{function_name(asset, places)}"
            brought += f"    from {asset.definition.module} import {asset.definition.function} as {alias}_function\n"
            checked += f"    {alias}_held: {protocol} = {alias}_function\n"
    if not checked:
        return ""
    more = "".join(f"    {line}\n" for line in places.imports(checked, None).splitlines())
    said = docstring("The functions of the project, held to what they are called as. A mistake here is one of theirs.")
    return (
        f"{said}\nfrom __future__ import annotations\n\nfrom typing import TYPE_CHECKING\n\n"
        f"if TYPE_CHECKING:\n{brought}{more}\n{checked}"
    )
