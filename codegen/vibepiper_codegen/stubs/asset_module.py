"""The module of one asset: the names of its columns, its rows, its tables, and for a Python asset its function."""

from __future__ import annotations

from collections.abc import Sequence

from vibepiper_codegen.stubs.frames import FRAMES, frame_class, frame_imports, frame_name, plain_classes
from vibepiper_codegen.stubs.functions import function_protocol, narrowed_name
from vibepiper_codegen.stubs.names import Names, field_name
from vibepiper_codegen.stubs.places import StubPlaces
from vibepiper_codegen.stubs.rows import TableNames, literal_aliases, row_class, row_name
from vibepiper_codegen.stubs.tables import StubTable, stub_columns
from vibepiper_codegen.stubs.text import docstring, imports, literal, literals
from vibepiper_interpreter.compile.compiled import CompiledAsset, Flavour, Parameter, PythonDefinition
from vibepiper_spec.model.codegen import StubFlavour


def asset_module(asset: CompiledAsset, places: StubPlaces, flavours: Sequence[StubFlavour]) -> str:
    """The text of the module, without its head."""
    tables = [_Table(StubTable(places.class_of(asset.address), f"`{asset.address}`", stub_columns(asset)), flavours)]
    function = ""
    if isinstance(asset.definition, PythonDefinition):
        tables += [seen for each in asset.definition.parameters if (seen := _narrowed(each, asset, places, flavours))]
        function = function_protocol(asset, asset.definition, places)
    names = Names(_BROUGHT)
    for table in tables:
        table.reserve(names)
    code, checked = "", ""
    plain: dict[str, str] = {}
    for table in tables:
        code += table.rows(names)
        checked += table.frames()
        plain |= plain_classes(table.table, table.asked)
    checked += function
    if checked:
        brought = places.imports(checked, asset.address) + frame_imports(checked)
        lines = f"{brought}\n{checked}".splitlines()
        code += "\n\nif TYPE_CHECKING:\n" + "\n".join(f"    {line}" if line else "" for line in lines) + "\n"
    if plain:
        classes = "".join(f"            {name!r}: {full!r},\n" for name, full in plain.items())
        code += (
            "\n\nif not TYPE_CHECKING:\n    from vibepiper.frames import plain\n\n"
            f"    __getattr__ = plain(\n        {{\n{classes}        }}\n    )\n"
        )
    said = docstring(" ".join(filter(None, (f"`{asset.address}`.", asset.description))))
    return f"{said}\nfrom __future__ import annotations\n\n{imports(code)}\n{code}"


# What a module may import beside what its own tables are called.
_BROUGHT = frozenset({"Context", "IntervalContext", "PartitionContext", "Returned"})


class _Table:
    """A table in its module."""

    def __init__(self, table: StubTable, flavours: Sequence[StubFlavour]) -> None:
        self.table = table
        self.asked: tuple[Flavour, ...] = tuple(frame for each in flavours for frame in FRAMES.get(each, ()))
        self._rows = [each for each in flavours if each not in FRAMES]
        if any(frame != "pandas" for frame in self.asked) and "typeddict" not in self._rows:
            self._rows.append("typeddict")  # the rows of such tables
        self._names = self._columns = ""
        self._written = TableNames(table)

    def reserve(self, names: Names) -> None:
        """Take the names by which people call what is in the module, before others do."""
        for frame in self.asked:
            names.give(frame_name(self.table, frame))
        self._names = names.give(f"{self.table.name}Name")
        self._columns = names.give(f"{self.table.name}Columns")
        self._written.rows = {each: names.give(row_name(self.table, each)) for each in self._rows}

    def rows(self, names: Names) -> str:
        """What is there for Python too."""
        columns = self.table.columns
        if not columns:
            return ""
        code = f"\n\n{self._names}: TypeAlias = {literals(each.name for each in columns)}\n"
        code += literal_aliases(self._written, names)
        code += f"\n\n{_names_of_columns(self._columns, self.table)}"
        return code + "".join(f"\n\n{row_class(self._written, each, names)}" for each in self._rows)

    def frames(self) -> str:
        """What only checkers see; after `rows`."""
        row = self._written.rows.get("typeddict", "Any")
        return "".join(f"{frame_class(self._written, frame, self._names, row)}\n" for frame in self.asked)


def _narrowed(
    parameter: Parameter, asset: CompiledAsset, places: StubPlaces, flavours: Sequence[StubFlavour]
) -> _Table | None:
    """The table of an input of which the function sees some columns only; None where it sees them all."""
    read = None if parameter.address is None else places.assets.get(parameter.address)
    if read is None or parameter.columns is None:
        return None
    wanted = {name.casefold() for name in parameter.columns}
    columns = tuple(each for each in stub_columns(read) if each.name.casefold() in wanted)
    label = f"what `{asset.address}` sees of `{parameter.address}`"
    asked = [each for each, frames in FRAMES.items() if parameter.flavour in frames and each not in flavours]
    table = StubTable(narrowed_name(places.class_of(asset.address), parameter.name), label, columns)
    return _Table(table, [*flavours, *asked])


def _names_of_columns(name: str, table: StubTable) -> str:
    names = Names()
    said = f"The names of the columns of {table.label}, for wherever one is written as text."
    text = f"class {name}:\n{docstring(said, '    ')}\n"
    for column in table.columns:
        text += f"    {names.give(field_name(column.name))}: Final = {literal(column.name)}\n"
        text += docstring(column.description, "    ")
    return text
