"""Types of rows: pydantic models, typed dictionaries, dataclasses; and the literals that their columns may hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from vibepiper_codegen.stubs.names import Names, class_name, field_name
from vibepiper_codegen.stubs.python_types import has_twin, value_type
from vibepiper_codegen.stubs.tables import StubColumn, StubTable
from vibepiper_codegen.stubs.text import docstring, literal, literals
from vibepiper_interpreter.engines.duckdb.type_names import DataType
from vibepiper_spec.model.codegen import StubFlavour

# What the name of each kind of row ends in.
ROW_SUFFIXES: Mapping[StubFlavour, str] = {"pydantic": "Model", "typeddict": "Dict", "dataclass": "Record"}


@dataclass(slots=True)
class TableNames:
    """What the rows of a table are called, as far as they are written."""

    table: StubTable
    rows: Mapping[StubFlavour, str] = field(default_factory=dict)
    # The name of the alias for the only values of a column, by the column.
    literals: dict[str, str] = field(default_factory=dict)
    # The type of a value of a column, as dictionaries of rows have it.
    values: dict[str, str] = field(default_factory=dict)


def literal_aliases(table: TableNames, names: Names) -> str:
    """`OrdersStatus: TypeAlias = Literal["new", "paid"]` for each column with accepted values."""
    text = ""
    for column in table.table.columns:
        if column.values:
            name = names.give(f"{table.table.name}{class_name(column.name)}")
            table.literals[column.name] = name
            text += f"{name}: TypeAlias = {literals(column.values)}\n"
    return text


def row_class(table: TableNames, flavour: StubFlavour, names: Names) -> str:
    """The class of a row, after those of the structs in it."""
    writer = _Writer(table, flavour, names)
    fields = writer.write(table.rows[flavour], table.table.name, table.table.columns, f"A row of {table.table.label}.")
    if flavour == "typeddict":
        table.values |= {column.name: kind for _, kind, column in fields}
    return "\n\n".join(writer.classes)


def row_name(table: StubTable, flavour: StubFlavour) -> str:
    return f"{table.name}{ROW_SUFFIXES[flavour]}"


_Fields = list[tuple[str, str, StubColumn]]


@dataclass(slots=True)
class _Writer:
    table: TableNames
    flavour: StubFlavour
    names: Names
    classes: list[str] = field(default_factory=list)

    def write(self, full: str, prefix: str, columns: tuple[StubColumn, ...], label: str) -> _Fields:
        """Write the class `full`, and before it all it needs, whose names begin with `prefix`."""
        names = Names()
        fields = [(names.give(field_name(each.name)), self._type(prefix, each), each) for each in columns]
        match self.flavour:
            case "pydantic":
                self.classes.append(_model(full, fields, label))
            case "dataclass":
                self.classes.append(_record(full, fields, label))
            case _:
                self.classes.append(_dictionary(full, fields, label))
        return fields

    def _type(self, owner: str, column: StubColumn) -> str:
        if column.name in self.table.literals:
            return f"{self.table.literals[column.name]}{' | None' if column.nullable else ''}"

        def struct(kind: DataType, path: tuple[str, ...]) -> str:
            fields = tuple(StubColumn(*each) for each in zip(kind.labels, kind.children, strict=True))
            prefix = f"{owner}{''.join(map(class_name, path))}"
            full = self.names.give(f"{prefix}{ROW_SUFFIXES[self.flavour]}")
            self.write(full, prefix, fields, f"`{'.'.join(path)}` of a row.")
            return full

        return value_type(
            column.type, struct, (column.name,), nullable=column.nullable, maps=self.flavour != "typeddict"
        )


_MODEL_SETTINGS = 'frozen=True, extra="forbid", validate_by_name=True, validate_by_alias=True'


def _model(name: str, fields: _Fields, label: str) -> str:
    text = f"class {name}(BaseModel):\n{docstring(label, '    ')}\n"
    text += (
        '    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True, validate_by_alias=True)\n'
    )
    text += "\n" if fields else ""
    for attribute, kind, column in fields:
        default = "" if attribute == column.name else f" = Field(alias={literal(column.name)})"
        text += f"    {attribute}: {kind}{default}\n{_description(column)}"
    return text


def _record(name: str, fields: _Fields, label: str) -> str:
    text = f"@dataclass(frozen=True, slots=True, kw_only=True)\nclass {name}:\n{docstring(label, '    ')}"
    text += "\n" if fields else ""
    for attribute, kind, column in fields:
        if attribute != column.name:
            kind = f"Annotated[{kind}, Field(alias={literal(column.name)})]"
        text += f"    {attribute}: {kind}\n{_description(column)}"
    return text


def _dictionary(name: str, fields: _Fields, label: str) -> str:
    """Keys are the columns' own names; where one is no name for Python, the class is written as a call."""
    if any(attribute != column.name for attribute, _, column in fields):
        entries = "".join(f"        {literal(column.name)}: {kind},\n" for _, kind, column in fields)
        return f"# {label}\n{name} = TypedDict(\n    {name!r},\n    {{\n{entries}    }},\n)\n"
    text = f"class {name}(TypedDict):\n{docstring(label, '    ')}"
    text += "\n" if fields else ""
    for attribute, kind, column in fields:
        text += f"    {attribute}: {kind}\n{_description(column)}"
    return text


def _description(column: StubColumn) -> str:
    said = column.description
    if not has_twin(column.type):
        missing = "unknown until it runs" if column.type.name == "UNKNOWN" else f"{column.type}, which Python has not"
        said = f"{said} (Its type is {missing}.)".strip()
    return docstring(said, "    ")
