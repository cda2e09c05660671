"""The whole package as texts by path, from the compiled project."""

from __future__ import annotations

from collections.abc import Mapping

from vibepiper_codegen.stubs.asset_module import asset_module
from vibepiper_codegen.stubs.functions import signatures
from vibepiper_codegen.stubs.places import StubPlaces
from vibepiper_codegen.stubs.surroundings import connections_module, context_module
from vibepiper_codegen.stubs.text import docstring
from vibepiper_interpreter.compile.compiled import CompiledProject
from vibepiper_spec.model.settings import ProjectSettings


def stub_package(project: CompiledProject, settings: ProjectSettings) -> Mapping[str, str]:
    """The text of each file, by its path below the package's folder; the same for the same project, always."""
    places = StubPlaces.of(settings.codegen.package, project.assets)
    texts = {
        "__init__.py": docstring(f"The tables of `{project.name}`, typed."),
        "context.py": context_module(settings),
        "connections.py": connections_module(settings),
        "signatures.py": signatures((project.assets[address] for address in sorted(project.assets)), places),
    }
    for pipeline, folder in places.folders.items():
        texts[f"{folder}/__init__.py"] = docstring(f"The tables of the pipeline `{pipeline}`.")
    for address, asset in project.assets.items():
        texts[places.file_of(address)] = asset_module(asset, places, settings.codegen.flavours)
    return {path: text for path, text in sorted(texts.items()) if text}
