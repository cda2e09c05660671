"""Which Python type a value of a column has, as it comes out of each kind of table."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from vibepiper_interpreter.engines.duckdb.type_names import DataType

# The name of the class for the struct of a column, given its type and the path of names that leads to it.
StructClass = Callable[[DataType, tuple[str, ...]], str]

_VALUES: Mapping[str, str] = {
    "BOOLEAN": "bool",
    **dict.fromkeys(
        ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"), "int"
    ),
    "FLOAT": "float",
    "DOUBLE": "float",
    "DECIMAL": "Decimal",
    "VARCHAR": "str",
    "JSON": "str",
    "UUID": "str",
    "BLOB": "bytes",
    "DATE": "datetime.date",
    "TIME": "datetime.time",
    **dict.fromkeys(
        ("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE"), "datetime.datetime"
    ),
}
# What a pandas series of such a column holds. Its stubs know no series of decimals.
_PANDAS: Mapping[str, str] = {
    **{name: value for name, value in _VALUES.items() if value in ("bool", "int", "float", "str", "bytes")},
    "TIME": "datetime.time",
    **{name: "Timestamp" for name, value in _VALUES.items() if value in ("datetime.date", "datetime.datetime")},
}


def has_twin(kind: DataType) -> bool:
    """Whether Python has a type for it; what has none is `Any`."""
    return kind.name in _VALUES or kind.name in ("LIST", "ARRAY", "STRUCT", "TUPLE", "MAP")


def value_type(kind: DataType, struct: StructClass, path: tuple[str, ...], *, nullable: bool, maps: bool = True) -> str:
    """Of one value: `BIGINT[]` → `list[int | None] | None`. What is inside another value may always be missing.

    `maps`: whether a map is a dictionary; Arrow and polars give it as a list of pairs, each in its own way.
    """
    match kind.name:
        case "LIST" | "ARRAY":
            name = f"list[{value_type(kind.children[0], struct, path, nullable=True, maps=maps)}]"
        case "MAP" if maps:
            key = value_type(kind.children[0], struct, (*path, "key"), nullable=False)
            name = f"dict[{key}, {value_type(kind.children[1], struct, (*path, 'value'), nullable=True)}]"
        case "STRUCT" if kind.labels:
            name = struct(kind, path)
        case _:
            name = _VALUES.get(kind.name, "Any")
    return f"{name} | None" if nullable and name != "Any" else name


def series_type(kind: DataType, *, nullable: bool) -> str:
    """Of a pandas series: whole numbers of which some are missing come as floats."""
    name = _PANDAS.get(kind.name, "Any")
    return "float" if name == "int" and nullable else name
