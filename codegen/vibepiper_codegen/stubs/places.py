"""Where in the package each asset's stubs are, and what their classes are called."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from vibepiper_codegen.stubs.names import Names, class_name, module_name
from vibepiper_codegen.stubs.text import without_strings
from vibepiper_interpreter.compile.compiled import CompiledAsset
from vibepiper_spec.address import Address

# Modules of the package that are no pipeline's.
_OWN = frozenset({"connections", "context", "signatures"})


@dataclass(frozen=True, slots=True)
class StubPlaces:
    """The places of all assets. Names hang on no more than the names of the project's assets."""

    package: str
    assets: Mapping[Address, CompiledAsset]
    folders: Mapping[str, str]  # by pipeline
    modules: Mapping[Address, str]
    classes: Mapping[Address, str]
    aliases: Mapping[Address, str]

    @classmethod
    def of(cls, package: str, assets: Mapping[Address, CompiledAsset]) -> StubPlaces:
        folder_names = Names(_OWN)
        folders = {name: folder_names.give(module_name(name)) for name in sorted({each.pipeline for each in assets})}
        modules, classes, aliases = {}, {}, {}
        given: dict[str, tuple[Names, Names]] = {}
        alias_names = Names()
        for address in sorted(assets):
            files, types = given.setdefault(address.pipeline, (Names(), Names()))
            modules[address] = files.give(module_name(address.name))
            classes[address] = types.give(class_name(address.name)).replace("_", "")
            aliases[address] = alias_names.give(f"{folders[address.pipeline]}_{modules[address]}")
        return cls(package, assets, folders, modules, classes, aliases)

    def class_of(self, address: Address) -> str:
        """What the names of the asset's classes begin with."""
        return self.classes[address]

    def file_of(self, address: Address) -> str:
        """Below the package's folder."""
        return f"{self.folders[address.pipeline]}/{self.modules[address]}.py"

    def module_of(self, address: Address) -> str:
        """As it is imported."""
        return f"{self.package}.{self.folders[address.pipeline]}.{self.modules[address]}"

    def name_in(self, address: Address, reader: Address, name: str) -> str:
        """How the module of `reader` says the class `name` of the asset at `address`; see `imports`."""
        return name if address == reader else f"{self.aliases[address]}.{name}"

    def imports(self, text: str, own: Address | None) -> str:
        """The imports of other assets' modules, and of the context, that `text` says by `name_in`."""
        words = set(re.findall(r"\w+", without_strings(text)))
        contexts = [name for name in ("Context", "IntervalContext", "PartitionContext") if name in words]
        lines = ["from vibepiper.frames.tables import Returned\n"] if "Returned" in words else []
        lines += [f"from {self.package}.context import {', '.join(contexts)}\n"] if contexts else []
        for address, alias in self.aliases.items():
            if alias in words and address != own:
                folder = f"{self.package}.{self.folders[address.pipeline]}"
                lines.append(f"from {folder} import {self.modules[address]} as {alias}\n")
        return "".join(lines)
